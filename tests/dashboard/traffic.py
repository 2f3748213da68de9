"""Made-up traffic for the pages: a shop's assistant with retrieval, tools and retries.

Seeded, so that a run can be repeated. Rows have the names of the views, as `Store.append` takes them.
"""

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

MODELS = (  # provider, model, share of traffic, USD per million tokens in and out (None: unknown), seconds
    ("openai", "gpt-4o-mini", 0.5, 0.15, 0.60, 0.8),
    ("openai", "gpt-4o", 0.2, 2.50, 10.0, 1.4),
    ("anthropic", "claude-sonnet-4-5", 0.2, 3.0, 15.0, 1.9),
    ("anthropic", "claude-haiku-4-5", 0.08, 1.0, 5.0, 0.7),
    ("openai", "house-tuned-1", 0.02, None, None, 1.1),
)
FAILURES = (("429", 429), ("529", 529), ("500", 500), ("APITimeoutError", None), ("400", 400))
QUESTIONS = (
    "Where is my order? It was due on Tuesday.",
    "Can I send back shoes that I wore once?",
    "Does the blue kettle fit a 12 volt socket in a camper van?",
    "I was charged twice for the same invoice. What now?",
    "Which tent stands a storm and weighs less than 2 kg?",
)
ANSWERS = (
    "It left our warehouse yesterday and is due tomorrow before noon. I am sorry for the delay.",
    "Yes, within 30 days and with the receipt. Worn soles are accepted once a year.",
    "No: it draws 1,800 W, a 12 volt socket gives about 120 W. The travel kettle would fit.",
    "One of the two is a reservation and goes back within three days; you need do nothing.",
    "The Ridge 1 weighs 1.6 kg and is rated for 100 km/h. In stock in green.",
)
DOCUMENT = (
    "Returns are accepted within 30 days of delivery, with the receipt, in a state that can be sold again."
)


