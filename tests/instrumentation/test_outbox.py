"""The queue between a program and its collector: never in the way."""

import gc
import logging
import os
import threading
import time

import pytest
from opentelemetry.sdk.trace import TracerProvider

from llmobs.instrumentation import outbox as module
from tests.instrumentation.outboxes import AWAY, Collector, wait_until


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
