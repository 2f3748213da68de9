"""A server as a process: started, watched, stopped; its memory, its CPU time, its bytes on disk. Linux."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


class Server:
    """One process, ready when `ready` answers."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], ready: str
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        begun = time.monotonic()
        with (folder / "server.log").open("w") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        while not answers(ready):
            if self.process.poll() is not None or time.monotonic() - begun > 300:
                said = (folder / "server.log").read_text()[-2_000:]
                self.stop()
                raise RuntimeError(f"{command[0]} did not start:\n{said}")
            time.sleep(0.05)
        self.start_s = time.monotonic() - begun

    def cpu_s(self) -> float:
        """CPU seconds of the process and its children so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(f) for f in fields[11:15]) / TICKS

    def peak_mib(self) -> float:
        """The most memory it ever had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024

    def disk(self) -> int:
        """Bytes in its folder."""
        return sum(f.stat().st_size for f in self.folder.rglob("*") if f.is_file() and f.name != "server.log")

    def stop(self) -> float:
        """Ends it, gently; the CPU seconds that ending took."""
        if self.process.poll() is not None:
            return 0.0
        before = self.cpu_s()
        os.killpg(self.process.pid, signal.SIGTERM)
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime - before


def answers(url: str) -> bool:
    """Whether somebody says 200 there."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
