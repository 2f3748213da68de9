"""`llmobs demo`: the process tree of `llmobs up`, beside it a stand-in for the providers, traffic, history.

Its data lies in a folder of its own beside the real one, which it never opens.
"""

import json
import shutil
import socket
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from llmobs.demo.shape import SERVICES
from llmobs.server import up
from llmobs.server.tree import Part, Tree

MARK = "llmobs-demo"  # a file in the folder that says whose it is: only such a folder is ever cleared
ALERT_INTERVAL_S = 10.0  # one watches, so rules are judged more often
PROMPTS = Path(__file__).parent / "prompts"


class Options(NamedTuple):
    """What one may choose."""

    fresh: bool = False
    speed: float = 1.0
    history: bool = True
    seed: int = 7
    duration_s: float | None = None
    webhook: str | None = None


def run(settings: Mapping[str, Any], options: Options) -> int:
    """Runs the demo until Ctrl-C; the exit code."""
    up.refuse_taken_ports(settings)
    data = prepared(Path(f"{settings['data'].rstrip('/')}-demo"), options.fresh)
    demo = {
        **settings,
        "data": str(data),
        "endpoint": up.url(settings, "http_port"),
        "prompts": str(PROMPTS),
        "alert_interval": min(settings["alert_interval"], ALERT_INTERVAL_S),
        # the demo's outages are nobody's business, unless they were asked for
        "webhook": options.webhook or "",
    }
    tree = Tree([*up.parts(demo), *parts(demo, options, time.time(), free_port())], demo)
    tree.say(f"Demo data in {data}. Your own, in {settings['data']}, is not touched.")
    return tree.run(lambda: welcome(demo, options))


def prepared(folder: Path, fresh: bool) -> Path:
    """The demo's folder, empty where `fresh`; ValueError where it is not the demo's."""
    if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
        raise ValueError(
            f"{folder} holds something else than data of the demo. Move it away, or name another place with "
            "--data FOLDER, to which the demo adds `-demo`."
        )
    if fresh and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("Data of `llmobs demo`. It may be deleted at any time.\n", encoding="utf-8")
    return folder


def parts(settings: Mapping[str, Any], options: Options, start: float, port: int) -> list[Part]:
    """Stand-in, traffic of each service, history."""
    provider = f"http://127.0.0.1:{port}"
    common = ("--seed", str(options.seed), "--start", str(start), "--with-parent")
    lasts: Sequence[str] = ("--duration", str(options.duration_s)) if options.duration_s else ()
    found = [
        Part(
            "provider",
            ("-m", "llmobs.demo.provider", "--port", str(port), "--seed", str(options.seed), "--with-parent"),
            up.answers(f"{provider}/healthz"),
            ends_last=True,
        )
    ]
    for number, service in enumerate(SERVICES):
        leads = number == 0
        found.append(
            Part(
                "traffic" if leads else f"traffic-{number + 1}",
                (*traffic(number, provider, options.speed), *common, *(lasts if leads else ())),
                any_spans(settings["endpoint"]) if leads else lambda: True,
                after=() if leads else ("traffic",),
                settings={"service_name": service.name, "environment": service.environment},
                ends_all=bool(leads and lasts),
            )
        )
    if options.history:
        collector = ("--collector", settings["endpoint"])
        command = ("-m", "llmobs.demo.history", *collector, *common)
        found.append(Part("history", command, lambda: True, after=("traffic",), once=True))
    return found


def any_spans(collector: str) -> Callable[[], bool]:
    """Whether the collector has taken spans. What can wait does so until the first trace is on screen."""

    def look() -> bool:
        try:
            with urllib.request.urlopen(f"{collector}/api/status", timeout=2) as found:
                return bool(json.load(found)["accepted_spans"])
        except (OSError, ValueError):
            return False

    return look


def traffic(number: int, provider: str, speed: float) -> tuple[str, ...]:
    chosen = ("--service", str(number), "--provider", provider, "--speed", str(speed))
    return ("-m", "llmobs.demo.traffic", *chosen)


def free_port() -> int:
    """For the stand-in, which nobody else needs to find."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def welcome(settings: Mapping[str, Any], options: Options) -> str:
    first = "In about a minute a provider begins to fail: watch the Alerts page."
    past = "Two days of history fill in behind it, the newest first." if options.history else ""
    return "\n".join(line for line in (up.welcome(settings), past, first) if line)
