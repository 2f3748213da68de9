"""What came instead of what: releases, prompts, models that answer."""

from datetime import UTC, datetime, timedelta

from tests.server.conftest import call

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ASKED = "SELECT changed_at, service, what, name, before, after, trace_id, span_id FROM changes ORDER BY 1, 3"


def at(minute):
    return NOON + timedelta(minutes=minute)


def naive(moment):
    return moment.replace(tzinfo=None)


def test_a_version_seen_for_the_first_time_is_a_change_with_its_first_span(settled):
    prompt = {"prompt_name": "greet", "answered_by": None}
    store = settled(
        [
            call(1, at(0), prompt_version="1", **prompt),
            call(2, at(9), prompt_version="2", **prompt),
            call(3, at(5), prompt_version="2", **prompt),
            call(4, at(7), prompt_version="1", **prompt),
        ]
    )

    [change] = store.sql(ASKED).to_pylist()

    evidence = call(3, at(5))
    assert change == {
        "changed_at": naive(at(5)),
        "service": "shop",
        "what": "prompt",
        "name": "greet",
        "before": "1",
        "after": "2",
        "trace_id": evidence["trace_id"],
        "span_id": evidence["span_id"],
    }


def test_releases_and_models_that_answer_change_for_each_service_alone(settled):
    def said(number, minute, service, release, answered_by):
        resource = {"service.version": release}
        return call(number, at(minute), service=service, resource=resource, answered_by=answered_by)

    store = settled(
        [
            said(1, 0, "shop", "1.0", "small-1"),
            said(2, 1, "desk", "7.0", "small-2"),
            said(3, 2, "shop", "1.1", "small-1"),
            said(4, 3, "shop", "1.1", "small-2"),
        ]
    )

    found = [tuple(row.values())[1:6] for row in store.sql(ASKED).to_pylist()]

    assert found == [
        ("shop", "release", "shop", "1.0", "1.1"),
        ("shop", "model", "small", "small-1", "small-2"),
    ]


def test_what_had_one_version_ever_did_not_change(settled):
    store = settled([call(1, at(0)), call(2, at(1))])

    assert store.sql(ASKED).to_pylist() == []
