"""What the stand-in says: the same request and seed give the same answer, whatever came before.

It knows no wire format; `wire_openai` and `wire_anthropic` translate. A request that brings tools is answered
with tool calls until enough results came back, so chains and agent loops run their course.
"""

import json
import random
import re
from typing import Any, NamedTuple

from llmobs.demo import models, product

CACHED_FROM = 200  # tokens; providers begin at 1,024, but the demo's prompts are shorter
LOOPS_FROM = 3  # with so many tools the caller is an agent, which takes several steps


class Asked(NamedTuple):
    """A request, whatever its wire format."""

    model: str
    system: str
    messages: tuple[str, ...]  # the text of each message, in order
    question: str  # the first text of the user
    tools: tuple[tuple[str, dict[str, Any]], ...] = ()  # name, JSON schema of the arguments
    tool_results: int = 0
    wants_json: bool = False
    max_tokens: int | None = None
    caches: bool = True
    attempt: int = 0

    def chance(self, seed: int, *more: object) -> random.Random:
        """Chance that is always the same for this request."""
        return random.Random("|".join(map(str, (seed, self.attempt, self.model, *self.messages, *more))))


class ToolCall(NamedTuple):
    """A tool that the model wants run; `arguments` as JSON text."""

    id: str
    name: str
    arguments: str


class Reply(NamedTuple):
    """An answer, whatever its wire format. `finish`: stop, length or tool_calls."""

    text: str
    tool_calls: tuple[ToolCall, ...]
    finish: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    cache_written_tokens: int = 0
    reasoning_tokens: int = 0


def reply(asked: Asked, seed: int, empty: bool = False) -> Reply:
    """The answer to `asked`; `empty` gives one without a word, as a provider in trouble does."""
    chance = asked.chance(seed)
    calls = () if empty else tool_calls(asked, seed)
    text = "" if empty or calls else written(asked, chance)
    reasoning = 64 * chance.randint(1, 9) if models.MODELS[asked.model].reasons else 0
    output = models.tokens(text)
    output += sum(12 + models.tokens(call.arguments) for call in calls) + reasoning
    finish = "tool_calls" if calls else "stop"
    if asked.max_tokens and output > asked.max_tokens:
        text, output, finish = cut(text, output, asked.max_tokens), asked.max_tokens, "length"
        reasoning, calls = min(reasoning, output), ()
    counts = cached(asked, chance)
    return Reply(text, calls, finish, counts[0], max(output, 1), *counts[1:], reasoning)


def cut(text: str, tokens: int, allowed: int) -> str:
    return text[: len(text) * allowed // tokens]


def cached(asked: Asked, chance: random.Random) -> tuple[int, int, int]:
    """Input tokens, and how many of them were read from and written to the provider's cache."""
    prefix = models.tokens(asked.system) + sum(60 for _ in asked.tools)
    total = prefix + sum(4 + models.tokens(text) for text in asked.messages)
    if prefix < CACHED_FROM or not asked.caches:
        return total, 0, 0
    held = prefix // 64 * 64
    hit = chance.random() < 0.85
    writes = 0 if hit or models.MODELS[asked.model].provider == "openai" else held
    return total, held if hit else 0, writes


def written(asked: Asked, chance: random.Random) -> str:
    article = product.about(asked.question)
    if asked.wants_json:
        urgency = chance.choices(("low", "normal", "high"), (5, 8, 2))[0]
        return json.dumps({"topic": article.topic, "urgency": urgency, "language": "en"})
    facts = chance.sample(article.facts, k=chance.randint(2, len(article.facts)))
    if "summar" in asked.system.lower():
        wants = asked.question.partition("\n")[0].removeprefix("Customer: ")
        return f"The customer asks about {article.topic}: {wants} Told so far: {' '.join(facts[:2])}"
    found = results(asked)
    return " ".join([chance.choice(product.OPENINGS), *found, *facts, chance.choice(product.CLOSINGS)])


def results(asked: Asked) -> list[str]:
    """What the tools found, as sentences."""
    said = []
    for text in asked.messages:
        if order := re.search(r'"order": "(\w+)".*"state": "([\w ]+)"', text):
            said.append(f"Your order {order[1]} is {order[2]}.")
        if frame := re.search(r'"frame": "(\w+)".*"covered": (true|false)', text):
            said.append(
                f"Frame {frame[1]} is {'still' if frame[2] == 'true' else 'no longer'} under warranty."
            )
    return said


def tool_calls(asked: Asked, seed: int) -> tuple[ToolCall, ...]:
    """The next step of the chain: for an agent two to four, otherwise one or none."""
    stable = random.Random(f"{seed}|{asked.question}")
    loops = len(asked.tools) >= LOOPS_FROM
    steps = stable.randint(2, 4) if loops else int(stable.random() < 0.75)
    if not asked.tools or asked.tool_results >= steps:
        return ()
    order = stable.sample(asked.tools, k=len(asked.tools))
    if not loops:  # prefer the tool whose argument stands in the question
        order.sort(key=lambda tool: not known(tool[1], asked.question))
    name, schema = order[asked.tool_results % len(order)]
    number = stable.getrandbits(60) + asked.tool_results
    return (ToolCall(f"call_{number:015x}", name, json.dumps(arguments(schema, asked.question, stable))),)


def known(schema: dict[str, Any], question: str) -> bool:
    return any(named(name, question) for name in schema.get("properties", {}))


def named(name: str, question: str) -> str | None:
    patterns = {"order": r"\bLA\d{5}\b", "frame": r"\bLF\d{6}\b"}
    found = re.search(patterns[name], question) if name in patterns else None
    return found[0] if found else None


def question_in(text: str) -> str:
    """What the customer asks, out of a prompt that holds documents and results of tools besides."""
    found = re.findall(r"^(?:Ticket|Case|Message) \d+: (.*)$", text, re.MULTILINE)
    return str(found[-1]) if found else text


def arguments(schema: dict[str, Any], question: str, stable: random.Random) -> dict[str, Any]:
    """Arguments that fit the tool's JSON schema: as they stand in the question, or as one may know them."""
    plain = {"integer": 3, "number": 1.5, "boolean": True, "array": [], "object": {}}
    guessed = {
        "order": f"LA{stable.randint(10_000, 99_999)}",
        "frame": f"LF{stable.randint(100_000, 999_999)}",
    }
    return {
        name: named(name, question)
        or guessed.get(name)
        or plain.get(kind.get("type", "string"), product.about(question).topic)
        for name, kind in schema.get("properties", {}).items()
    }
