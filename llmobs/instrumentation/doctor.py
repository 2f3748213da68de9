"""What is installed, patched and why not, where spans go, which settings hold: for `llmobs doctor`.

In a program that is instrumented it tells what is; elsewhere what would be. It imports the SDKs for that,
which nothing else of ours does.
"""

import contextlib
import importlib.util
import json
import platform
import urllib.error
from collections.abc import Iterator
from http.client import HTTPException, InvalidURL
from importlib import metadata
from typing import Any
from urllib.parse import urlsplit
from urllib.request import OpenerDirector

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NoOpTracer

import llmobs
from llmobs import config
from llmobs.discover import modules
from llmobs.instrumentation import export, patch, switch, transport
from llmobs.instrumentation.otlp import opener, traces_url

READY_S = 2.0  # how long the collector may take to say that it is there
TAKEN = {
    "accepted_spans": "spans accepted",
    "rejected_spans": "rejected",
    "duplicate_requests": "requests that came twice",
    "quarantined_requests": "put aside unread",
}
PACKAGES = ("opentelemetry-sdk", "opentelemetry-exporter-otlp", "wrapt")


def report() -> str:
    """Everything, in the order in which one would ask."""
    on = "on" if switch.in_force else "not switched on in this process"
    lines = [f"llmobs {llmobs.__version__} on Python {platform.python_version()}, instrumentation {on}"]
    lines += [f"  {name} {installed(name) or 'is missing'}" for name in PACKAGES]
    if isinstance(TracerProvider(shutdown_on_exit=False).get_tracer(__name__), NoOpTracer):
        lines.append("  FAILED, no span is made: OTEL_SDK_DISABLED switches all of OpenTelemetry off")
    lines += ["", "SDKs", *sdks(), "", "Collector", *collector(), "", "Settings", *settings()]
    return "\n".join([*lines, "", "Spans of this process", f"  {counted()}", ""])


def counted() -> str:
    """What became of the spans of this process."""
    if not switch.in_force:
        return "none, it is not instrumented; an instrumented program warns in its log of what it drops"
    return ", ".join(f"{name} {count}" for name, count in export.counters().items())


def installed(name: str) -> str | None:
    """The version of a distribution, or of the one that brings the package `name`: its own may be another."""
    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version(name)
    with contextlib.suppress(ModuleNotFoundError):  # of the package that `name` lies in
        if importlib.util.find_spec(name) is not None:
            brought_by = metadata.packages_distributions()  # slow, so not for what is missing
            return ", ".join(map(metadata.version, brought_by.get(name.partition(".")[0], ()))) or "?"
    return None


def sdks() -> Iterator[str]:
    """Each SDK that we know, then what carries their calls."""
    for row in modules("llmobs.instrumentation.integrations").values():
        yield from module(row.SDK, f"tested with {row.TESTED}", lambda sdk, row=row: switch.targets(row, sdk))
    for library in transport.LIBRARIES:
        yield from module(library, "tells of retries and rate limits", transport.targets)


def module(name: str, note: str, targets: Any) -> Iterator[str]:
    version = installed(name)
    if version is None:
        yield f"  {name}: not installed"
        return
    yield f"  {name} {version} ({note})"
    try:
        wanted = targets(importlib.import_module(name))
    except Exception as error:  # whatever a broken installation raises
        yield f"    cannot be read: {type(error).__name__}: {error}"
        return
    for target in wanted:
        yield f"    {target.name}: {state(target)}"


def state(target: patch.Target) -> str:
    """Patched, or could be; otherwise why not."""
    if (known := patch.states.get(target.name)) is not None:
        return known if known == patch.PATCHED else f"FAILED, {known}"
    found = patch.seat(target)
    return f"FAILED, {found}" if isinstance(found, str) else "can be patched"


def collector() -> Iterator[str]:
    """Where spans go, and whether somebody is there."""
    endpoint = in_force("endpoint")
    try:
        parts = urlsplit(traces_url(endpoint))
        ready = f"{parts.scheme}://{parts.netloc}/readyz"
        opened = opener(ready, in_force("certificate"))
        with opened.open(ready, timeout=READY_S) as answer:
            yield f"  {endpoint}: ready ({answer.status})"
        yield from took(opened, f"{parts.scheme}://{parts.netloc}/api/status")
    except urllib.error.HTTPError as answer:
        with answer:
            yield f"  {endpoint}: answers {answer.code} to /readyz; a collector of llmobs answers 200"
    except (ValueError, InvalidURL) as wrong:  # the address itself, or the certificate for it
        yield f"  {endpoint}: FAILED, {wrong}"
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        yield f"  {endpoint}: cannot be reached ({reason}). Start a collector with: llmobs up"


def took(opened: OpenerDirector, url: str) -> Iterator[str]:
    """What the collector took and what it did not; nothing where it is another one that does not tell."""
    try:
        with opened.open(url, timeout=READY_S) as answer:
            status = json.load(answer)
    except (OSError, HTTPException, ValueError):
        return
    if isinstance(status, dict):
        counts = ", ".join(f"{words} {status.get(name)}" for name, words in TAKEN.items())
        yield f"  since its start: {counts}"
        yield from (f"  {status[name]}" for name in ("trouble", "unjudged") if status.get(name))


def settings() -> Iterator[str]:
    """Those of the instrumentation, where each was found, and which `instrument` would refuse."""
    read: dict[str, Any] = {}
    for name in switch.NAMES:
        try:
            read[name] = found = in_force(name)
        except ValueError as wrong:
            read[name] = config.SETTINGS[name].default
            yield f"  {name}: FAILED, {wrong}"
            continue
        if name == "headers":  # keys are in there
            found = dict.fromkeys(found, "[masked]")
        yield f"  {name} = {found!r} ({switch.sources.get(name) or config.source(name)})"
    try:
        switch.judge(read)
    except ValueError as wrong:
        yield f"  FAILED, {wrong}"


def in_force(name: str) -> Any:
    return switch.in_force[name] if name in switch.in_force else config.value(name)
