"""The hand-written streams of tests/dialects/streams: events, and the same answer in one piece."""

import json
from pathlib import Path

import httpx2

from llmobs.discover import modules

DIALECTS = modules("llmobs.instrumentation.dialects")
FILES = sorted((Path(__file__).parents[2] / "dialects/streams").glob("*/*.jsonl"))
NAMES = [f"{file.parent.name}-{file.stem}" for file in FILES]


def events(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def whole(file):
    return json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))


def folded(dialect, found):
    answer = {}
    for event in found:
        dialect.fold(answer, event)
    return answer


def said(dialect, answer):
    return {"response": dialect.response(answer), "messages": dialect.output_messages(answer)}


class Body(httpx2.SyncByteStream):
    def __init__(self, data):
        self.data = data

    def __iter__(self):
        yield self.data


def http(data, content_type):
    """An HTTP client whose every answer is `data`."""

    def answer(request):
        return httpx2.Response(200, headers={"content-type": content_type}, stream=Body(data))

    return httpx2.Client(transport=httpx2.MockTransport(answer))


def server_sent(found):
    """`found` as a provider would send them."""
    named = [f"event: {e['type']}\n" if "type" in e else "" for e in found]
    return "".join(f"{n}data: {json.dumps(e)}\n\n" for n, e in zip(named, found, strict=True)).encode()
