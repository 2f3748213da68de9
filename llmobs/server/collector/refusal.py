"""Why a request is turned away: the reason in words, and its status over HTTP and over gRPC.

Which statuses an exporter sends again is fixed by OTLP 1.9 (read on 2026-11-22): 429, 502, 503 and 504
over HTTP; UNAVAILABLE and a few more over gRPC, RESOURCE_EXHAUSTED only with a RetryInfo. A wrong choice here
makes clients drop good spans, or send bad ones for ever.
"""

INVALID_ARGUMENT = 3
NOT_FOUND = 5
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14


OTHER_SIGNALS = ("/v1/metrics", "/v1/logs", "/v1development/profiles")


class Refusal(ValueError):
    """A request that gets no success. `retry_after_s` is set where sending it again may help."""

    def __init__(
        self,
        says: str,
        http: int,
        grpc: int,
        retry_after_s: int | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(says)
        self.says = says
        self.http = http
        self.grpc = grpc
        self.retry_after_s = retry_after_s
        self.headers = headers


def malformed(says: str) -> Refusal:
    return Refusal(says, 400, INVALID_ARGUMENT)


def forbidden(says: str) -> Refusal:
    return Refusal(says, 403, PERMISSION_DENIED)


def unknown_path(path: str, known: list[str]) -> Refusal:
    why = "This collector takes traces only, at /v1/traces." if path in OTHER_SIGNALS else ""
    return Refusal(why or f"There is nothing at {path}. Known: {', '.join(known)}.", 404, NOT_FOUND)


def wrong_method(method: str, path: str, allowed: list[str]) -> Refusal:
    allow = ", ".join(allowed)
    return Refusal(
        f"{method} is not answered at {path}. Allowed: {allow}.",
        405,
        UNIMPLEMENTED,
        headers=((b"allow", allow.encode()),),
    )


def too_slow(says: str) -> Refusal:
    return Refusal(says, 408, INVALID_ARGUMENT)


def too_large(says: str) -> Refusal:
    return Refusal(says, 413, RESOURCE_EXHAUSTED)


def unsupported(says: str) -> Refusal:
    return Refusal(says, 415, UNIMPLEMENTED, headers=((b"accept-encoding", b"gzip"),))


def busy(says: str) -> Refusal:
    """More is waiting than we hold; the client has it and sends it again."""
    return Refusal(says, 503, RESOURCE_EXHAUSTED, retry_after_s=1)


def unavailable(says: str, retry_after_s: int = 1) -> Refusal:
    """We cannot take anything just now: starting, stopping, disk full."""
    return Refusal(says, 503, UNAVAILABLE, retry_after_s)


def broken(says: str) -> Refusal:
    return Refusal(says, 500, INTERNAL)
