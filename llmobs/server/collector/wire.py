"""Protobuf's wire format by hand, for what the library refuses: nested too deep, or text that is no UTF-8.

The library stops at 100 levels in reading and in writing; nothing here recurses.
Encoding as of protobuf.dev/programming-guides/encoding, read on 2026-11-22.
"""

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5
_SHORT = tuple(bytes([n]) for n in range(128))  # nearly every length and tag fits one byte
_HEADS = tuple(bytes([field << 3 | DELIMITED]) for field in range(16))


class Malformed(ValueError):
    """Bytes that are no protobuf message."""


def varint(number: int) -> bytes:
    """`number` from 0 to 2**64 - 1; negative ones are written as their two's complement, as int64 is."""
    if 0 <= number < 128:
        return _SHORT[number]
    number &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def tag(field: int, wire: int) -> bytes:
    return varint(field << 3 | wire)


def delimited(field: int, content: bytes) -> bytes:
    """A field that holds text, bytes or a message."""
    size = len(content)
    head = _HEADS[field] if field < 16 else tag(field, DELIMITED)
    return head + (_SHORT[size] if size < 128 else varint(size)) + content


def read_varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The number at `at` and the place behind it."""
    number = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        number |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return number, at
        shift += 7
    raise Malformed(f"a number at byte {at} has no end")


def skip(data: bytes, at: int, end: int, wire: int) -> int:
    """The place behind a value that is not DELIMITED."""
    if wire == VARINT:
        return read_varint(data, at, end)[1]
    if wire in (FIXED64, FIXED32):
        at += 8 if wire == FIXED64 else 4
        if at <= end:
            return at
        raise Malformed(f"a fixed number at byte {at} is cut off")
    raise Malformed(f"wire type {wire} at byte {at}")
