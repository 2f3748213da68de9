"""Copies of recorded traces: other times and ids, the same structure, nothing that could not have been."""

import random
from itertools import pairwise

import pytest

from llmobs.demo import retime, shape
from llmobs.demo.retime import FINISH, FIRST, INPUTS, MODEL, OUTPUTS
from llmobs.demo.shape import Visitor

AT = 1_790_000_000.0
VISITOR = Visitor("user-042", "s-042-1", "plus", "app")


@pytest.fixture(scope="module")
def roots(recorded):
    return [root for runs in recorded.values() for run in runs for root in retime.recordings(run)]


def copied(root, seed=1, at=AT):
    return retime.copy(root, at, VISITOR, at - 600, random.Random(seed))


def attributes(span):
    return {pair.key: pair.value for pair in span.attributes}


def template(root):
    """The recorded spans in the order of the copy."""
    return [root.span, *(span for child in root.children for span in template(child))]


def test_every_recorded_trace_is_taken(roots, recorded):
    assert len(roots) == sum(map(len, recorded.values())) == 32


def test_a_copy_has_the_same_spans_in_the_same_tree(roots):
    for root in roots:
        copy, before = copied(root), template(root)
        assert [span.name for span in copy] == [span.name for span in before]
        parents = {span.span_id: span.name for span in copy}
        names_before = {span.span_id: span.name for span in before}
        assert [parents.get(s.parent_span_id) for s in copy] == [
            names_before.get(s.parent_span_id) for s in before
        ]


def test_children_lie_within_their_parents(roots):
    checked = 0
    for root in roots:
        spans = {span.span_id: span for span in copied(root)}
        for span in spans.values():
            parent = spans.get(span.parent_span_id, span)
            assert parent.start_time_unix_nano <= span.start_time_unix_nano
            assert span.end_time_unix_nano <= parent.end_time_unix_nano
            checked += parent is not span
    assert checked > 100


def test_what_ran_one_after_the_other_still_does(roots):
    for root in roots:
        copy = copied(root)
        inside = [span for span in copy if span.parent_span_id == copy[0].span_id]
        for before, after in pairwise(inside):
            assert before.end_time_unix_nano <= after.start_time_unix_nano


def test_what_ran_together_begins_together(recorded):
    [root] = retime.recordings(recorded["answer_ticket"][0])
    together = root._replace(children=tuple(c._replace(together=n > 0) for n, c in enumerate(root.children)))
    copy = copied(together)

    begun = {s.start_time_unix_nano for s in copy if s.parent_span_id == copy[0].span_id}

    assert len(begun) == 1


def test_ids_are_new_for_every_copy_and_the_same_for_the_same_seed(roots):
    copies = [copied(root, 100 * number + seed) for seed in range(5) for number, root in enumerate(roots)]
    traces = {span.trace_id for copy in copies for span in copy}
    spans = {span.span_id for copy in copies for span in copy}

    assert len(traces) == len(copies) == 160
    assert len(spans) == sum(map(len, copies))
    assert all(len(found) == 16 for found in traces)
    assert all(len(found) == 8 for found in spans)
    assert copied(roots[0], 3) == copied(roots[0], 3)


def test_a_copy_begins_when_it_should_and_lasts_as_long_as_its_models_take(roots):
    for root in roots:
        copy = copied(root)
        assert copy[0].start_time_unix_nano == int(AT * 1e9)
        lasted_s = (copy[0].end_time_unix_nano - copy[0].start_time_unix_nano) / 1e9
        assert 0.05 < lasted_s < 60


def test_token_counts_vary_and_stay_possible(roots):
    varied = 0
    for root in roots:
        for span, before in zip(copied(root), template(root), strict=True):
            now, then = attributes(span), attributes(before)
            if MODEL not in now or INPUTS[0] not in now:
                continue
            assert (
                now[INPUTS[0]].int_value >= then[INPUTS[0]].int_value
            )  # no fewer than the parts of its prompt
            for held in INPUTS[1:]:
                assert held not in now or now[held].int_value <= now[INPUTS[0]].int_value
            if OUTPUTS[1] in now:
                assert now[OUTPUTS[1]].int_value <= now[OUTPUTS[0]].int_value
            varied += now[INPUTS[0]].int_value != then[INPUTS[0]].int_value
    assert varied > 30


def test_the_first_token_comes_within_the_call(roots):
    streamed = 0
    for root in roots:
        for span in copied(root):
            found = attributes(span).get(FIRST)
            if found:
                streamed += 1
                lasted_s = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
                assert 0 < found.double_value <= lasted_s
    assert streamed > 5


def test_an_answer_that_was_cut_keeps_its_length(roots):
    node = next(n for root in roots for n in root.children if FINISH in n.places and OUTPUTS[0] in n.places)
    node.span.attributes[node.places[FINISH]].value.array_value.values[0].string_value = "max_tokens"
    before = attributes(node.span)[OUTPUTS[0]].int_value

    lengths = {attributes(copied(node, seed)[0])[OUTPUTS[0]].int_value for seed in range(5)}

    assert lengths == {before}


def test_the_visitor_stands_on_every_span_that_named_one(roots):
    for root in roots:
        for span in copied(root):
            found = attributes(span)
            assert found["user.id"].string_value == "user-042"
            assert found["gen_ai.conversation.id"].string_value == "s-042-1"
            assert found["llmobs.tags"].string_value == '{"channel": "app", "plan": "plus"}'


def test_the_age_of_the_index_is_that_of_the_moment(recorded):
    [root] = retime.recordings(recorded["answer_ticket"][0])

    [age] = [
        attributes(span)["llmobs.retrieval.index_age"].double_value
        for span in copied(root)
        if "llmobs.retrieval.index_age" in attributes(span)
    ]

    assert age == pytest.approx(600)


def test_the_template_is_not_changed(roots):
    before = [span.SerializeToString() for root in roots for span in template(root)]

    for root in roots:
        copied(root)

    assert [span.SerializeToString() for root in roots for span in template(root)] == before


def test_events_stay_within_their_span(recorded):
    span = retime.Span(start_time_unix_nano=100, end_time_unix_nano=200)
    span.events.add(time_unix_nano=150)
    moved = retime.Span()
    moved.CopyFrom(span)

    retime.move(moved, span, 1_000, 5_000)

    assert moved.events[0].time_unix_nano == 3_000


def test_traffic_is_busier_by_day_and_grows():
    [service] = [s for s in shape.SERVICES if s.name == "inbox"]
    now = 1_795_356_000.0
    day = [shape.per_minute(service, now - hours * 3_600, now) for hours in range(48)]

    assert max(day) <= service.peak_per_minute
    assert min(day) > 0
    assert sum(day[:24]) > 2 * sum(day[24:])


def test_a_bucket_is_the_same_each_time_and_none_of_it_is_later_than_now():
    service, now = shape.SERVICES[0], 1_795_356_100.0
    bucket = shape.bucket_of(now)

    starts = shape.starts(service, bucket, now, seed=7)

    assert starts == shape.starts(service, bucket, now, seed=7) == sorted(starts)
    assert starts != shape.starts(service, bucket, now, seed=8)
    assert all(bucket * 300 <= at < now for at in starts)
    assert len(shape.starts(service, bucket - 1, now, seed=7)) > 10
