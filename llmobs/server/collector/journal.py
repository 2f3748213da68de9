"""The journal: a payload that it confirmed is on disk, and comes back after a crash.

One thread writes. Everything that queued up while the disk was busy goes out with one fdatasync (0.2 to
2 ms), so the more is sent, the larger the groups. What is confirmed is handed on in the order on disk.
A client's retry has the same bytes: its digest is known, and it is confirmed again without being written.

Trap: after a failed fdatasync the kernel may have forgotten the pages, so what follows goes to a new segment
(https://wiki.postgresql.org/wiki/Fsync_Errors, read on 2026-11-22).
"""

import logging
import os
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from llmobs.server.collector import refusal, segments

log = logging.getLogger(__name__)

GROUP_BYTES = 8 << 20
SEGMENT_BYTES = 16 << 20  # sealing takes whole segments and should not wait for a large backlog
DIGESTS = 65_536
RETRY_S = 600.0  # exporters give up on a batch after five minutes at most; twice that
REPEAT_LOG_S = 10.0


class Sink(Protocol):
    """Where confirmed payloads go, in order; called by the journal's thread."""

    def put(self, segment: int, payload: bytes) -> None: ...

    def close(self, segment: int) -> None: ...


class _Append(NamedTuple):
    payload: bytes
    done: "Future[bool]"


class _Close(NamedTuple):
    done: "Future[int]"


class Journal:
    """Segments in `folder`, numbered on from `after`, the last that the store has sealed."""

    def __init__(self, folder: Path, sink: Sink, after: int = -1, segment_bytes: int = SEGMENT_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.trouble = ""  # why nothing can be written just now
        self.groups = 0  # written with one fdatasync each
        self._sink = sink
        self._segment_bytes = segment_bytes
        self._after = after
        self._seen: OrderedDict[bytes, float] = OrderedDict()  # digest -> when it was written
        self._last = max([after, *segments.numbers(folder)])  # the newest segment, open or not
        self._file = -1
        self._size = 0
        self._logged_at = 0.0
        self._queue: queue.SimpleQueue[_Append | _Close | None] = queue.SimpleQueue()
        self._door = threading.Lock()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def closed(self) -> int:
        """The newest segment that gets no more payloads."""
        return self._last if self._file < 0 else self._last - 1

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def append(self, payload: bytes) -> "Future[bool]":
        """Done once `payload` is on disk: True, or False where it was there already.

        Refusal (unavailable) in the future where it cannot be written.
        """
        done: Future[bool] = Future()
        with self._door:
            if self._ended:
                done.set_exception(refusal.unavailable("The collector is stopping."))
            else:
                self._queue.put(_Append(payload, done))
        return done

    def rotate(self) -> int:
        """Closes the open segment; the number of the last one closed. The sink has heard of it."""
        done: Future[int] = Future()
        with self._door:
            if self._ended:
                done.set_result(self._last)
            else:
                self._queue.put(_Close(done))
        return done.result()

    def replay(self) -> Iterator[tuple[int, list[bytes]]]:
        """(segment, its payloads) for what the store has not sealed, each payload once. Before any append."""
        self.drop(self._after)
        for number in segments.numbers(self.folder):
            found = segments.read(segments.path(self.folder, number))
            if found.damaged_bytes:
                log.warning(
                    "%s: %d bytes cannot be read. The crash cut them off before they were acknowledged, "
                    "or the disk has damaged them since.",
                    segments.path(self.folder, number),
                    found.damaged_bytes,
                )
            fresh = []
            for payload in found.payloads:
                name = segments.digest(payload)
                if name not in self._seen:
                    fresh.append(payload)
                self._remember(name)
            for name in found.digests:
                self._remember(name)
            yield number, fresh

    def drop(self, upto: int) -> None:
        """Removes the segments up to and with `upto`: the store has them."""
        for number in segments.numbers(self.folder):
            if number <= upto:
                segments.path(self.folder, number).unlink(missing_ok=True)

    def stop(self) -> None:
        """Writes what is queued and ends. What is appended later is refused."""
        with self._door:
            self._ended = True
            self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        running = True
        while running:
            group, closing, running = self._gather()
            self._commit(group)
            if closing or not running:
                self._close_segment()
            if closing and closing.done.set_running_or_notify_cancel():
                closing.done.set_result(self._last)

    def _gather(self) -> tuple[list[_Append], _Close | None, bool]:
        """What is queued, up to a request to close or to stop."""
        group: list[_Append] = []
        size = 0
        item = self._queue.get()
        while True:
            if not isinstance(item, _Append):
                return group, item, item is not None
            if item.done.set_running_or_notify_cancel():
                group.append(item)
                size += len(item.payload)
            try:
                if size >= GROUP_BYTES:
                    return group, None, True
                item = self._queue.get_nowait()
            except queue.Empty:
                return group, None, True

    def _commit(self, group: list[_Append]) -> None:
        """Writes the new ones of `group`, hands them on, and confirms all."""
        names = [segments.digest(item.payload) for item in group]
        new = {name: item.payload for name, item in zip(names, group, strict=True) if name not in self._seen}
        try:
            if new:
                self._write(new)
        except OSError as error:
            self._abandon(error)
            for item in group:
                item.done.set_exception(refusal.unavailable(self.trouble, retry_after_s=5))
            return
        for name, payload in new.items():
            self._sink.put(self._last, payload)
            self._remember(name)
        for name, item in zip(names, group, strict=True):
            item.done.set_result(new.pop(name, None) is not None)
        if self._size >= self._segment_bytes:
            self._close_segment()

    def _write(self, new: dict[bytes, bytes]) -> None:
        if self._file < 0:
            self._open_segment()
        buffers = [part for name, payload in new.items() for part in segments.record(payload, name)]
        size = segments.write(self._file, buffers)
        os.fdatasync(self._file)
        self._size += size
        self.groups += 1
        if self.trouble:
            log.warning("The journal can be written again.")
            self.trouble = ""

    def _open_segment(self) -> None:
        file = segments.path(self.folder, self._last + 1)
        since = time.monotonic() - RETRY_S
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            self._size = segments.write(
                descriptor, [segments.head(name for name, at in self._seen.items() if at > since)]
            )
            _sync_folder(self.folder)
        except OSError:
            os.close(descriptor)
            file.unlink()
            raise
        self._file = descriptor
        self._last += 1

    def _close_segment(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._size = 0
            self._sink.close(self._last)

    def _abandon(self, error: OSError) -> None:
        """After an error: what was written half-way goes, and what follows goes to a new segment."""
        self.trouble = (
            f"The journal in {self.folder} cannot be written: {error.strerror or error}. "
            "Nothing is lost that was acknowledged; free space on that disk, or set LLMOBS_DATA to another."
        )
        if time.monotonic() - self._logged_at > REPEAT_LOG_S:
            log.error("%s", self.trouble)
            self._logged_at = time.monotonic()
        if self._file >= 0:
            with suppress(OSError):  # replay knows a cut record anyway
                os.ftruncate(self._file, self._size)
            self._close_segment()

    def _remember(self, name: bytes) -> None:
        self._seen[name] = time.monotonic()
        if len(self._seen) > DIGESTS:
            self._seen.popitem(last=False)


def _sync_folder(folder: Path) -> None:
    """Makes the name of a new file survive a crash, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
