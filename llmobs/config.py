"""Every setting: its name, environment variable, default, unit and what it does.

The only reader of `os.environ`. Order: argument > `LLMOBS_*` > `OTEL_*` > configuration file > default.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

NUMBERS: dict[Any, str] = {int: "a whole number", float: "a number"}  # what `parse` expects, in words
Half = Literal["instrumentation", "server"]


class Setting(NamedTuple):
    """One setting. `otel`: OpenTelemetry variables that are read where ours is not set."""

    name: str
    default: Any
    parse: Callable[[str], Any]
    unit: str
    says: str
    half: Half
    otel: tuple[str, ...] = ()

    @property
    def env(self) -> str:
        return f"LLMOBS_{self.name.upper()}"


def flag(text: str) -> bool:
    """True or False from the words people write; ValueError for anything else."""
    word = text.strip().lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"{text!r} is neither true nor false. Write one of: true, false.")


def pairs(text: str) -> dict[str, str]:
    """`a=1,b=2` as OpenTelemetry writes headers, a space or comma in a value as %20 or %2C."""
    items = [item.partition("=") for item in text.split(",") if item.strip()]
    for number, (key, equals, _) in enumerate(items, 1):
        if not equals or not key.strip():  # no more is said: the text may be a key
            raise ValueError(f"item {number} is no name=value. Write a=1,b=2.")
    return {unquote(key.strip()): unquote(value.strip()) for key, _, value in items}


SETTINGS: dict[str, Setting] = {
    s.name: s
    for s in (
        Setting(
            "service_name",
            "unknown_service",
            str,
            "",
            "Name of your program on every span.",
            "instrumentation",
            ("OTEL_SERVICE_NAME",),
        ),
        Setting(
            "endpoint",
            "http://127.0.0.1:4318",
            str,
            "URL",
            "Collector that spans go to, as OTLP over HTTP.",
            "instrumentation",
            ("OTEL_EXPORTER_OTLP_ENDPOINT",),
        ),
        Setting(
            "headers",
            {},
            pairs,
            "a=1,b=2",
            "Headers sent with every export.",
            "instrumentation",
            ("OTEL_EXPORTER_OTLP_HEADERS",),
        ),
        Setting(
            "capture_content",
            True,
            flag,
            "",
            "Put prompts, answers and tool data on spans.",
            "instrumentation",
        ),
        Setting(
            "content_limit",
            262_144,
            int,
            "characters",
            "Longest message text kept on a span; the rest is cut and counted.",
            "instrumentation",
        ),
        Setting("sample", 1.0, float, "share", "Share of traces that are sent.", "instrumentation"),
        Setting(
            "queue_spans",
            8_192,
            int,
            "spans",
            "Spans held while the collector is away; past it new ones are dropped and counted.",
            "instrumentation",
        ),
        Setting(
            "flush_interval",
            1.0,
            float,
            "s",
            "Longest time a finished span waits before it is sent.",
            "instrumentation",
        ),
        Setting("disabled", False, flag, "", "Switches the instrumentation off.", "instrumentation"),
        Setting(
            "queue_bytes",
            67_108_864,
            int,
            "bytes",
            "Content held while the collector is away, roughly; past it new spans are dropped and counted.",
            "instrumentation",
        ),
        Setting(
            "environment",
            "",
            str,
            "",
            "Where your program runs, such as production; on every span.",
            "instrumentation",
        ),
        Setting(
            "compression",
            "none",
            str,
            "none or gzip",
            "How spans are packed on the wire.",
            "instrumentation",
            ("OTEL_EXPORTER_OTLP_COMPRESSION",),
        ),
        Setting(
            "certificate",
            "",
            str,
            "file",
            "Certificate of the authority that signed the collector's, for https endpoints.",
            "instrumentation",
            ("OTEL_EXPORTER_OTLP_CERTIFICATE",),
        ),
        Setting("prompts", "prompts", str, "folder", "Where `llmobs.prompt` looks.", "instrumentation"),
        Setting("data", "~/.llmobs", str, "folder", "Where the collector keeps its data.", "server"),
        Setting("host", "127.0.0.1", str, "", "Address that every server listens on.", "server"),
        Setting("http_port", 4318, int, "port", "OTLP over HTTP and the read API.", "server"),
        Setting("grpc_port", 4317, int, "port", "OTLP over gRPC.", "server"),
        Setting("dashboard_port", 8501, int, "port", "The dashboard.", "server"),
        Setting("max_body", 67_108_864, int, "bytes", "Largest request, after decompression.", "server"),
        Setting(
            "max_backlog",
            67_108_864,
            int,
            "bytes",
            "Acknowledged bytes not yet decoded; past it clients are told to wait.",
            "server",
        ),
        Setting(
            "memory_limit", "256MB", str, "size", "Memory that the database may use, such as 2GB.", "server"
        ),
        Setting("query_timeout", 30.0, float, "s", "Longest time a query may run.", "server"),
        Setting("keep_days", 30.0, float, "days", "How long spans are kept.", "server"),
        Setting(
            "keep_content_days",
            7.0,
            float,
            "days",
            "How long prompts and answers are kept; numbers stay.",
            "server",
        ),
        Setting(
            "max_disk",
            10_737_418_240,
            int,
            "bytes",
            "Largest size of the data folder; past it the oldest content goes, then the oldest spans.",
            "server",
        ),
        Setting("prices", "", str, "file", "Your own prices, in YAML, over the built-in ones.", "server"),
        Setting("alert_interval", 15.0, float, "s", "How often alert rules are judged.", "server"),
        Setting("webhook", "", str, "URL", "Where alerts are posted; empty for nowhere.", "server"),
        Setting("webhook_secret", "", str, "", "Signs what is posted there, with HMAC-SHA256.", "server"),
        Setting(
            "dashboard_url",
            "",
            str,
            "URL",
            "Where people open the dashboard, for links in alerts; empty for host and port.",
            "server",
        ),
    )
}


def value(name: str, argument: Any = None, file: Mapping[str, Any] | None = None) -> Any:
    """The setting `name`: `argument`, else the environment, else `file`, else its default.

    ValueError with the variable's name where its text cannot be read.
    """
    setting = SETTINGS[name]
    if argument is not None:
        return argument
    for variable in (setting.env, *setting.otel):
        text = os.environ.get(variable)
        if text:
            try:
                return setting.parse(text)
            except ValueError as wrong:
                number = NUMBERS.get(setting.parse)
                why = f"expected {number} ({setting.unit})." if number else str(wrong)
                given = variable if setting.parse is pairs else f"{variable}={text!r}"  # keys are in there
                raise ValueError(f"{given} cannot be read: {why}") from None
    return (file or {}).get(name, setting.default)


def environment(settings: Mapping[str, Any]) -> dict[str, str]:
    """This process's environment with `settings` as `LLMOBS_*` variables: what a child is started with."""
    written = {SETTINGS[name].env: str(found) for name, found in settings.items()}
    return {**os.environ, **written, "PYTHONUNBUFFERED": "1"}


def source(name: str, argument: Any = None, file: Mapping[str, Any] | None = None) -> str:
    """Where `value` finds the setting `name`: "argument", a variable's name, "file" or "default"."""
    setting = SETTINGS[name]
    if argument is not None:
        return "argument"
    for variable in (setting.env, *setting.otel):
        if os.environ.get(variable):
            return variable
    return "file" if name in (file or {}) else "default"


def put(variables: Mapping[str, str]) -> Callable[[], None]:
    """Sets environment variables that other libraries read; gives what puts them back as they were."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)

    def back() -> None:
        for name, text in before.items():
            if text is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = text

    return back
