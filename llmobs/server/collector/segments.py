"""A journal segment on disk: how it is begun, written and read back.

    head    8 bytes "llmobsJ1", number of digests (u32), the digests (16 bytes each), xxh3-64 of all that
    record  length (u32), xxh3-128 of the payload (16 bytes), the payload

The digests in the head are of payloads in older segments, gone perhaps when a client sends one again.
A record that was being written when the power went is cut off or fails its digest; it was never acknowledged.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import xxhash

FOLDER = "journal"  # in the data folder
MAGIC = b"llmobsJ1"
LENGTH = struct.Struct("<I")
DIGEST_BYTES = 16
OVERHEAD = LENGTH.size + DIGEST_BYTES  # of a record
FIRST = b"\x0a"  # with which nearly every payload begins: its first resource_spans
_BUFFERS = 512  # for one writev; the system allows 1,024


class Contents(NamedTuple):
    """What a segment holds. `damaged_bytes`: what could not be read, at its end or in its middle."""

    digests: list[bytes]
    payloads: list[bytes]
    damaged_bytes: int


def path(folder: Path, number: int) -> Path:
    return folder / f"{number:012d}.journal"


def numbers(folder: Path) -> list[int]:
    """The segments in `folder`, oldest first."""
    return sorted(int(found.stem) for found in folder.glob("*.journal") if found.stem.isdigit())


def digest(payload: bytes) -> bytes:
    return xxhash.xxh3_128_digest(payload)


def head(digests: Iterable[bytes]) -> bytes:
    known = list(digests)
    body = MAGIC + LENGTH.pack(len(known)) + b"".join(known)
    return body + xxhash.xxh3_64_digest(body)


def record(payload: bytes, name: bytes) -> tuple[bytes, bytes]:
    """The two buffers of a record; `name` is the payload's digest."""
    return LENGTH.pack(len(payload)) + name, payload


def write(descriptor: int, buffers: Sequence[bytes]) -> int:
    """All of `buffers`; gives the bytes written. OSError as the system raises it, perhaps half-way."""
    total = 0
    for start in range(0, len(buffers), _BUFFERS):
        part = buffers[start : start + _BUFFERS]
        size = sum(map(len, part))
        done = os.writev(descriptor, part)
        if done < size:
            rest = memoryview(b"".join(part))[done:]
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        total += size
    return total


def read(file: Path) -> Contents:
    """Every whole record. Behind a damaged one it goes on where the next is whole."""
    data = file.read_bytes()
    digests, at = _read_head(data)
    payloads = []
    damaged = at == 0 and len(data)
    for payload, size in _records(data, at) if at else ():
        if payload is None:
            damaged += size
        else:
            payloads.append(payload)
    return Contents(digests, payloads, damaged)


def _read_head(data: bytes) -> tuple[list[bytes], int]:
    """The digests and where the records begin; 0 where the head is not whole."""
    start = len(MAGIC) + LENGTH.size
    if data[: len(MAGIC)] != MAGIC or len(data) < start:
        return [], 0
    end = start + LENGTH.unpack_from(data, len(MAGIC))[0] * DIGEST_BYTES
    if xxhash.xxh3_64_digest(data[:end]) != data[end : end + 8]:
        return [], 0
    return [data[at : at + DIGEST_BYTES] for at in range(start, end, DIGEST_BYTES)], end + 8


def _records(data: bytes, at: int) -> Iterator[tuple[bytes | None, int]]:
    """(payload, its bytes on disk); no payload where the record is damaged."""
    while at < len(data):
        end = _end(data, at)
        after = end or _next(data, at)
        yield (data[at + OVERHEAD : end] if end else None), after - at
        at = after


def _end(data: bytes, at: int) -> int:
    """Where the record at `at` ends; 0 where it is not whole."""
    if at + OVERHEAD > len(data):
        return 0
    end: int = at + OVERHEAD + LENGTH.unpack_from(data, at)[0]
    if end > len(data):
        return 0
    return end if digest(data[at + OVERHEAD : end]) == data[at + LENGTH.size : at + OVERHEAD] else 0


def _next(data: bytes, at: int) -> int:
    """Where it goes on behind a damaged record: as its length says, where that is not what is damaged."""
    if at + OVERHEAD <= len(data):
        end: int = at + OVERHEAD + LENGTH.unpack_from(data, at)[0]
        if end == len(data) or _end(data, end):
            return end
    place = data.find(FIRST, at + OVERHEAD + 1)
    while place >= 0:
        if _end(data, place - OVERHEAD):
            return place - OVERHEAD
        place = data.find(FIRST, place + 1)
    return len(data)
