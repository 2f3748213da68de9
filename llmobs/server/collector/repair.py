"""Mends the text of a message that the protobuf library refuses, and keeps the rest of it byte by byte.

The library refuses invalid UTF-8, which becomes U+FFFD here, and over 100 levels of messages, which pass.
One pass, no recursion, bounded memory, whatever a hostile client nests.
"""

from typing import Any, NamedTuple

from llmobs.server.collector.wire import DELIMITED, Malformed, delimited, read_varint, skip, varint

Schema = dict[
    int, Any
]  # field number -> TEXT, or the schema of the message it holds; the rest is kept as it is

TEXT: Schema = {}
ANY: Schema = {1: TEXT}
KEY_VALUE: Schema = {1: TEXT, 2: ANY}
ANY[5] = {1: ANY}  # ArrayValue
ANY[6] = {1: KEY_VALUE}  # KeyValueList
ENTITY: Schema = {1: TEXT, 2: TEXT, 3: TEXT, 4: TEXT}
RESOURCE: Schema = {1: KEY_VALUE, 3: ENTITY}
SCOPE: Schema = {1: TEXT, 2: TEXT, 3: KEY_VALUE}
EVENT: Schema = {2: TEXT, 3: KEY_VALUE}
LINK: Schema = {3: TEXT, 4: KEY_VALUE}
SPAN: Schema = {3: TEXT, 5: TEXT, 9: KEY_VALUE, 11: EVENT, 13: LINK, 15: {2: TEXT}}

MAX_LEVELS = 1_000  # of messages; what lies deeper is kept unread (the decoder reads 256 lists deep)
MAX_PIECES = 1_000_000  # 10,000 attributes make 40,000


class _Open(NamedTuple):
    """A message being copied: its length is known only at its end, so a place is kept for it."""

    schema: Schema
    end: int  # where it ends in the input
    length_at: int = -1  # which piece of the output is its length
    size_before: int = 0  # of the output


class _Mender:
    """Copies `data` in the largest pieces that stay as they are."""

    def __init__(self, data: bytes, schema: Schema) -> None:
        self.data = data
        self.top = _Open(schema, len(data))
        self.outer: list[_Open] = []
        self.pieces: list[bytes] = []
        self.size = 0
        self.copied = 0  # of the input

    def run(self) -> bytes:
        at = 0
        while True:
            while at == self.top.end:
                self.keep(at)
                if not self.outer:
                    return b"".join(self.pieces)
                self.close()
            key, body, after = self.field(at)
            inner = self.top.schema.get(key >> 3) if key & 7 == DELIMITED else None
            if inner is TEXT:
                self.mend(at, key, body, after)
            elif inner is not None and len(self.outer) < MAX_LEVELS:
                self.keep(at)
                self.open(key, inner, body, after)
                after = body
            at = after

    def field(self, at: int) -> tuple[int, int, int]:
        """Its key, where its content begins, where it ends."""
        key, body = read_varint(self.data, at, self.top.end)
        if key >> 3 == 0:
            raise Malformed(f"field number 0 at byte {at}")
        if key & 7 != DELIMITED:
            return key, body, skip(self.data, body, self.top.end, key & 7)
        length, body = read_varint(self.data, body, self.top.end)
        if body + length > self.top.end:
            raise Malformed(f"field {key >> 3} at byte {at} is cut off")
        return key, body, body + length

    def open(self, key: int, schema: Schema, body: int, end: int) -> None:
        self.write(varint(key))
        self.write(b"")
        self.outer.append(self.top)
        self.top = _Open(schema, end, len(self.pieces) - 1, self.size)
        self.copied = body

    def close(self) -> None:
        length = varint(self.size - self.top.size_before)
        self.pieces[self.top.length_at] = length
        self.size += len(length)
        self.top = self.outer.pop()

    def mend(self, start: int, key: int, body: int, end: int) -> None:
        given = self.data[body:end]
        mended = text(given)
        if mended is not given:
            self.keep(start)
            self.write(delimited(key >> 3, mended))
            self.copied = end

    def keep(self, upto: int) -> None:
        if upto > self.copied:
            self.write(self.data[self.copied : upto])
            self.copied = upto

    def write(self, piece: bytes) -> None:
        self.pieces.append(piece)
        self.size += len(piece)
        if len(self.pieces) > MAX_PIECES:
            raise Malformed("its text is no UTF-8 and it has too many parts to mend it")


def text(raw: bytes) -> bytes:
    """`raw` as valid UTF-8; itself where it is."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return raw.decode(errors="replace").encode()
    return raw


def rewrite(data: bytes, schema: Schema) -> bytes:
    """`data`, mended. Malformed where it is no message of that schema."""
    return _Mender(data, schema).run()
