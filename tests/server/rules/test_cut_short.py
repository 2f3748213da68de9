"""The rule on calls in a real store: when answers cut at the token limit alarm."""

from llmobs.server.alerts import run
from llmobs.server.rules import cut_short
from tests.server.rules.traffic import NOW, burst, healthy


def test_answers_cut_at_the_limit_alarm_for_their_model(store):
    cut = [*burst(5_000, 12, finish="length", model="a"), *burst(6_000, 12, finish="max_tokens", model="a")]
    store.append([*healthy(model="a"), *healthy(30_000, model="b"), *cut])

    [alert] = run(cut_short, store, NOW)

    assert (alert.subject, alert.severity) == ("a", "ticket")
    # 24 cut and 5 healthy
    assert alert.says.startswith(
        "24 of 29 answers of a were cut at the token limit (82.8%) in the last 5 minutes"
    )
    assert set(alert.traces) <= {row["trace_id"] for row in cut}


def test_a_classifier_that_asks_for_one_token_is_always_cut_and_stays_quiet(store):
    store.append(healthy(finish="length"))

    assert run(cut_short, store, NOW) == []
