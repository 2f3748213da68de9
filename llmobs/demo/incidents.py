"""What goes wrong in the demo, and when: in the two days before the start, and while one watches.

Two kinds are the provider's doing and become faults of the stand-in; two are the team's own and become
choices of the demo's program, as a release or a changed flag would.
"""

from typing import NamedTuple

from llmobs.demo.faults import Fault

MINUTE, HOUR = 60.0, 3_600.0


class Incident(NamedTuple):
    """`at_s`: seconds after the start of live traffic, negative for history."""

    kind: str  # outage | empty | truncated | costly
    at_s: float
    lasts_s: float
    says: str

    def active(self, since_start_s: float) -> bool:
        return self.at_s <= since_start_s < self.at_s + self.lasts_s


class Choices(NamedTuple):
    """What the demo's program is set to."""

    answer_tokens: int = 700
    answer_version: str = "2"
    triage_model: str = "gpt-5-nano"
    triage_examples: int = 0


# What the stand-in is told at all times of live traffic: no provider answers every call.
USUAL: dict[str, Fault] = {"*": Fault("too_long", 0.003)}
# In history a recording stands for many traces, so those that fail are a kind of their own, and rare.
UNLUCKY, UNLUCKY_SHARE = "unlucky", 0.01
# What the stand-in is told while an incident of that kind lasts.
FAULTS: dict[str, dict[str, Fault]] = {
    UNLUCKY: {
        "gpt-4o-mini": Fault("rate_limit", 0.6),
        "gpt-5-nano": Fault("too_long", 0.7),
        "gpt-4o": Fault("error", 0.8),
        "claude-sonnet-4-6": Fault("overloaded", 0.8),
        "claude-haiku-4-5": Fault("overloaded", 0.8),
    },
    "outage": {"gpt-4o-mini": Fault("outage", 0.85)},
    "empty": {"claude-haiku-4-5": Fault("empty", 0.6)},
}
CHOICES: dict[str, Choices] = {
    "truncated": Choices(answer_tokens=48, answer_version="3"),
    "costly": Choices(triage_model="gpt-5.2-pro", triage_examples=24),
}
SAYS = {
    "outage": "openai answers most calls of gpt-4o-mini with 503",
    "empty": "anthropic answers most calls of claude-haiku-4-5 without a word",
    "truncated": "version 3 of the prompt support_answer went out, with max_tokens far too low",
    "costly": "someone switched triage from gpt-5-nano to gpt-5.2-pro and put examples into its prompt",
}
PAST: tuple[Incident, ...] = (
    Incident("outage", -33 * HOUR, 30 * MINUTE, SAYS["outage"]),
    Incident("costly", -19 * HOUR, 60 * MINUTE, SAYS["costly"]),
    Incident("truncated", -10 * HOUR, 60 * MINUTE, SAYS["truncated"]),
    Incident("empty", -5 * HOUR, 30 * MINUTE, SAYS["empty"]),
)
FIRST_S = 75.0
ROUND_S = 32 * MINUTE  # then it all begins again
LIVE: tuple[Incident, ...] = (
    Incident("outage", FIRST_S, 5 * MINUTE, SAYS["outage"]),
    Incident("truncated", 9 * MINUTE, 4 * MINUTE, SAYS["truncated"]),
    Incident("costly", 16 * MINUTE, 7 * MINUTE, SAYS["costly"]),
    Incident("empty", 25 * MINUTE, 4 * MINUTE, SAYS["empty"]),
)


def now(since_start_s: float) -> Incident | None:
    """The incident at that moment, if there is one; never two at once."""
    if since_start_s < 0:
        return next((i for i in PAST if i.active(since_start_s)), None)
    return next((i for i in LIVE if i.active(since_start_s % ROUND_S)), None)


def kind(since_start_s: float) -> str:
    """Its kind; empty where all is well."""
    found = now(since_start_s)
    return found.kind if found else ""


def choices(since_start_s: float) -> Choices:
    """What the program is set to at that moment."""
    return CHOICES.get(kind(since_start_s), Choices())
