"""How much traffic there is when: by hour, by weekday, growing; who sends it. The same for live and history.

Times are Unix seconds. A bucket of five minutes is the unit of history: what happens in it depends on seed,
service and bucket alone, so that it can be made again, or left out because it is there already.
"""

import math
import random
import time
from typing import NamedTuple

BUCKET_S = 300
HISTORY_S = 48 * 3_600
DAY_S = 86_400
INDEX_BUILT_S = 3 * 3_600


class Service(NamedTuple):
    """One program of the demo: where it runs, what it does how often, and its traces a minute at its peak."""

    name: str
    environment: str
    peak_per_minute: float
    shares: dict[str, float]  # scenario of `desk` -> share of the traces


SERVICES: tuple[Service, ...] = (
    Service("inbox", "production", 8.0, {"triage": 0.6, "summarise": 0.4}),
    Service("support-desk", "production", 12.0, {"answer_ticket": 0.72, "resolve_case": 0.28}),
    Service("support-desk", "staging", 0.7, {"answer_ticket": 0.8, "resolve_case": 0.2}),
)


def per_minute(service: Service, at: float, now: float) -> float:
    """Traces a minute at a moment up to `now`: busy by day, calmer at weekends, growing up to now."""
    local = time.localtime(at)
    hour = local.tm_hour + local.tm_min / 60
    by_hour = 0.75 + 0.25 * math.sin((hour - 8.5) / 24 * 2 * math.pi)  # 1.0 in the afternoon, 0.5 at night
    by_day = 0.75 if local.tm_wday >= 5 else 1.0
    age = min(1.0, max(0.0, (now - at) / HISTORY_S))
    grown = 0.15 + 0.85 * (1 - age) ** 2
    return service.peak_per_minute * by_hour * by_day * grown


def bucket_of(at: float) -> int:
    return int(at // BUCKET_S)


def starts(service: Service, bucket: int, now: float, seed: int) -> list[float]:
    """When the traces of a bucket begin, in order; none later than `now`."""
    chance = random.Random(f"{seed}|{service}|{bucket}")
    begin = bucket * BUCKET_S
    wanted = per_minute(service, begin, now) * BUCKET_S / 60 * math.exp(chance.gauss(0, 0.15))
    count = int(wanted) + (chance.random() < wanted % 1)
    return sorted(at for at in (begin + chance.random() * BUCKET_S for _ in range(count)) if at < now)


def scenario(service: Service, chance: random.Random) -> str:
    return chance.choices(list(service.shares), list(service.shares.values()))[0]


def index_built_at(at: float) -> float:
    """When the index of help articles was last built before that moment: each night at three (UTC)."""
    return at - (at - INDEX_BUILT_S) % DAY_S


class Visitor(NamedTuple):
    """Who asks, and in which session."""

    user: str
    session: str
    plan: str
    channel: str


def visitor(at: float, chance: random.Random) -> Visitor:
    """A few users ask often, most once in a while; a session lasts up to half an hour."""
    number = min(int(6 * chance.paretovariate(0.8)) - 5, 600)
    fixed = random.Random(number)
    plan = fixed.choices(("free", "plus", "fleet"), (6, 3, 1))[0]
    return Visitor(
        f"user-{number:03d}",
        f"s-{number:03d}-{int(at // 1_800) % 100_000:05d}",
        plan,
        fixed.choice(("web", "app", "mail")),
    )
