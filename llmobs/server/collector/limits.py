"""What one request, one connection and all of them together may cost us, and the gunzip that stops in time.

Compressed input is opened piece by piece as it arrives, and never further than the limit: a bomb of 60 KB
that would become 64 MB costs one piece.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from isal import igzip_lib

from llmobs.server.collector import refusal

PIECE = 1 << 20  # bytes gunzip gives at a time
SLICE = 1 << 16  # bytes gunzip is given at a time: it copies what follows each member
MEMBERS = 10_000  # of one gzip body; `bgzip` makes 1,000 of 64 MB, and 20 empty bytes cost 12 us
HEAD_BYTES = 65_536  # request line and headers
HEAD_S = 10.0  # from a request's first byte to the end of its headers
BODY_S = 30.0  # for a body, and then one second more for each SLOWEST bytes that came
SLOWEST = 50_000  # bytes per second that an honest client reaches
SEND_S = 60.0  # in which a client must read something of its answer
CONNECTIONS = 1_000
AFTER_ANSWER = 1 << 30  # bytes of a refused body that may run out, so that its sender reads our answer
ALL = 4  # times its size, that a Room may hold with what was taken beside
API_BODY = 4 << 20  # bytes of a question; incidents come in lists

_GZIP_ERROR: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]  # the stub calls it an instance


class Room:
    """Bytes that may be in our hands at once, over all requests: many large bodies must wait."""

    def __init__(self, size: int, says: str) -> None:
        self.size = size
        self.used = 0
        self._beside = 0
        self._says = says
        self._free = threading.Condition()

    def take(self, count: int) -> None:
        """Refusal (busy) where `count` more do not fit; one alone always fits."""
        with self._free:
            self.check(count)
            self.used += count

    def check(self, count: int) -> None:
        """Refusal (busy) where `count` more do not fit."""
        used = self.used - self._beside
        if (used and used + count > self.size) or (self.used and self.used + count > ALL * self.size):
            raise refusal.busy(f"{self._says}: {used:,} bytes of {self.size:,}. Send it again later.")

    def give_back(self, count: int) -> None:
        with self._free:
            self.used -= count
            self._beside = max(0, self._beside - count)
            self._free.notify_all()

    def take_beside(self, count: int, most: int) -> None:
        """Takes `count` that leave others their room, up to ALL; waits while there would be more than `most`.

        What was taken so must be the first that is given back.
        """
        with self._free:
            self._free.wait_for(lambda: not self.used or self.used + count <= most)
            self.used += count
            self._beside += count


class Share:
    """One request's part of a Room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.count = 0

    def take(self, count: int) -> None:
        self._room.take(count)
        self.count += count

    def give_back(self) -> None:
        self._room.give_back(self.count)
        self.count = 0


@contextmanager
def share(room: Room) -> Iterator[Share]:
    """Whatever happens to the request, its bytes are free again."""
    part = Share(room)
    try:
        yield part
    finally:
        part.give_back()


class Identity:
    """A body as it is, up to `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> int:
        """Takes a piece of the body, gives the bytes that it added. Refusal (413) past the limit."""
        self._add(data)
        return len(data)

    def finish(self) -> bytes:
        parts, self._parts = self._parts, []
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def too_large(self) -> refusal.Refusal:
        return refusal.too_large(
            f"The body is larger than {self.limit:,} bytes (also counted after decompression). "
            "Send smaller batches, or raise max_body (LLMOBS_MAX_BODY)."
        )

    def _add(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self.limit:
            raise self.too_large()
        self._parts.append(data)


class Gunzip(Identity):
    """A gzip body, opened as it comes. Several members in a row are one body (RFC 1952, 2.2)."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._member: igzip_lib.IgzipDecompressor | None = None
        self._members = 0

    def feed(self, data: bytes) -> int:
        before = self.size
        while data or (self._member and not (self._member.eof or self._member.needs_input)):
            if self._member is None or self._member.eof:
                data = data.lstrip(b"\0") if self._member else data  # members may be padded with zeros
                if not data:
                    break
                self._member = self._next_member()
            self._add(self._open(self._member, data))
            data = self._member.unused_data if self._member.eof else b""
        return self.size - before

    def finish(self) -> bytes:
        if self._member and not self._member.eof:
            raise refusal.malformed("The gzip body is cut off: its end is missing.")
        return super().finish()

    def _next_member(self) -> igzip_lib.IgzipDecompressor:
        self._members += 1
        if self._members > MEMBERS:
            raise refusal.malformed(f"The gzip body has more than {MEMBERS:,} members. Send it as one.")
        return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)

    @staticmethod
    def _open(member: igzip_lib.IgzipDecompressor, data: bytes) -> bytes:
        try:
            return member.decompress(data, PIECE)
        except _GZIP_ERROR as wrong:
            raise refusal.malformed(f"The body is not valid gzip: {wrong}.") from wrong


def unpack(data: bytes, limit: int) -> bytes:
    """A whole gzip body at once."""
    body = Gunzip(limit)
    for start in range(0, len(data), SLICE):
        body.feed(data[start : start + SLICE])
    return body.finish()
