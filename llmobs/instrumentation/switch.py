"""On and off: what `llmobs.instrument` and `llmobs.uninstrument` do.

Order matters. Settings are read and judged first, so that a wrong one changes nothing; the exporter starts
before the first method is patched, so that no call is lost.
"""

import functools
import logging
import threading
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from llmobs import config
from llmobs.discover import modules
from llmobs.instrumentation import content, export, fence, patch, transport

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

log = logging.getLogger("llmobs")
NAMES = tuple(s.name for s in config.SETTINGS.values() if s.half == "instrumentation")
SHORTEST_S, LONGEST_S = 0.001, 3_600.0  # of flush_interval
in_force: dict[str, Any] = {}  # settings by name, while instrumented; `sources` says where each was found
sources: dict[str, str] = {}
provisional = False  # begun by `llmobs run`: what the program itself says to `instrument` takes its place
_lock = threading.Lock()


def on(
    arguments: Mapping[str, Any],
    sdks: Iterable[str] | None,
    redact: Iterable[Any],
    provider: "TracerProvider | None",
    threads: bool,
) -> None:
    """Starts recording, unless it has been started; ValueError for a setting that cannot be."""
    global provisional
    with _lock:
        if in_force and provisional:
            stop()
        elif in_force:
            log.info("llmobs: instrument() was called again; the first call's settings hold.")
            return
        provisional = False
        settings = {name: config.value(name, arguments.get(name)) for name in NAMES}
        if settings["disabled"]:
            log.info("llmobs: switched off by %s.", config.source("disabled"))
            return
        rows = chosen(sdks)
        judge(settings)
        content.configure(settings["capture_content"], settings["content_limit"], redact)
        found = {name: config.source(name, arguments.get(name)) for name in NAMES}
        named = settings["service_name"] if found["service_name"] != "default" else ""
        send = found["endpoint"] == "argument"
        export.start({**settings, "service_name": named, "send": send}, provider)
        in_force.update(settings)
        sources.update(found)
        for row in rows.values():
            wait_for(row)
        for library in transport.LIBRARIES:
            patch.when_imported(library, transport.targets)
        if threads:
            from llmobs.instrumentation.threads import carry

            carry()


def off(timeout_s: float = fence.EXIT_S) -> None:
    """Puts every method back and sends what is finished."""
    with _lock:
        stop(timeout_s)


def stop(timeout_s: float = fence.EXIT_S) -> None:
    """The same, for those who hold the lock."""
    patch.undo_all()
    export.stop(timeout_s)
    in_force.clear()
    sources.clear()


def chosen(sdks: Iterable[str] | None) -> dict[str, ModuleType]:
    """The rows of the SDKs asked for; all for None."""
    rows = modules("llmobs.instrumentation.integrations")
    if sdks is None:
        return rows
    names = [sdks] if isinstance(sdks, str) else list(sdks)
    if unknown := [name for name in names if name not in rows]:
        raise ValueError(f"sdks={names!r} holds {unknown[0]!r}. Known: {', '.join(rows)}.")
    return {name: rows[name] for name in names}


def judge(settings: Mapping[str, Any]) -> None:
    """ValueError for what could not be meant."""
    if not 0 <= settings["sample"] <= 1:
        raise ValueError(f"sample={settings['sample']!r}. Expected a share between 0 and 1.")
    for name in ("content_limit", "queue_spans", "queue_bytes"):
        if settings[name] < 1:
            raise ValueError(f"{name}={settings[name]!r}. Expected at least 1 {config.SETTINGS[name].unit}.")
    if not SHORTEST_S <= settings["flush_interval"] <= LONGEST_S:
        expected = f"{SHORTEST_S:g} to {LONGEST_S:g} s"
        raise ValueError(f"flush_interval={settings['flush_interval']!r}. Expected {expected}.")
    if settings["compression"] not in ("none", "gzip"):
        raise ValueError(f"compression={settings['compression']!r}. Expected none or gzip.")


def wait_for(row: Any) -> None:
    """Has the SDK of `row` patched when the program imports it, and its own tracing silenced."""
    if row.NATIVE:
        patch.undo_with(config.put(row.NATIVE))
    patch.when_imported(row.SDK, functools.partial(targets, row))


def targets(row: Any, sdk: ModuleType) -> list[patch.Target]:
    """What to patch in the SDK that `row` describes."""
    formats = modules("llmobs.instrumentation.dialects")
    family: Any = modules("llmobs.instrumentation.families")[row.FAMILY]
    found: list[patch.Target] = family.targets(sdk, row, [formats[name] for name in row.DIALECTS])
    if hasattr(row, "TRACER"):
        module, path = row.TRACER
        found.append(patch.Target(f"{row.SDK}.{module}", path, property(lambda client: None), None))
    return found
