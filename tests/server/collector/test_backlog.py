"""What waits for the decoder: in groups, in order, counted."""

import threading
import time

import pytest

from llmobs.server.collector.backlog import GROUP_BYTES, GROUP_S, MOST_BYTES, Backlog, Group
from llmobs.server.collector.refusal import Refusal


@pytest.fixture
def backlog() -> Backlog:
    return Backlog(10_000)


def test_what_comes_together_is_one_group(backlog):
    backlog.put(0, b"one")
    backlog.put(0, b"two")
    backlog.end()

    assert backlog.take() == Group(0, [b"one", b"two"])
    assert backlog.take() is None


def test_a_group_ends_with_its_segment(backlog):
    backlog.put(0, b"one")
    backlog.close(0)
    backlog.put(1, b"two")
    backlog.end()

    assert [backlog.take(), backlog.take(), backlog.take()] == [Group(0, [b"one"]), Group(1, [b"two"]), None]


def test_a_large_group_is_not_waited_for(backlog):
    half = bytes(GROUP_BYTES // 2)
    for _ in range(2):
        backlog.put(0, half)

    began = time.monotonic()
    group = backlog.take()

    assert group == Group(0, [half, half])
    assert time.monotonic() - began < GROUP_S


def test_what_waits_is_taken_as_one_up_to_a_limit(backlog):
    third = bytes(MOST_BYTES // 3 + 1)
    for _ in range(4):
        backlog.put(0, third)

    assert [len(backlog.take().payloads), len(backlog.take().payloads)] == [3, 1]


def test_a_small_group_waits_a_moment_for_more(backlog):
    backlog.put(0, b"one")
    began = time.monotonic()

    assert backlog.take() == Group(0, [b"one"])
    assert time.monotonic() - began >= GROUP_S * 0.9


def test_the_first_payload_is_waited_for(backlog):
    taken = []
    taker = threading.Thread(target=lambda: taken.append(backlog.take()))
    taker.start()

    backlog.put(0, b"one")
    taker.join(10)

    assert taken == [Group(0, [b"one"])]


def test_a_segment_counts_as_decoded_when_what_came_after_its_last_group_is_asked_for(backlog):
    backlog.put(0, b"one")
    backlog.close(0)
    backlog.close(1)
    backlog.end()

    assert backlog.take() == Group(0, [b"one"])
    assert backlog.decoded == -1
    assert backlog.take() is None
    assert backlog.decoded == 1
    assert backlog.wait_decoded(1, 0)
    assert not backlog.wait_decoded(2, 0)


def test_bytes_count_until_the_group_is_done(backlog):
    backlog.room.take(8_000)
    backlog.put(0, b"x" * 8_000)
    with pytest.raises(Refusal, match="the backlog is full: 8,000 bytes of 10,000"):
        backlog.room.take(3_000)

    group = backlog.take()
    assert group is not None
    assert backlog.room.used == 8_000
    backlog.done(group)

    assert backlog.room.used == 0
