"""The queue between a program and its collector: bounded, never in the way, and it loses nothing silently."""

import gc
import logging
import os
import threading
import time

import pytest
from opentelemetry.sdk.trace import TracerProvider

from llmobs.instrumentation import outbox as module
from llmobs.instrumentation.otlp import Sent
from llmobs.instrumentation.outbox import Outbox


class Collector:
    """Takes batches, or answers what `answers` says first."""

    timeout_s = 5.0

    def __init__(self, *answers):
        self.answers = list(answers)
        self.batches = []
        self.tries = 0
        self.gate = threading.Event()
        self.gate.set()

    @property
    def names(self):
        return [span.name for batch in self.batches for span in batch]

    def send(self, spans, timeout_s=None):
        self.tries += 1
        self.gate.wait(10)
        answer = self.answers.pop(0) if self.answers else Sent(True)
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer(spans)
        if answer.ok:
            self.batches.append(list(spans))
        return answer


AWAY = Sent(False, again=True, says="nobody there")
REFUSED = Sent(False, says="bad span")


@pytest.fixture
def box():
    """Makes an outbox and the tracer that fills it."""
    made = []

    def make(collector, queue_spans=100, queue_bytes=1_000_000, interval_s=0.01):
        outbox = Outbox(collector, queue_spans, queue_bytes, interval_s)
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(outbox)
        made.append(outbox)
        return outbox, provider.get_tracer("test")

    yield make
    for outbox in made:
        outbox.sender = Collector()
        outbox.close(5)


def wait_until(true, within_s=10.0):
    until = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until, "did not come true in time"
        time.sleep(0.005)


def test_spans_arrive_without_being_asked_for(box):
    collector = Collector()
    outbox, tracer = box(collector)

    tracer.start_span("a").end()
    tracer.start_span("b").end()

    wait_until(lambda: collector.names == ["a", "b"])
    assert vars(outbox.counters) == {"sent": 2, "dropped": 0, "failed": 0}


def test_late_attributes_are_made_in_the_outbox_and_join_the_others(box):
    collector = Collector()
    outbox, tracer = box(collector)
    span = tracer.start_span("a", attributes={"early": 1})
    made_in = []

    def late():
        made_in.append(threading.current_thread().name)
        return {"late": "x"}

    outbox.late[span.get_span_context().span_id] = late
    span.end()
    assert outbox.flush(5)

    [[sent]] = collector.batches
    assert dict(sent.attributes) == {"early": 1, "late": "x"}
    assert (sent.context, sent.start_time, sent.kind) == (span.context, span.start_time, span.kind)
    assert made_in == ["llmobs-outbox"]
    assert outbox.late == {}


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


def test_a_collector_that_is_away_gets_everything_when_it_is_back_and_is_mentioned_once(
    box, caplog, monkeypatch
):
    monkeypatch.setattr(module, "BACKOFF_S", (0.005, 0.01))
    collector = Collector(AWAY, AWAY, AWAY)
    outbox, tracer = box(collector)

    tracer.start_span("a").end()
    wait_until(lambda: collector.tries >= 2)
    tracer.start_span("b").end()

    wait_until(lambda: collector.names == ["a", "b"])
    warnings = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "nobody there" in warnings[0].getMessage()
    assert "llmobs up" in warnings[0].getMessage()
    assert outbox.counters.sent == 2


def test_a_caller_never_waits_for_the_collector(box):
    collector = Collector()
    collector.gate.clear()
    _, tracer = box(collector, queue_spans=10_000)

    began = time.thread_time()
    for _ in range(2_000):
        tracer.start_span("x").end()

    assert time.thread_time() - began < 2  # CPU of this thread alone; a wait would show as never coming back
    collector.gate.set()


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


def test_large_spans_go_in_several_batches(box, monkeypatch):
    monkeypatch.setattr(module, "BATCH_BYTES", 5_000)
    collector = Collector()
    outbox, tracer = box(collector, interval_s=60)

    for n in range(4):
        span = tracer.start_span(str(n))
        outbox.late[span.get_span_context().span_id] = lambda: {"text": "x" * 1_500}
        span.end()
    assert outbox.flush(5)

    assert [len(batch) for batch in collector.batches] == [1, 1, 1, 1]  # two would be 2 * 2,524 > 5,000


def test_flush_says_whether_everything_is_out_and_does_not_wait_longer_than_told(box):
    collector = Collector()
    collector.gate.clear()
    outbox, tracer = box(collector)
    tracer.start_span("a").end()

    began = time.monotonic()
    assert outbox.flush(0.05) is False
    assert time.monotonic() - began < 5
    collector.gate.set()

    assert outbox.flush(5) is True
    assert collector.names == ["a"]


def test_flush_tries_again_at_once(box):
    collector = Collector(AWAY)
    outbox, tracer = box(collector)
    tracer.start_span("a").end()
    wait_until(lambda: collector.tries == 1)

    assert outbox.flush(5) is True


def test_after_close_nothing_is_taken_and_what_is_left_counts_as_dropped(box, caplog):
    outbox, tracer = box(Collector(*[AWAY] * 9), interval_s=60)
    tracer.start_span("a").end()

    outbox.close(1)
    tracer.start_span("b").end()
    outbox.close(1)

    assert outbox.counters.dropped == 1
    assert "1 spans could not be sent before the end, and are lost" in caplog.text
    assert outbox.flush(0.1) is False


def test_spans_that_are_not_sampled_are_not_sent(box):
    from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

    class RecordOnly(Sampler):
        def should_sample(self, *args, **kwargs):
            return SamplingResult(Decision.RECORD_ONLY)

        def get_description(self):
            return "record only"

    collector = Collector()
    outbox, _ = box(collector)
    provider = TracerProvider(sampler=RecordOnly(), shutdown_on_exit=False)
    provider.add_span_processor(outbox)

    provider.get_tracer("t").start_span("a").end()

    assert outbox.flush(5)
    assert collector.names == []


def test_a_span_that_the_garbage_collector_ends_inside_of_our_own_code_does_no_harm(box):
    """No lock of ours may be held where a collection can happen: every append could trigger one."""
    collector = Collector()
    outbox, tracer = box(collector, queue_spans=100_000, queue_bytes=100_000_000)

    class Dropped:
        def __init__(self):
            self.ring = self
            self.span = tracer.start_span("gc")

        def __del__(self):
            self.span.end()

    thresholds = gc.get_threshold()
    gc.set_threshold(5)
    try:
        for _ in range(2_000):
            Dropped()
            tracer.start_span("plain").end()
    finally:
        gc.set_threshold(*thresholds)
    gc.collect()

    assert outbox.flush(10)
    assert collector.names.count("gc") == collector.names.count("plain") == 2_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_sends_its_own_spans_and_only_those(box):
    outbox, tracer = box(Collector(), interval_s=60)
    tracer.start_span("of the parent").end()
    read, write = os.pipe()

    if (pid := os.fork()) == 0:
        collector = outbox.sender = Collector()
        tracer.start_span("of the child").end()
        said = f"{outbox.flush(5)} {collector.names} {outbox.counters.sent}"
        os.write(write, said.encode())
        os._exit(0)
    os.waitpid(pid, 0)

    assert os.read(read, 200).decode() == "True ['of the child'] 1"
    os.close(read)
    os.close(write)
    assert outbox.flush(5)
    assert outbox.sender.names == ["of the parent"]
