"""Gunzip that stops in time, and room for what all requests hold together."""

import gzip
import random
import threading
import tracemalloc

import pytest

from llmobs.server.collector.limits import Gunzip, Identity, Room, share, unpack
from llmobs.server.collector.refusal import Refusal

TEXT = b"".join(b"line %d\n" % number for number in range(50_000))  # 538,890 bytes


def fed(body: Identity, data: bytes, piece: int) -> bytes:
    for start in range(0, len(data), piece):
        body.feed(data[start : start + piece])
    return body.finish()


@pytest.mark.parametrize("piece", [1_000, 65_536, 10**7])
def test_gzip_in_pieces_of_any_size_is_opened(piece):
    assert fed(Gunzip(10**6), gzip.compress(TEXT), piece) == TEXT


def test_single_bytes_are_enough():
    assert fed(Gunzip(100), gzip.compress(b"hello"), 1) == b"hello"


def test_feed_says_how_many_bytes_came_out():
    body = Gunzip(10**6)

    assert body.feed(gzip.compress(TEXT)) == len(TEXT)


def test_members_in_a_row_are_one_body_also_with_zeros_behind_them():
    data = gzip.compress(b"first ") + b"\0\0" + gzip.compress(b"second") + b"\0" * 9

    assert fed(Gunzip(100), data, 7) == b"first second"


def test_a_body_of_very_many_members_is_refused_before_they_cost_much():
    # each would copy the 20 MB behind it, for an hour
    with pytest.raises(Refusal, match="more than 10,000 members") as refused:
        unpack(gzip.compress(b"") * 1_000_000, 10**6)

    assert refused.value.http == 400


@pytest.mark.parametrize("keep", [1, 5, 10, 100, -1, -8])
def test_a_body_cut_off_is_refused_with_400(keep):
    with pytest.raises(Refusal, match="cut off") as refused:
        unpack(gzip.compress(TEXT)[:keep], 10**6)

    assert refused.value.http == 400


@pytest.mark.parametrize(
    "bad",
    [
        b"no gzip at all",
        gzip.compress(b"good") + b"rubbish",
        gzip.compress(TEXT)[:500] + b"\xff" * 500,
        gzip.compress(TEXT)[:-8] + b"12345678",  # wrong checksum
    ],
)
def test_what_is_no_gzip_is_refused_with_400(bad):
    with pytest.raises(Refusal, match="gzip") as refused:
        unpack(bad, 10**6)

    assert refused.value.http == 400


def test_an_empty_body_is_empty():
    assert unpack(b"", 100) == b""
    assert unpack(gzip.compress(b""), 100) == b""


def test_the_limit_is_exact():
    assert len(unpack(gzip.compress(b"x" * 1_000), 1_000)) == 1_000
    with pytest.raises(Refusal) as refused:
        unpack(gzip.compress(b"x" * 1_001), 1_000)
    assert refused.value.http == 413


def test_a_bomb_costs_no_more_than_the_limit():
    bomb = gzip.compress(bytes(300 << 20))  # 300 MB in 300 KB
    limit = 8 << 20

    tracemalloc.start()
    with pytest.raises(Refusal) as refused:
        unpack(bomb, limit)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert refused.value.http == 413
    assert peak < limit + (4 << 20)


def test_no_damage_to_gzip_does_more_than_be_refused():
    pieces, whole = random.Random(3), gzip.compress(TEXT[:20_000])
    refused = 0

    for _ in range(2_000):
        data = bytearray(whole)
        data[pieces.randrange(len(data))] ^= 1 << pieces.randrange(8)
        try:
            unpack(bytes(data), 10**6)
        except Refusal:
            refused += 1

    assert refused > 1_900  # flags and the time in the head carry no check


def test_room_refuses_what_does_not_fit_beside_others_and_is_free_again_afterwards():
    room = Room(100, "full")

    with share(room) as first:
        first.take(60)
        with pytest.raises(Refusal, match="full: 60 bytes of 100") as refused, share(room) as second:
            second.take(50)

    assert (refused.value.http, refused.value.grpc, refused.value.retry_after_s) == (503, 8, 1)
    assert room.used == 0


def test_one_alone_always_fits():
    room = Room(10, "full")

    with share(room) as only:
        only.take(50)
        assert room.used == 50


def test_what_is_taken_beside_leaves_the_room_to_others():
    room = Room(100, "full")
    room.take_beside(250, most=300)

    with share(room) as other:
        other.take(100)
        with pytest.raises(Refusal, match="full: 100 bytes of 100"):
            room.take(1)
        room.give_back(250)
        with pytest.raises(Refusal, match="full: 100 bytes of 100"):
            room.take(1)

    assert room.used == 0
    room.take(100)


def test_what_was_taken_beside_may_be_too_much_for_others():
    room = Room(100, "full")
    room.take_beside(390, most=1_000)

    room.take(10)
    with pytest.raises(Refusal, match="full: 10 bytes of 100"):
        room.take(1)


def test_taking_beside_waits_for_the_most_there_may_be():
    room = Room(100, "full")
    room.take_beside(200, most=220)
    waited = threading.Thread(target=room.take_beside, args=(50, 220))

    waited.start()
    waited.join(0.05)
    assert (waited.is_alive(), room.used) == (True, 200)
    room.give_back(200)
    waited.join(10)

    assert room.used == 50
