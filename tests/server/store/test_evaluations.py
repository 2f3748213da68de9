"""The convention's event gen_ai.evaluation.result as rows."""

from datetime import UTC, datetime

from tests.server.conftest import call

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAMES = "trace_id span_id evaluated_at service environment name score label explanation response_id"


def result(**said):
    attributes = {f"gen_ai.evaluation.{name}": value for name, value in said.items()}
    at_ns = int(NOON.timestamp() * 1e9) + 5_000_000_000
    return {"time_unix_nano": at_ns, "name": "gen_ai.evaluation.result", "attributes": attributes}


def test_an_evaluation_stands_beside_the_span_that_it_judges(settled):
    other = {"time_unix_nano": 1, "name": "exception", "attributes": {"exception.type": "E"}}
    judged = result(
        name="relevance", **{"score.value": 0.25, "score.label": "poor"}, explanation="Off topic."
    )
    store = settled([call(1, NOON, response_id="r-1", events=[other, judged]), call(2, NOON, events=[other])])

    [row] = store.sql("SELECT * FROM evaluations").to_pylist()

    span = call(1, NOON)
    assert row == {
        "trace_id": span["trace_id"],
        "span_id": span["span_id"],
        "evaluated_at": datetime(2026, 11, 22, 12, 0, 5),
        "service": "shop",
        "environment": "prod",
        "name": "relevance",
        "score": 0.25,
        "label": "poor",
        "explanation": "Off topic.",
        "response_id": "r-1",
    }
    assert list(row) == NAMES.split()


def test_two_evaluations_of_one_answer_are_two_rows(settled):
    events = [
        result(name="toxicity", **{"score.value": 0}),
        result(name="fluency", **{"score.label": "good"}),
    ]

    store = settled([call(1, NOON, events=events)])

    found = store.sql("SELECT name, score, label FROM evaluations ORDER BY name").to_pylist()
    assert found == [
        {"name": "fluency", "score": None, "label": "good"},
        {"name": "toxicity", "score": 0.0, "label": None},
    ]


def test_an_evaluation_that_makes_no_sense_breaks_no_question(settled):
    broken = {**result(name="odd", **{"score.value": "high"}), "time_unix_nano": 2**64 - 1}

    store = settled([call(1, NOON, events=[broken])])

    [row] = store.sql("SELECT name, score, evaluated_at FROM evaluations").to_pylist()
    assert row == {"name": "odd", "score": None, "evaluated_at": None}
