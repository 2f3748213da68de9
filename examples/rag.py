"""Retrieval: documents found by their embeddings, put into a prompt, and an answer that is streamed.

    OPENAI_API_KEY=... python examples/rag.py

Without a key: start `python -m llmobs.demo.provider --port 8099`, then
OPENAI_API_KEY=none OPENAI_BASE_URL=http://127.0.0.1:8099/v1 python examples/rag.py
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import openai

import llmobs

HANDBOOK = {
    "shipping": "Parcels leave within two days. Bulky goods take a week.",
    "returns": "You may return anything within 30 days, unused and in its box.",
    "warranty": "Frames carry a warranty of ten years, wheels of two.",
}


class Index(NamedTuple):
    """Vectors by the name of their document, and when they were made."""

    vectors: dict[str, list[float]]
    built_at: datetime


def embed(client: openai.OpenAI, texts: list[str]) -> list[list[float]]:
    answer = client.embeddings.create(model="text-embedding-3-small", input=texts)
    return [each.embedding for each in answer.data]


@llmobs.task
def build(client: openai.OpenAI) -> Index:
    vectors = embed(client, list(HANDBOOK.values()))
    return Index(dict(zip(HANDBOOK, vectors, strict=True)), datetime.now(UTC))


def search(client: openai.OpenAI, index: Index, query: str, top_k: int = 2) -> list[dict[str, Any]]:
    """The `top_k` documents nearest to `query`, best first."""
    with llmobs.retrieval("handbook", query=query, top_k=top_k, index_updated_at=index.built_at) as found:
        [wanted] = embed(client, [query])
        scores = {name: cosine(wanted, vector) for name, vector in index.vectors.items()}
        best = sorted(scores, key=lambda name: -scores[name])[:top_k]
        return found.documents([{"id": n, "score": scores[n], "content": HANDBOOK[n]} for n in best])


def cosine(one: list[float], other: list[float]) -> float:
    return sum(map(lambda a, b: a * b, one, other)) / (math.hypot(*one) * math.hypot(*other))


@llmobs.workflow
def answer(client: openai.OpenAI, index: Index, question: str) -> Iterator[str]:
    """The answer, piece by piece as the model writes it."""
    with llmobs.assemble("answer_from_handbook") as prompt:
        prompt.part("instructions", "Answer from the documents only. If they do not say it, say so.")
        for document in search(client, index, question):
            prompt.part("documents", document["content"], source=document["id"])
        prompt.part("question", question, source="user")
    stream = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=prompt.messages(),
        stream=True,
        stream_options={"include_usage": True},
    )
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            yield chunk.choices[0].delta.content


if __name__ == "__main__":
    llmobs.instrument(service_name="rag")
    openai_client = openai.OpenAI()
    handbook = build(openai_client)
    for piece in answer(openai_client, handbook, "How long is the warranty on my frame?"):
        print(piece, end="", flush=True)
    print()