def spans(count: int, hours: float, until: datetime, seed: int = 1) -> Iterator[list[dict]]:
    """About `count` spans over the `hours` before `until`, a list for each trace, oldest first."""
    chance = random.Random(seed)
    traces = max(1, count // 6)
    for number in range(traces):
        at = until - timedelta(hours=hours) * ((traces - number) / traces)
        yield trace(chance, at)


def trace(chance: random.Random, at: datetime) -> list[dict]:
    """One question: prompt, retrieval, a call that asks for a tool, the tool, a second call."""
    number = chance.randrange(len(QUESTIONS))
    provider, model, _, *price, pace = chance.choices(MODELS, [m[2] for m in MODELS])[0]
    common = asked_by(chance)
    root = {**common, **step(chance, None, at, 0.0, "invoke_workflow answer_question", "invoke_workflow")}
    parent = root["span_id"]
    found = [root]
    clock = at

    def add(took: float, name: str, operation: str, **more: object) -> None:
        nonlocal clock
        found.append({**common, **step(chance, parent, clock, took, name, operation), **more})
        clock += timedelta(seconds=took)

    add(0.002, "assemble_prompt support", "assemble_prompt", **prompt(number))
    add(chance.lognormvariate(-3, 0.4), "retrieval handbook", "retrieval", **retrieval(number))
    bad = chance.random() < 0.03
    for turn in ("ask", "answer"):
        took = pace * chance.lognormvariate(0, 0.45)
        fields = {
            "provider": provider,
            "model": model,
            "answered_by": f"{model}-2026-06-01",
            "kind": "client",
        }
        if bad and turn == "answer":
            add(took, f"chat {model}", "chat", **fields, **failure(chance))
            break
        add(took, f"chat {model}", "chat", **fields, **call(chance, number, turn, price, took))
        if turn == "ask":
            add(chance.lognormvariate(-2, 0.5), "execute_tool lookup_order", "execute_tool", **tool())
    root["duration_s"] = (clock - at).total_seconds()
    root["status"] = "error" if bad else "ok"
    return found


def asked_by(chance: random.Random) -> dict:
    """What all spans of one trace have in common: who asked, and where."""
    return {
        "trace_id": f"{chance.getrandbits(128):032x}",
        "service": chance.choice(("shop", "shop", "support")),
        "environment": chance.choice(("production", "production", "staging")),
        "user_id": f"user-{chance.randrange(400)}",
        "session_id": f"s-{chance.randrange(2_000)}",
        "workflow": "answer_question",
    }


def step(
    chance: random.Random, parent: str | None, at: datetime, took: float, name: str, operation: str
) -> dict:
    span = f"{chance.getrandbits(64):016x}"
    return {
        "span_id": span,
        "parent_span_id": parent,
        "started_at": at,
        "duration_s": took,
        "name": name,
        "operation": operation,
    }


def call(chance: random.Random, number: int, turn: str, price: list, took: float) -> dict:
    tokens_in, tokens_out = chance.randrange(300, 2_600), chance.randrange(15, 420)
    cost = None if price[0] is None else (tokens_in * price[0] + tokens_out * price[1]) / 1e6
    asked = [{"role": "user", "parts": [{"type": "text", "content": QUESTIONS[number]}]}]
    wants = {"type": "tool_call", "id": "call_1", "name": "lookup_order", "arguments": {"order": 8812}}
    says = {"type": "text", "content": ANSWERS[number]}
    if turn == "answer":
        asked += [
            {"role": "assistant", "parts": [wants]},
            {
                "role": "tool",
                "parts": [{"type": "tool_call_response", "id": "call_1", "response": {"state": "sent"}}],
            },
        ]
    return {
        "input_tokens": tokens_in,
        "output_tokens": tokens_out,
        "cached_tokens": tokens_in // 2,
        "cost_usd": cost,
        "cost_status": "unpriced" if cost is None else "exact",
        "stream": True,
        "stream_end": "complete",
        "first_content_s": took * 0.3,
        "attempts": 2 if chance.random() < 0.02 else 1,
        "finish": "stop" if turn == "answer" else "tool_calls",
        "system_instructions": [{"type": "text", "content": "You answer for the shop, briefly and kindly."}],
        "input_messages": asked,
        "output_messages": [
            {"role": "assistant", "parts": [wants if turn == "ask" else says], "finish_reason": "stop"}
        ],
    }


def failure(chance: random.Random) -> dict:
    kind, code = chance.choice(FAILURES)
    return {
        "status": "error",
        "error_type": kind,
        "http_status": code,
        "status_message": f"the provider said {kind}",
    }


def prompt(number: int) -> dict:
    parts = [
        {"name": "rules", "kind": "system", "tokens": 180, "hash": "a1b2c3"},
        {"name": "question", "kind": "user", "tokens": 12 + number, "hash": "d4e5f6"},
    ]
    return {"prompt_name": "support", "prompt_version": "7", "prompt_parts": parts}


def retrieval(number: int) -> dict:
    found = [{"id": f"handbook-{number}-{n}", "score": 0.91 - n / 10, "content": DOCUMENT} for n in range(3)]
    return {
        "index": "handbook",
        "query": QUESTIONS[number],
        "top_k": 3,
        "documents": 3,
        "index_age_s": 86_000.0,
        "retrieved": found,
    }


def tool() -> dict:
    return {
        "tool": "lookup_order",
        "tool_type": "function",
        "tool_arguments": json.dumps({"order": 8812}),
        "tool_result": json.dumps({"state": "sent", "due": "tomorrow"}),
    }


def incident(now: datetime, state: str, **more: object) -> dict:
    """An alert as the engine writes it."""
    return {
        "id": f"inc-{state}",
        "fingerprint": f"fp-{state}",
        "rule": "availability",
        "subject": "gpt-4o-mini",
        "severity": "page",
        "state": state,
        "pending_since": now - timedelta(minutes=12),
        "firing_since": None if state == "pending" else now - timedelta(minutes=9),
        "resolved_at": now - timedelta(minutes=2) if state == "resolved" else None,
        "updated_at": now,
        "says": "31 of 214 calls failed (14.5 %), 0.9 % expected",
        "value": 0.145,
        "expected": 0.009,
        "unit": "share",
        "calls": 214,
        "traces": ["ab" * 16, "cd" * 16],
        "runbook": "1. Look at the causes on the page Now.\n2. The provider? Switch to the fallback model.",
        "delivered": {"webhook": "sent"},
        **more,
    }
