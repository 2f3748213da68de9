"""Finished spans on their way out: a bounded queue and the one thread that empties it.

The caller's thread only appends to a deque. Content is rendered, masked and encoded here. A span may be ended
by the garbage collector, in any thread and in the middle of anything: so nothing on the caller's side takes a
lock that Python code holds (deque and SimpleQueue may be re-entered, Event and Condition may not).
While the collector is away spans are held, in number and in bytes up to a limit; past it new ones are dropped
and counted. A fork gets an empty box of its own: the parent sends what the parent recorded.
"""

import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Protocol

from opentelemetry import context as otel
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from llmobs.instrumentation.fence import EXIT_S, fenced
from llmobs.instrumentation.otlp import Sent, with_attributes

log = logging.getLogger("llmobs")
Late = Callable[[], Mapping[str, Any] | None]  # attributes that are made in the outbox

BATCH_SPANS = 512
BATCH_BYTES = 8_388_608  # 512 spans with long prompts would pass any collector's limit
SPAN_BYTES = 1_024  # what a span weighs beside its content, roughly
BACKOFF_S = (0.5, 30.0)  # first and longest wait after a failed try
REPORT_S = 60.0  # between two warnings of dropped spans


class Sends(Protocol):
    """What carries a batch away."""

    timeout_s: float

    def send(self, spans: list[ReadableSpan], timeout_s: float | None = None) -> Sent: ...


class Held(NamedTuple):
    """A span ready to go, and about how many bytes it takes."""

    span: ReadableSpan
    weight: int


@dataclass
class Counters:
    """Spans of this process, by what became of them."""

    sent: int = 0
    dropped: int = 0
    failed: int = 0


class Flush(NamedTuple):
    """Somebody waits until everything is out, for at most `timeout_s`."""

    done: threading.Event
    until: float


