"""OpenAI's older text completions, which vLLM and others still speak. Read from SDK 3.54.0 on 2026-11-22.

An event of a stream has the shape of a whole answer. Several prompts at once make choices numbered through.
"""

from typing import Any

from llmobs.instrumentation.dialects import (
    Pieces,
    Table,
    at,
    each,
    fields,
    read,
    real,
    whole,
    word,
    words,
)
from llmobs.instrumentation.dialects import _openai as openai
from llmobs.instrumentation.dialects._parts import prompts

OPERATION, METHOD, PATH = "text_completion", "POST", "/completions"
ASKED: Table = {
    "model": ("model", word),
    "temperature": ("temperature", real),
    "top_p": ("top_p", real),
    "top_k": ("top_k", whole),
    "max_tokens": ("max_tokens", whole),
    "stop": ("stop_sequences", words),
    "frequency_penalty": ("frequency_penalty", real),
    "presence_penalty": ("presence_penalty", real),
    "n": ("choice_count", openai.several),
    "seed": ("seed", whole),
}


def request(body: Any) -> dict[str, Any]:
    return read(body, ASKED)


def response(answer: Any) -> dict[str, Any]:
    return openai.response(answer)


def fold(answer: dict[str, Any], event: Any) -> bool:
    chunk = fields(event)
    openai.identify(answer, chunk)
    content = False
    for position, choice in enumerate(each(chunk.get("choices"))):
        known = fields(choice)
        index = known.get("index")
        told = answer["choices"].setdefault(index if isinstance(index, int) else position, {"text": Pieces()})
        if reason := known.get("finish_reason"):
            told["finish_reason"] = reason
        if piece := known.get("text"):
            told["text"].append(piece)
            content = True
    return content


def input_messages(body: Any) -> list[dict[str, Any]]:
    said = prompts(at(body, "prompt"))
    return [{"role": "user", "parts": said}] if said else []


def output_messages(answer: Any) -> list[dict[str, Any]]:
    choices = [fields(choice) for choice in each(at(answer, "choices"))]
    return [
        {"role": "assistant", "parts": openai.parts(c.get("text")), "finish_reason": openai.finish(c)}
        for c in choices
    ]
