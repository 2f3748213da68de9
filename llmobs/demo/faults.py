"""How the stand-in fails: on purpose (`PUT /faults`) and, rarely, by itself, as providers do.

Kinds: outage (503), overloaded (529), rate_limit (429 with retry-after), error (500), too_long (400),
timeout (no answer), empty (an answer without a word), slow (`factor` times as long), broken (the stream stops
half way).
"""

import json
import random
from typing import Any, NamedTuple

STATUS = {"outage": 503, "overloaded": 529, "rate_limit": 429, "error": 500, "too_long": 400}
KINDS = (*STATUS, "timeout", "empty", "slow", "broken")
SAYS = {
    "outage": "The service is temporarily unavailable.",
    "overloaded": "Overloaded",
    "rate_limit": "Rate limit reached for requests. Please try again in 1s.",
    "error": "The server had an error while processing your request.",
    "too_long": "The prompt is longer than this model's context window.",
}
# Share of calls that fail by themselves; most succeed when the SDK tries again.
NOISE = (("rate_limit", 0.008), ("error", 0.003), ("slow", 0.006))
TYPES = {
    "openai": {
        400: "invalid_request_error",
        404: "invalid_request_error",
        429: "rate_limit_exceeded",
    },
    "anthropic": {
        400: "invalid_request_error",
        404: "not_found_error",
        429: "rate_limit_error",
        529: "overloaded_error",
    },
}


class Fault(NamedTuple):
    """One way to fail, and the share of calls that do."""

    kind: str
    share: float = 1.0
    factor: float = 4.0


Faults = dict[str, Fault]


def parse(body: bytes) -> Faults:
    """{model or "*": {"kind": ..., "share": ...}}; ValueError says what is wrong."""
    found = {model: Fault(**given) for model, given in dict(json.loads(body)).items()}
    for model, fault in found.items():
        if fault.kind not in KINDS:
            raise ValueError(f"{model}: no fault {fault.kind!r}. Known: {', '.join(KINDS)}.")
    return found


def drawn(faults: Faults, model: str, chance: random.Random) -> Fault | None:
    """The fault that meets this call, if one does."""
    fault = faults.get(model) or faults.get("*")
    return fault if fault and chance.random() < fault.share else None


def noise(scale: float, chance: random.Random) -> Fault | None:
    """The fault that meets this call without anyone's doing, if one does."""
    point = chance.random()
    for kind, share in NOISE:
        point -= share * scale
        if point < 0:
            return Fault(kind)
    return None


def headers(kind: str, pace: float) -> dict[str, str]:
    """When to come again. With no pace at once, so that recordings and tests do not wait for the SDK."""
    if kind != "rate_limit" and pace:
        return {}
    return {"retry-after": "1", "retry-after-ms": str(max(1, round(300 * pace)))}


def error(provider: str, status: int, says: str) -> dict[str, Any]:
    """The error's body as `provider` writes it."""
    if provider == "anthropic":
        kind = TYPES[provider].get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": says}}
    kind = TYPES["openai"].get(status, "server_error")
    code = "model_not_found" if status == 404 else None
    return {"error": {"message": says, "type": kind, "param": None, "code": code}}
