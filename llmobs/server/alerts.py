"""Alerts: what rules import and commands call. Engine, incidents and judging stand in files of their own."""

import logging
import signal
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from types import FrameType
from typing import Any

from llmobs.discover import modules
from llmobs.server.engine import Engine, Send, Unreachable
from llmobs.server.incidents import Incident, fingerprint
from llmobs.server.judging import Alert, Rule, rules, run
from llmobs.server.store import open_store
from llmobs.server.up import url

__all__ = ["Alert", "Engine", "Rule", "channels", "rules", "run", "send_test", "watch"]

log = logging.getLogger(__name__)


def watch(settings: Mapping[str, Any]) -> None:
    """Judges the rules every `alert_interval` until SIGTERM or Ctrl-C."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    store, told = open_store(url(settings, "http_port")), channels(settings)
    engine = Engine(store, rules(), told)
    stop = stop_signal()
    print(
        f"Judging {', '.join(rules())} every {settings['alert_interval']:g} s. Telling {', '.join(told)}.",
        flush=True,
    )
    reachable = True
    while not stop.is_set():
        try:
            engine.tick(datetime.now(UTC))
            if not reachable:
                log.info("The collector answers again.")
            reachable = True
        except Unreachable as wrong:
            if reachable:
                log.warning("No alert can be judged until the collector answers: %s", wrong)
            reachable = False
        except Exception:  # alerting must not end with one mistake
            log.exception("This look at the rules failed; the next one follows.")
        stop.wait(settings["alert_interval"])
    store.close()


def stop_signal() -> threading.Event:
    """Set by SIGTERM and Ctrl-C. Signals reach the main thread only; elsewhere it is never set."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    if threading.current_thread() is threading.main_thread():
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, end)
    return stop


def channels(settings: Mapping[str, Any]) -> dict[str, Send]:
    """The channels that these settings switch on, by name."""
    found = modules("llmobs.server.channels")
    return {
        name: partial(each.send, settings=settings) for name, each in found.items() if each.ready(settings)
    }


def send_test(settings: Mapping[str, Any], dry: bool = False) -> list[str]:
    """Sends a test message over every channel that is switched on; a line for each of what became of it.

    `dry`: nothing is sent, the lines show what would be.
    """
    found = {n: m for n, m in modules("llmobs.server.channels").items() if m.ready(settings)}
    return [f"{name}: {tried(each, settings, dry)}" for name, each in found.items()]


def tried(channel: Any, settings: Mapping[str, Any], dry: bool) -> str:
    now = datetime.now(UTC).replace(microsecond=0)
    message = Incident(
        id=f"test-{now:%Y%m%dT%H%M%S}",
        fingerprint=fingerprint("test", "llmobs"),
        rule="test",
        subject="llmobs",
        severity="ticket",
        state="firing",
        pending_since=now,
        firing_since=now,
        updated_at=now,
        says="This is a test. If you can read it, alerts reach you.",
        runbook="Nothing to do.",
    )
    if dry:
        return str(channel.preview(message, settings))
    try:
        channel.send(message, settings)
    except OSError as wrong:
        return f"failed: {wrong}"
    return "sent"
