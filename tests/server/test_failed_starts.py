"""A collector that cannot start says why, who is in the way, and what to do."""

import socket
import subprocess
import sys

import pytest

from llmobs.server import dashboard
from llmobs.server.service import Service
from tests.server.collector.spans import body, span
from tests.server.services import post_spans, service, settings


def test_a_port_that_is_taken_is_said_with_its_holder_and_the_setting(tmp_path):
    with service(tmp_path / "first") as first:
        with pytest.raises(OSError, match="is taken by process") as error:
            Service(settings(tmp_path / "second", http_port=first.http_port))
        with pytest.raises(OSError, match="--grpc-port or LLMOBS_GRPC_PORT"):
            Service(settings(tmp_path / "second", grpc_port=first.grpc_port))

    assert f"Port {first.http_port} on 127.0.0.1" in str(error.value)
    assert "--http-port or LLMOBS_HTTP_PORT" in str(error.value)


def test_one_port_for_two_servers_is_said_with_both_settings(tmp_path):
    with pytest.raises(
        OSError, match=r"servers, http_port and grpc_port\. Choose another with --grpc-port or"
    ):
        Service(settings(tmp_path, http_port=34_999, grpc_port=34_999))


def test_a_dashboard_whose_port_is_taken_says_who_has_it_and_what_to_do():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(
            OSError, match=rf"Port {port} on 127.0.0.1 is taken by process .*--dashboard-port"
        ):
            dashboard.serve({"host": "127.0.0.1", "dashboard_port": port})


def test_a_database_that_another_process_has_open_is_said_with_its_pid(tmp_path):
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with service(tmp_path):
        pass  # makes the file
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path / "llmobs.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "open\n"

        with pytest.raises(OSError, match=rf"PID {holder.pid}") as error:
            Service(settings(tmp_path))
        holder.stdin.close()

    for way_out in ("llmobs sql --http-port PORT", "--data or LLMOBS_DATA"):
        assert way_out in str(error.value)
    with service(tmp_path) as collector:  # and the ports were given back
        assert post_spans(collector.http_port, body(span(1))) == 200


def test_a_data_folder_that_cannot_be_written_is_said(tmp_path):
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(
        OSError, match=r"data folder .*file cannot be written \(File exists\).*--data or LLMOBS_DATA"
    ):
        Service(settings(file))
