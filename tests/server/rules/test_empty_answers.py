"""The rule on calls in a real store: what is an empty answer, and what only looks like one."""

import pytest

from llmobs.server.alerts import run
from llmobs.server.rules import empty_answers
from tests.server.rules.traffic import NOW, burst, healthy


def test_empty_answers_alarm_for_their_model(store):
    store.append([*healthy(model="a"), *burst(5_000, 30, text="  ", output_tokens=2, model="a")])

    [alert] = run(empty_answers, store, NOW)

    assert alert.subject == "a"
    assert alert.says.startswith("30 of 35 answers of a were empty (85.7%) in the last 5 minutes")


@pytest.mark.parametrize(
    "said",
    [
        {
            "output_messages": [{"role": "assistant", "parts": [{"type": "tool_call", "name": "f"}]}],
            "finish": "stop",
        },
        {"text": "Yes.", "output_tokens": 1},
        {"text": "", "output_tokens": 0, "stream_end": "closed"},
        {"text": None, "output_tokens": 5},  # not captured, but there were tokens
        {"text": "", "status": "error", "output_tokens": 0},
        {"text": None, "output_tokens": 0, "operation": "embeddings"},
    ],
)
def test_what_says_something_or_calls_a_tool_or_was_given_up_is_not_empty(said, store):
    quiet = {"output_tokens": 3, **said}
    if "output_messages" in said:
        quiet["text"] = None
    store.append([*healthy(), *burst(5_000, 40, **quiet)])

    assert run(empty_answers, store, NOW) == []


@pytest.mark.parametrize(
    "said",
    [
        {"text": None, "output_tokens": 0},  # not captured
        {"text": "", "output_tokens": 900, "reasoning_tokens": 900},  # thought, and said nothing
        {"text": "", "output_tokens": None},
    ],
)
def test_silence_is_found_without_text_and_behind_reasoning(said, store):
    store.append([*healthy(), *burst(5_000, 40, **said)])

    assert [alert.subject for alert in run(empty_answers, store, NOW)] == ["small"]
