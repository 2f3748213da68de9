"""Real process trees for the tests: started on free ports over folders of their own, watched, ended."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path


class Up:
    """One `llmobs up` (or what `command` says) with its ports, folder and output; `settings` are more."""

    def __init__(self, folder, *arguments, command="up", **settings):
        self.http, self.grpc, self.dashboard = free_ports(3)
        self.data = folder / "data"
        self.log = folder / "up.log"
        self.environment = {
            **os.environ,
            "LLMOBS_DATA": str(self.data),
            "LLMOBS_HTTP_PORT": str(self.http),
            "LLMOBS_GRPC_PORT": str(self.grpc),
            "LLMOBS_DASHBOARD_PORT": str(self.dashboard),
            "LLMOBS_ENDPOINT": f"http://127.0.0.1:{self.http}",
            **{f"LLMOBS_{name.upper()}": str(value) for name, value in settings.items()},
        }
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "llmobs", command, *arguments],
                env=self.environment,
                stdout=out,
                stderr=out,
            )

    def said(self):
        return self.log.read_text()

    def pids(self):
        """The processes of the tree, by the command that each runs."""
        found = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                words = stat.read_text().rpartition(")")[2].split()
                command = (stat.parent / "cmdline").read_bytes().split(b"\0")
            except OSError:  # it ended meanwhile
                continue
            if int(words[1]) == self.process.pid and words[0] != "Z" and b"llmobs" in command:
                found[command[command.index(b"llmobs") + 1].decode()] = int(stat.parent.name)
        return found

    def wait_until_up(self):
        until(lambda: "All is up" in self.said() or self.process.poll() is not None, 100)
        assert "All is up" in self.said(), self.said()
        return self.pids()

    def asked(self, sql):
        """The rows that `llmobs sql` gives."""
        done = subprocess.run(
            [sys.executable, "-m", "llmobs", "sql", "--format", "json", sql],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return json.loads(done.stdout)

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(30)


def free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def until(found, seconds=30):
    """What `found` gives once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def alive(pid):
    """Whether the process runs; one that ended and was not waited for yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not Path("/proc").exists() or (
        stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
    )