class Outbox(SpanProcessor):
    """Takes finished spans from the provider and brings them to `sender` in batches."""

    def __init__(self, sender: Sends, queue_spans: int, queue_bytes: int, interval_s: float) -> None:
        self.sender = sender
        self._limits = queue_spans, queue_bytes
        self._interval_s = interval_s
        self.open = True
        self._begin()

    def _begin(self) -> None:
        self.pid = os.getpid()
        self.counters = Counters()
        self.late: dict[int, Late] = {}  # by span id, from before a span's end until it is taken
        self._inbox: deque[tuple[ReadableSpan, Late | None]] = deque()
        self._held: deque[Held] = deque()
        self._held_bytes = 0
        self._wake: SimpleQueue[Flush | None] = SimpleQueue()
        self._away = False  # the collector did not take the last batch
        self._ending = False  # nothing will be sent later
        self._at_the_end = ""  # why the last batch was not taken
        self._lost_to = ""  # why spans were refused, once said
        self._reported = 0  # dropped spans that were told of
        self._next_report = 0.0
        self._next_try = 0.0
        self._backoff_s = BACKOFF_S[0]
        self._thread = threading.Thread(target=self._run, name="llmobs-outbox", daemon=True)
        self._thread.start()

    # -- the caller's side ----------------------------------------------------------------------------

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        pass

    def on_end(self, span: ReadableSpan) -> None:
        if os.getpid() != self.pid:
            self._revive()
        context = span.context
        late = self.late.pop(context.span_id, None) if self.late and context else None
        if not self.open or not context or not context.trace_flags.sampled:
            return
        inbox = self._inbox
        waiting = len(inbox)
        if waiting + len(self._held) >= self._limits[0]:
            self.counters.dropped += 1
            return
        inbox.append((span, late))
        if waiting == BATCH_SPANS:
            self._wake.put(None)

    def queued(self) -> int:
        """Spans that wait here."""
        return len(self._inbox) + len(self._held)

    def flush(self, timeout_s: float) -> bool:
        """Sends what is here; False where something is left after `timeout_s`."""
        if os.getpid() != self.pid:  # what is here is the parent's
            return True
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            wish = Flush(threading.Event(), time.monotonic() + timeout_s)
            self._wake.put(wish)
            wish.done.wait(timeout_s)
        return not self.queued()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self.flush(timeout_millis / 1_000)

    def shutdown(self) -> None:
        self.close()

    def close(self, timeout_s: float = EXIT_S) -> None:
        """Sends what can be sent within `timeout_s`, then takes nothing more; the rest counts as dropped."""
        if not self.open:
            return
        self._ending = True
        self.flush(timeout_s)
        self.open = False
        if os.getpid() == self.pid:
            self._wake.put(None)
            if left := self.queued():
                self._reported += left  # or the thread would tell of them too
                self.counters.dropped += left
                why = self._at_the_end and f": {self._at_the_end}"
                log.warning("llmobs: %d spans could not be sent before the end, and are lost%s.", left, why)

    def _revive(self) -> None:
        """In a forked child: threads and what they held stayed with the parent."""
        self._begin()
        if "multiprocessing.process" in sys.modules:
            from multiprocessing import util

            # a child of multiprocessing ends without atexit
            util.Finalize(None, self.close, exitpriority=10)

    # -- the thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        otel.attach(otel.set_value("suppress_instrumentation", True))  # sending is no call to be traced
        wake = self._wake  # a fork replaces it
        while self.open:
            try:
                wish = wake.get(timeout=self._interval_s)
            except Empty:
                wish = None
            try:
                self._work(wish)
            except Exception:
                log.exception("llmobs: sending spans failed.")
            self._report()
            if wish is not None:
                wish.done.set()

    def _report(self) -> None:
        """Tells of dropped spans; not where they are dropped, which may be in the middle of anything."""
        new, now = self.counters.dropped - self._reported, time.monotonic()
        if new > 0 and now >= self._next_report:
            log.warning(
                "llmobs: %d spans were dropped, because %d spans or %d bytes wait already "
                "(LLMOBS_QUEUE_SPANS, LLMOBS_QUEUE_BYTES).",
                new,
                *self._limits,
            )
            self._reported, self._next_report = self._reported + new, now + REPORT_S

    def _work(self, wish: Flush | None) -> None:
        self._render()
        while self._held and (wish is not None or time.monotonic() >= self._next_try):
            left = None if wish is None else wish.until - time.monotonic()
            if left is not None and left <= 0:
                return
            if not self._send(left):
                return
            self._render()

    def _render(self) -> None:
        """Brings what the callers left to its final form."""
        inbox, (_, most_bytes) = self._inbox, self._limits
        while inbox:
            span, late = inbox.popleft()
            if self._held_bytes > most_bytes:
                self.counters.dropped += 1
                continue
            weight = SPAN_BYTES
            if late is not None:
                added = made(late) or {}
                weight += sum([len(value) for value in added.values() if type(value) is str])
                span = with_attributes(span, added)
            self._held.append(Held(span, weight))
            self._held_bytes += weight

    def _send(self, left_s: float | None) -> bool:
        """Sends the oldest batch; False where the collector has to be waited for."""
        batch: list[ReadableSpan] = []
        size = 0
        for held in self._held:
            if batch and (len(batch) == BATCH_SPANS or size + held.weight > BATCH_BYTES):
                break
            batch.append(held.span)
            size += held.weight
        timeout_s = self.sender.timeout_s if left_s is None else min(left_s, self.sender.timeout_s)
        sent = self._try(batch, timeout_s)
        if sent.again and not sent.ok:
            self._wait(sent)
            return False
        for _ in batch:
            self._held.popleft()
        self._held_bytes -= size
        self._away, self._backoff_s = False, BACKOFF_S[0]
        if sent.ok:
            self._lost_to = ""
            self._sent(sent, len(batch))
        return True

    def _try(self, batch: list[ReadableSpan], timeout_s: float) -> Sent:
        try:
            sent = self.sender.send(batch, timeout_s)
        except Exception as failed:  # one span that cannot be encoded must not cost the others
            sent = Sent(False, says=f"{type(failed).__name__} in the encoder")
        if sent.ok or sent.again:
            return sent
        if len(batch) == 1 or sent.whole:
            self._lost(len(batch), sent.says)
            return sent
        half = len(batch) // 2
        for part in batch[:half], batch[half:]:
            if (tried := self._try(part, timeout_s)).ok:
                self._sent(tried, len(part))
            elif tried.again:
                self.counters.failed += len(part)
        return Sent(False)

    def _sent(self, sent: Sent, spans: int) -> None:
        self.counters.sent += spans - sent.rejected
        self.counters.failed += sent.rejected
        if sent.rejected:
            log.warning("llmobs: the collector turned %d spans down: %s.", sent.rejected, sent.says)

    def _lost(self, spans: int, says: str) -> None:
        """Counted each time and told once: a wrong address refuses every batch."""
        self.counters.failed += spans
        if says != self._lost_to:
            log.warning("llmobs: %d spans were refused and are lost: %s.", spans, says)
        self._lost_to = says

    def _wait(self, sent: Sent) -> None:
        if self._ending:
            self._at_the_end = sent.says
        elif not self._away:
            log.warning(
                "llmobs: %s. Up to %d spans are held and sent later.",
                sent.says,
                self._limits[0],
            )
        self._away = True
        self._next_try = time.monotonic() + max(self._backoff_s, sent.retry_after_s)
        self._backoff_s = min(self._backoff_s * 2, BACKOFF_S[1])


@fenced
def made(late: Late) -> Mapping[str, Any] | None:
    return late()
