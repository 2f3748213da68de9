"""`llmobs up` for real: three processes, a crash, a taken port, an end that leaves nobody behind."""

import json
import os
import signal
import socket
import time
import urllib.request
from pathlib import Path

import pytest

from tests.processes import Up, alive, free_ports, until

pytestmark = pytest.mark.long
PARTS = ("collector", "dashboard", "watch")


@pytest.fixture
def start(tmp_path):
    started = []

    def one(*arguments, **more):
        started.append(Up(tmp_path, *arguments, **more))
        return started[-1]

    yield one
    for each in started:
        if each.process.poll() is None:
            each.end()


def status(address):
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return answer.status
    except OSError:
        return 0


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


@needs_proc
def test_everything_comes_up_goes_on_after_a_crash_and_ends_on_ctrl_c(start):
    tree = start()

    before = tree.wait_until_up()

    assert set(before) == set(PARTS)
    assert f"Dashboard is at http://127.0.0.1:{tree.dashboard}" in tree.said()
    assert f"Collector takes spans at http://127.0.0.1:{tree.http}" in tree.said()
    assert status(f"http://127.0.0.1:{tree.http}/readyz") == 200
    assert status(f"http://127.0.0.1:{tree.dashboard}/") == 200
    assert "Traceback" not in tree.said()
    send_span(tree)

    os.kill(before["collector"], signal.SIGKILL)

    until(lambda: "collector runs again." in tree.said())
    assert "collector ended by itself (signal SIGKILL). It starts again in 1 s." in tree.said()
    pids = tree.pids()
    assert pids["collector"] != before["collector"]
    assert pids["dashboard"] == before["dashboard"]
    until(lambda: tree.asked("SELECT count(*) AS spans FROM spans") == [{"spans": 1}])

    assert tree.end() == 0

    assert not any(map(alive, pids.values()))
    assert tree.said().rstrip().endswith("Ended.")


@needs_proc
def test_nobody_is_left_when_the_tree_itself_is_killed(start):
    tree = start()
    pids = tree.wait_until_up()

    tree.process.kill()
    tree.process.wait()

    until(lambda: not any(map(alive, pids.values())))
    assert not any(map(alive, pids.values()))


def test_a_taken_port_is_refused_before_anything_starts(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        tree = start("--http-port", str(port))

        assert tree.process.wait(30) == 1

    assert f"Port {port} on 127.0.0.1 is taken by" in tree.said()
    assert "--http-port" in tree.said()
    assert "LLMOBS_HTTP_PORT" in tree.said()
    assert not tree.data.exists()


def test_one_port_for_two_servers_is_refused(start):
    [port] = free_ports(1)
    tree = start("--http-port", str(port), "--grpc-port", str(port))

    assert tree.process.wait(30) == 1
    assert f"Port {port} is given to two servers" in tree.said()


def test_a_collector_that_cannot_start_ends_all_and_says_why(start, tmp_path):
    (tmp_path / "data").write_text("a file where a folder should be")
    tree = start()

    assert tree.process.wait(60) == 1

    assert "collector could not start (exit code 1)" in tree.said()
    assert "The data folder" in tree.said()


def send_span(tree):
    payload = {
        "resourceSpans": [
            {
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": "0af7651916cd43dd8448eb211c80319c",
                                "spanId": "b7ad6b7169203331",
                                "name": "one",
                                "kind": 1,
                                "startTimeUnixNano": str(time.time_ns()),
                                "endTimeUnixNano": str(time.time_ns()),
                            }
                        ]
                    }
                ]
            }
        ]
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{tree.http}/v1/traces",
        json.dumps(payload).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
