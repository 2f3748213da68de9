"""What is on disk but not yet decoded: an ordered queue, counted in bytes, with a limit that clients feel.

Room is taken before the journal is written, so that what we acknowledge we can also hold.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from llmobs.server.collector.limits import Room

# Each column costs something for a group, however few spans: 52 µs a span in groups of 512, 36 in groups of
# 1,024, 28 in groups of 4,096. What waits is taken as one, until the decoder would hold the GIL too long.
GROUP_BYTES = 2 << 20  # waited for
MOST_BYTES = 4 << 20
GROUP_S = 0.1


class Group(NamedTuple):
    """Payloads of one segment, in order."""

    segment: int
    payloads: list[bytes]


class Backlog:
    """Filled by the journal's thread, emptied by the decoder's, one group after the other."""

    def __init__(self, limit: int) -> None:
        self.room = Room(limit, "Spans come in faster than they are stored; the backlog is full")
        self.decoded = -1  # every payload of the segments up to this one has been decoded
        self._items: deque[tuple[int, bytes | None]] = deque()  # no payload: the segment is closed
        self._bytes = 0
        self._closed = 0  # such items
        self._ended = False
        self._wake_at = 0  # bytes that the decoder waits for; woken for each payload it would do little else
        self._changed = threading.Condition()

    def put(self, segment: int, payload: bytes) -> None:
        with self._changed:
            self._items.append((segment, payload))
            self._bytes += len(payload)
            if self._bytes >= self._wake_at:
                self._changed.notify_all()

    def close(self, segment: int) -> None:
        """No payload of `segment`, or of an earlier one, comes any more."""
        with self._changed:
            self._items.append((segment, None))
            self._closed += 1
            self._changed.notify_all()

    def end(self) -> None:
        """`take` gives what is left and then None."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def take(self) -> Group | None:
        """The next payloads: those that wait, or come within 100 ms of the first. None at the end.

        What was taken before counts as decoded; its bytes count towards the limit until `done`.
        """
        with self._changed:
            self._wait(1, lambda: self._next_is_payload() or self._ended)
            if not self._items:
                return None
            self._wait(
                GROUP_BYTES, lambda: self._bytes >= GROUP_BYTES or self._closed or self._ended, GROUP_S
            )
            return self._pop()

    def done(self, group: Group) -> None:
        """`group` can be read in the store, or lies in quarantine."""
        self.room.give_back(sum(map(len, group.payloads)))

    def wait_decoded(self, segment: int, timeout_s: float) -> bool:
        """Whether every payload up to `segment` is decoded, within that time."""
        with self._changed:
            return self._changed.wait_for(lambda: self.decoded >= segment, timeout_s)

    def _wait(self, size: int, ready: Callable[[], object], timeout_s: float | None = None) -> None:
        self._wake_at = size
        self._changed.wait_for(ready, timeout_s)

    def _next_is_payload(self) -> bool:
        """Passes the closed segments in front: all that was in them has been taken, and decoded since."""
        while self._items and self._items[0][1] is None:
            self.decoded = self._items.popleft()[0]
            self._closed -= 1
            self._changed.notify_all()
        return bool(self._items)

    def _pop(self) -> Group:
        group = Group(self._items[0][0], [])
        size = 0
        while self._items and size < MOST_BYTES:
            payload = self._items[0][1]
            if payload is None:
                break
            self._items.popleft()
            group.payloads.append(payload)
            size += len(payload)
        self._bytes -= size
        return group
