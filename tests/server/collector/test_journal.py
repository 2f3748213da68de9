"""The journal: confirmed means on disk, a retry is known, a full disk is said and survived."""

import os
import resource
import signal
from concurrent.futures import Future
from pathlib import Path

import pytest

from llmobs.server.collector import segments
from llmobs.server.collector.journal import Journal
from llmobs.server.collector.refusal import Refusal
from tests.server.collector.spans import body, span


class Heard:
    """What the journal hands on, in order; "closed" for the end of a segment."""

    def __init__(self) -> None:
        self.all: list[tuple[int, bytes | str]] = []

    def put(self, segment: int, payload: bytes) -> None:
        self.all.append((segment, payload))

    def close(self, segment: int) -> None:
        self.all.append((segment, "closed"))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def journal(tmp_path, heard) -> Journal:
    made = Journal(tmp_path, heard)
    yield made
    made.stop()


def confirmed(*futures: "Future[bool]") -> list[bool]:
    return [future.result(10) for future in futures]


def reopened(folder: Path, after: int = -1) -> list[tuple[int, list[bytes]]]:
    """What a new process reads back."""
    journal = Journal(folder, Heard(), after)
    found = list(journal.replay())
    journal.stop()
    return found


def test_what_is_confirmed_is_in_the_file(journal, tmp_path):
    assert confirmed(journal.append(b"one")) == [True]

    [number] = segments.numbers(tmp_path)
    assert segments.read(segments.path(tmp_path, number)).payloads == [b"one"]


def test_payloads_are_handed_on_in_the_order_on_disk(journal, heard, tmp_path):
    payloads = [b"%d" % number for number in range(500)]

    confirmed(*[journal.append(payload) for payload in payloads])

    assert [payload for _, payload in heard.all] == payloads
    assert segments.read(segments.path(tmp_path, 0)).payloads == payloads


def test_what_queues_up_is_written_in_few_groups(journal):
    confirmed(*[journal.append(os.urandom(1_000)) for _ in range(2_000)])

    assert journal.groups < 500


def test_a_retry_is_confirmed_and_written_once(journal, heard):
    first, again, other = journal.append(b"one"), journal.append(b"one"), journal.append(b"two")

    assert confirmed(first, again, other, journal.append(b"one")) == [True, False, True, False]
    assert heard.all == [(0, b"one"), (0, b"two")]


def test_a_retry_after_a_crash_is_known_from_the_records(journal, tmp_path):
    confirmed(journal.append(b"one"))
    after = Journal(tmp_path, Heard())
    list(after.replay())

    assert confirmed(after.append(b"one"), after.append(b"two")) == [False, True]
    after.stop()


def test_a_retry_is_known_after_its_segment_was_sealed_dropped_and_the_process_ended(journal, tmp_path):
    confirmed(journal.append(b"one"))
    journal.drop(journal.rotate())
    confirmed(journal.append(b"two"))
    after = Journal(tmp_path, Heard(), after=0)

    assert list(after.replay()) == [(1, [b"two"])]
    assert confirmed(after.append(b"one")) == [False]
    after.stop()


def test_rotating_closes_the_segment_and_says_so_in_order(journal, heard):
    confirmed(journal.append(b"one"))

    assert journal.rotate() == 0
    assert journal.rotate() == 0  # nothing new
    confirmed(journal.append(b"two"))
    assert journal.rotate() == 1
    assert heard.all == [(0, b"one"), (0, "closed"), (1, b"two"), (1, "closed")]


def test_a_long_segment_closes_by_itself(tmp_path, heard):
    journal = Journal(tmp_path, heard, segment_bytes=1_000)

    for number in range(3):
        confirmed(journal.append(b"%d" % number * 1_200))
    journal.stop()

    assert [segment for segment, what in heard.all if what == "closed"] == [0, 1, 2]


def test_dropped_segments_are_gone_and_their_numbers_never_come_back(journal, tmp_path):
    confirmed(journal.append(b"one"))
    upto = journal.rotate()

    journal.drop(upto)

    assert segments.numbers(tmp_path) == []
    assert reopened(tmp_path, after=upto) == []
    after = Journal(tmp_path, Heard(), after=upto)
    confirmed(after.append(b"two"))
    after.stop()
    assert segments.numbers(tmp_path) == [upto + 1]


def test_replay_gives_every_payload_once_and_removes_what_the_store_has(tmp_path, heard):
    journal = Journal(tmp_path, heard)
    for payload in (b"one", b"two", b"three"):
        confirmed(journal.append(payload))
        journal.rotate()
    journal.stop()

    assert reopened(tmp_path, after=0) == [(1, [b"two"]), (2, [b"three"])]
    assert segments.numbers(tmp_path) == [1, 2]


