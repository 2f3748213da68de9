"""Listening on a port, and who holds it where that fails."""

import errno
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llmobs.config import SETTINGS

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_loopback(host: str) -> bool:
    return host in LOOPBACK or host.startswith("127.")


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A socket that listens there (port 0: any free one). OSError whose text says what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        made = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise taken(host, port, setting, error) from None
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        made.bind((host, port))
        made.listen(512)
    except OSError as error:
        made.close()
        raise taken(host, port, setting, error) from None
    made.setblocking(False)
    return made


def given_twice(settings: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """What to say of each port that several of the settings `names` share."""
    found = []
    for port in dict.fromkeys(settings[name] for name in names):
        sharing = [name for name in names if settings[name] == port]
        if port and len(sharing) > 1:  # 0: any free one, each its own
            mend = f"Choose another with {ways(sharing[-1])}."
            found.append(f"Port {port} is given to two servers, {' and '.join(sharing)}. {mend}")
    return found


def other_loopback(host: str, port: int) -> list[socket.socket]:
    """The same port on ::1, which "localhost" means first to Node.js; nothing where it cannot be had."""
    if host not in ("127.0.0.1", "localhost"):
        return []
    try:
        return [listen("::1", port, "http_port")]
    except OSError:  # no IPv6 here, or somebody else's
        return []


def taken(host: str, port: int, setting: str, error: OSError) -> OSError:
    """What to say where `port`, given by `setting`, cannot be had."""
    other = f"Stop it, or choose another port with {ways(setting)}."
    if error.errno == errno.EADDRINUSE:
        return OSError(f"Port {port} on {host} is taken by {holder(port) or 'another program'}. {other}")
    if error.errno == errno.EACCES:
        return OSError(
            f"Port {port} on {host} needs more rights than this user has. {other[9:].capitalize()}"
        )
    return OSError(
        f"Cannot listen on {host} port {port} ({error.strerror}). Check --host and {flag(setting)}."
    )


def ways(setting: str) -> str:
    """How a setting is given."""
    return f"{flag(setting)} or {SETTINGS[setting].env}"


def flag(setting: str) -> str:
    return f"--{setting.replace('_', '-')}"


def holder(port: int) -> str:
    """ "process 4711 (llmobs up)" where this system tells us (Linux, our own processes), otherwise ""."""
    inodes = _listening(port)
    for folder in Path("/proc").glob("[0-9]*") if inodes else ():
        try:
            if any(f.readlink().name in inodes for f in (folder / "fd").iterdir() if f.is_symlink()):
                command = (
                    (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                )
                return f"process {folder.name} ({command[:120]})"
        except OSError:  # another user's, or gone
            continue
    return ""


def _listening(port: int) -> set[str]:
    """The sockets that listen on `port`, as links in /proc/PID/fd name them."""
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            words = line.split()
            if words[3] == "0A" and int(words[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{words[9]}]")
    return found
