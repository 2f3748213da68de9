"""A collector as a process of its own: killed, stopped, on a full disk. What it confirmed is there, once."""

import contextlib
import re
import resource
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import kill
from llmobs.server.collector import segments
from llmobs.server.store import open_store
from tests.server.collector.spans import body, span
from tests.server.services import ask, eventually, post_spans, process


@contextlib.contextmanager
def running(folder: Path) -> "Iterator[tuple[subprocess.Popen[str], int]]":
    """The process and its port."""
    made = process(folder)
    assert made.stdout is not None
    try:
        found = re.search(r"OTLP/HTTP on port (\d+)", made.stdout.readline())
        assert found
        yield made, int(found[1])
    finally:
        made.kill()
        made.communicate()


@pytest.mark.long
@pytest.mark.timeout(300)
def test_every_acknowledged_span_is_there_once_after_kill_9(tmp_path):
    seen = kill.run(2, tmp_path)

    assert seen.acked > 2 * 512
    assert (seen.lost, seen.twice, seen.found) == (0, 0, seen.acked)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_cleanly_with_everything_in_the_file(tmp_path, number):
    with running(tmp_path) as (collector, port):
        for each in range(1, 51):
            assert post_spans(port, body(span(each))) == 200

        collector.send_signal(number)

        assert collector.wait(60) == 0
    assert segments.numbers(tmp_path / "journal") == []
    with contextlib.closing(open_store(f"duckdb://{tmp_path}")) as store:
        assert store.sql("SELECT count(*) AS n FROM spans").to_pylist() == [{"n": 50}]


def test_a_full_disk_is_503_and_over_when_space_returns(tmp_path):
    late = body(span(2, name="n" * 5_000))
    with running(tmp_path) as (collector, port):
        assert post_spans(port, body(span(1))) == 200
        # A limit on the size of files fails in the middle of a write, as a full disk does.
        before = resource.prlimit(collector.pid, resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))
        status, headers, _ = ask(port, "/v1/traces", late, content_type="application/x-protobuf")
        resource.prlimit(collector.pid, resource.RLIMIT_FSIZE, before)

        assert (status, headers["retry-after"]) == (503, "5")
        assert post_spans(port, late) == 200
        collector.kill()
    with running(tmp_path) as (_, port):
        assert eventually(lambda: b"llmobs_stored_spans_total 2\n" in ask(port, "/metrics")[2])
