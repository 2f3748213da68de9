"""What does not fit, or is refused: the outbox loses as little as it can, and nothing silently."""

from llmobs.instrumentation.otlp import Sent
from tests.instrumentation.outboxes import AWAY, REFUSED, Collector, wait_until


def test_a_full_queue_drops_what_is_new_and_counts_it(box):
    collector = Collector()
    collector.gate.clear()
    outbox, tracer = box(collector, queue_spans=5)
    tracer.start_span("first").end()
    wait_until(lambda: collector.tries == 1)  # the collector hangs on this one

    for n in range(7):
        tracer.start_span(str(n)).end()
    assert outbox.counters.dropped == 3  # 1 under way and 4 more are held
    collector.gate.set()

    wait_until(lambda: collector.names == ["first", "0", "1", "2", "3"])


def test_dropped_spans_are_told_of_by_the_thread_and_not_one_by_one(box, caplog):
    collector = Collector(AWAY)
    outbox, tracer = box(collector, queue_spans=2, interval_s=60)

    for n in range(5):
        tracer.start_span(str(n)).end()
    assert "dropped" not in caplog.text  # the caller's thread tells nothing
    outbox.flush(5)
    tracer.start_span("again").end()
    outbox.flush(5)

    wait_until(lambda: "3 spans were dropped, because 2 spans" in caplog.text)
    assert caplog.text.count("dropped") == 1  # the next one within a minute is told of later


def test_content_is_bounded_in_bytes_too(box):
    collector = Collector(AWAY)
    outbox, tracer = box(collector, queue_bytes=10_000, interval_s=60)

    for n in range(5):
        span = tracer.start_span(str(n))
        outbox.late[span.get_span_context().span_id] = lambda: {"text": "x" * 4_000}
        span.end()
    outbox.flush(5)

    # 1,024 + 4,000 each: two pass 10,000 and the rest has no room
    assert outbox.queued() == 2
    assert outbox.counters.dropped == 3


def test_a_batch_that_is_refused_loses_the_bad_span_only(box, caplog):
    def judge(spans):
        return REFUSED if any(span.name == "bad" for span in spans) else Sent(True)

    collector = Collector(*[judge] * 20)
    outbox, tracer = box(collector, interval_s=60)

    for name in ["a", "b", "bad", "c", "d"]:
        tracer.start_span(name).end()
    assert outbox.flush(5)

    assert collector.names == ["a", "b", "c", "d"]
    assert vars(outbox.counters) == {"sent": 4, "dropped": 0, "failed": 1}
    assert "bad span" in caplog.text


def test_a_wrong_address_costs_one_try_a_batch_and_is_mentioned_once(box, caplog):
    nowhere = Sent(False, says="404 Not Found", whole=True)
    collector = Collector(nowhere, nowhere)
    outbox, tracer = box(collector, interval_s=60)

    for _ in range(2):
        for _ in range(50):
            tracer.start_span("a").end()
        assert outbox.flush(5)

    assert collector.tries == 2
    assert vars(outbox.counters) == {"sent": 0, "dropped": 0, "failed": 100}
    assert caplog.text.count("404 Not Found") == 1


def test_a_span_that_cannot_be_encoded_loses_itself_only(box, caplog):
    def encode(spans):
        if any(span.name == "bad" for span in spans):
            raise ValueError("surrogates not allowed")
        return Sent(True)

    collector = Collector(*[encode] * 20)
    outbox, tracer = box(collector, interval_s=60)

    for name in ["a", "bad", "b"]:
        tracer.start_span(name).end()
    assert outbox.flush(5)

    assert collector.names == ["a", "b"]
    assert outbox.counters.failed == 1


def test_a_late_attribute_that_raises_costs_no_span_and_no_other(box, caplog):
    collector = Collector()
    outbox, tracer = box(collector, interval_s=60)

    def late():
        raise RuntimeError("odd")

    for name in ["a", "b"]:
        span = tracer.start_span(name)
        outbox.late[span.get_span_context().span_id] = late
        span.end()
    tracer.start_span("c").end()
    assert outbox.flush(5)

    assert collector.names == ["a", "b", "c"]


def test_after_close_nothing_is_taken_and_what_is_left_counts_as_dropped(box, caplog):
    outbox, tracer = box(Collector(*[AWAY] * 9), interval_s=60)
    tracer.start_span("a").end()

    outbox.close(1)
    tracer.start_span("b").end()
    outbox.close(1)

    assert outbox.counters.dropped == 1
    assert "1 spans could not be sent before the end, and are lost" in caplog.text
    assert outbox.flush(0.1) is False
