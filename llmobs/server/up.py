"""`llmobs up`: collector, alert engine and dashboard as one process tree, and where each of them is."""

import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from llmobs.server import ports
from llmobs.server.tree import Part, Tree

# What the parts say at their start; we say it ourselves, in one place.
COLLECTOR_NOISE = ("Collector listens on",)
STREAMLIT_NOISE = (
    "Uvicorn server started",
    "You can now view your Streamlit app",
    "URL: ",
    "Stopping...",
    "watchdog",
    "Watchdog",
)
ANYWHERE = ("0.0.0.0", "::", "")


PORTS = ("http_port", "grpc_port", "dashboard_port")


class PortTaken(OSError):
    """A port cannot be listened on; the text says which, who holds it where known, and how to move."""


def up(settings: Mapping[str, Any]) -> int:
    """Runs everything until Ctrl-C; the exit code."""
    refuse_taken_ports(settings)
    tree = Tree(parts(settings), {**settings, "endpoint": url(settings, "http_port")})
    tree.say(f"Data in {settings['data']}")
    return tree.run(lambda: welcome(settings))


def parts(settings: Mapping[str, Any]) -> list[Part]:
    """The three processes of llmobs. The dashboard starts beside the collector, since both take seconds."""
    collector, dashboard = url(settings, "http_port"), url(settings, "dashboard_port")
    grpc = url(settings, "grpc_port").removeprefix("http://")
    return [
        Part(
            "collector",
            command("collector"),
            answers(f"{collector}/readyz"),
            f"Collector takes spans at {collector} (OTLP over HTTP) and {grpc} (gRPC)",
            noise=COLLECTOR_NOISE,
            ends_last=True,
        ),
        Part(
            "dashboard",
            command("dashboard"),
            answers(f"{dashboard}/_stcore/health"),
            f"Dashboard is at {dashboard}",
            noise=STREAMLIT_NOISE,
        ),
        Part("watch", command("watch"), lambda: True, after=("collector",)),
    ]


def command(name: str) -> tuple[str, ...]:
    return ("-m", "llmobs", name, "--with-parent")


def welcome(settings: Mapping[str, Any]) -> str:
    return f"All is up: {url(settings, 'dashboard_port')}   (Ctrl-C ends all)"


def url(settings: Mapping[str, Any], port: str) -> str:
    """Where a client on this machine finds the server on that port."""
    host = "127.0.0.1" if settings["host"] in ANYWHERE else settings["host"]
    return f"http://[{host}]:{settings[port]}" if ":" in host else f"http://{host}:{settings[port]}"


def answers(address: str) -> Callable[[], bool]:
    """Whether a GET there says 200."""

    def look() -> bool:
        try:
            with urllib.request.urlopen(address, timeout=2) as found:
                return bool(found.status == 200)
        except OSError:  # refused, reset, timed out, 503
            return False

    return look


def refuse_taken_ports(settings: Mapping[str, Any]) -> None:
    """PortTaken says of every port that cannot be had why not, and how to choose another."""
    found = ports.given_twice(settings, PORTS)
    for setting in () if found else PORTS:
        try:
            ports.listen(settings["host"], settings[setting], setting).close()
        except OSError as wrong:
            found.append(str(wrong))
    if found:
        raise PortTaken("\n".join(found))
