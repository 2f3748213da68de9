"""A collector that says what it is told to, for the tests of the outbox."""

import threading
import time

from llmobs.instrumentation.otlp import Sent


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


def wait_until(true, within_s=10.0):
    until = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until, "did not come true in time"
        time.sleep(0.005)