def test_a_payload_that_lies_in_two_segments_is_read_back_once(journal, tmp_path):
    confirmed(journal.append(b"one"))
    file = segments.path(tmp_path, 0)
    segments.path(tmp_path, 1).write_bytes(file.read_bytes())  # as after a sync that failed, and a retry

    assert reopened(tmp_path) == [(0, [b"one"]), (1, [])]


@pytest.mark.parametrize("cut", range(1, 24))
def test_a_record_cut_off_at_any_byte_is_forgotten_and_those_before_it_stay(journal, tmp_path, cut):
    confirmed(journal.append(b"one"))
    confirmed(journal.append(b"two"))
    file = segments.path(tmp_path, 0)
    os.truncate(file, file.stat().st_size - cut)

    [(_, payloads)] = reopened(tmp_path)

    assert payloads == [b"one"]


def test_a_damaged_record_does_not_hide_those_behind_it(journal, tmp_path):
    confirmed(journal.append(b"first"), journal.append(b"second"), journal.append(b"third"))
    file = segments.path(tmp_path, 0)
    file.write_bytes(file.read_bytes().replace(b"second", b"sec0nd"))

    assert reopened(tmp_path) == [(0, [b"first", b"third"])]
    assert segments.read(file).damaged_bytes == 4 + 16 + 6


@pytest.mark.parametrize("place", range(4))
def test_a_damaged_length_does_not_hide_the_records_behind_it(journal, tmp_path, place):
    payloads = [body(span(number, name="n" * 1_000)) for number in range(1, 4)]
    confirmed(*[journal.append(payload) for payload in payloads])
    file = segments.path(tmp_path, 0)
    content = bytearray(file.read_bytes())
    content[content.index(payloads[1]) - 20 + place] ^= 0x41
    file.write_bytes(content)

    assert reopened(tmp_path) == [(0, [payloads[0], payloads[2]])]
    assert segments.read(file).damaged_bytes == 20 + len(payloads[1])


@pytest.mark.parametrize("content", [b"", b"llmobsJ1", b"rubbish" * 100])
def test_a_segment_without_a_whole_head_holds_nothing(tmp_path, content):
    segments.path(tmp_path, 3).write_bytes(content)

    assert reopened(tmp_path) == [(3, [])]


def test_the_end_closes_the_segment_and_later_payloads_are_refused(journal, heard):
    confirmed(journal.append(b"one"))

    journal.stop()

    assert heard.all[-1] == (0, "closed")
    assert journal.rotate() == 0

    with pytest.raises(Refusal) as refused:
        confirmed(journal.append(b"late"))
    assert (refused.value.http, refused.value.grpc) == (503, 14)


@pytest.fixture
def small_disk():
    """A limit on the size of files, which fails in the middle of a write as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, ignored)


def test_a_full_disk_refuses_confirms_nothing_and_is_over_when_space_returns(
    journal, heard, tmp_path, small_disk, caplog
):
    confirmed(journal.append(b"before"))
    small_disk(4_096)

    with pytest.raises(Refusal, match="File too large") as refused:
        confirmed(journal.append(b"x" * 10_000))
    small_disk(resource.RLIM_INFINITY)

    assert (refused.value.http, refused.value.grpc, refused.value.retry_after_s) == (503, 14, 5)
    assert "free space on that disk" in journal.trouble
    assert len(caplog.records) == 1
    assert confirmed(journal.append(b"x" * 10_000)) == [True]  # the client's retry
    assert journal.trouble == ""
    assert [what for _, what in heard.all] == [b"before", "closed", b"x" * 10_000]
    assert reopened(tmp_path) == [(0, [b"before"]), (1, [b"x" * 10_000])]


def test_a_disk_that_takes_no_new_file_is_over_when_it_does(tmp_path, heard, small_disk):
    journal = Journal(tmp_path, heard)
    small_disk(5)

    with pytest.raises(Refusal):
        confirmed(journal.append(b"one"))
    assert list(tmp_path.iterdir()) == []
    small_disk(resource.RLIM_INFINITY)

    assert confirmed(journal.append(b"one")) == [True]
    journal.stop()


def test_after_a_failed_sync_a_new_segment_is_begun(journal, heard, monkeypatch, tmp_path):
    confirmed(journal.append(b"one"))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", failing)
        with pytest.raises(Refusal, match="Input/output error"):
            confirmed(journal.append(b"two"))

    assert confirmed(journal.append(b"two")) == [True]
    assert heard.all == [(0, b"one"), (0, "closed"), (1, b"two")]
    assert reopened(tmp_path) == [(0, [b"one"]), (1, [b"two"])]


def failing(descriptor: int) -> None:
    raise OSError(5, "Input/output error")
