"""Prompts that one's own code puts together."""

import json

import pytest

import llmobs
from llmobs.instrumentation import content
from llmobs.instrumentation.context import attributes


def assembled(question, version=None, instructions="Answer from the documents."):
    with llmobs.assemble("answer", version) as prompt:
        prompt.part("instructions", instructions)
        prompt.part("examples", "Q: a\nA: b", name="faq")
        prompt.part("documents", "Tea is hot.", source="handbook")
        prompt.part("assistant", "Ask me.")
        assert prompt.part("user", question) == question
    return prompt


def test_the_parts_make_a_text_and_messages(seen):
    with llmobs.context():
        prompt = assembled("Is it?")

    assert prompt.text == "Answer from the documents.\n\nQ: a\nA: b\n\nTea is hot.\n\nAsk me.\n\nIs it?"
    assert prompt.messages() == [
        {"role": "system", "content": "Answer from the documents."},
        {"role": "user", "content": "Q: a\nA: b\n\nTea is hot."},
        {"role": "assistant", "content": "Ask me."},
        {"role": "user", "content": "Is it?"},
    ]


def test_the_span_says_what_it_is_made_of(seen):
    with llmobs.context():
        assembled("Is it?", version="7")

    [span] = seen()
    assert span.name == "assemble_prompt answer"
    assert span.attributes["gen_ai.operation.name"] == "assemble_prompt"
    assert span.attributes["gen_ai.prompt.name"] == "answer"
    assert span.attributes["gen_ai.prompt.version"] == "7"
    parts = json.loads(span.attributes["llmobs.prompt.parts"])
    # bytes / 4, rounded up: 26 -> 7, 9 -> 3, 11 -> 3, 7 -> 2, 6 -> 2
    assert [(p["name"], p["kind"], p["tokens"], p.get("source")) for p in parts] == [
        ("instructions", "instructions", 7, None),
        ("faq", "examples", 3, None),
        ("documents", "documents", 3, "handbook"),
        ("assistant", "assistant", 2, None),
        ("user", "user", 2, None),
    ]
    assert "Tea is hot" not in span.to_json()


def test_without_a_version_it_is_a_hash_of_what_the_author_wrote(seen):
    with llmobs.context():
        for question, instructions in (("a", "X"), ("b", "X"), ("b", "Y")):
            assembled(question, instructions=instructions)

    first, second, third = (
        (s.attributes["gen_ai.prompt.version"], s.attributes["llmobs.prompt.hash"]) for s in seen()
    )
    assert first == second != third
    assert first[1].startswith(first[0])
    assert len(first[0]) == 8


def test_nothing_written_no_version(seen):
    with llmobs.context():
        with llmobs.assemble("answer") as prompt:
            prompt.part("user", "hi")
        carried = attributes()

    [span] = seen()
    assert "gen_ai.prompt.version" not in span.attributes
    assert carried == {"gen_ai.prompt.name": "answer"}


def test_it_applies_after_the_block_and_not_within(seen):
    with llmobs.context():
        with llmobs.assemble("before", "1"):
            pass
        with llmobs.assemble("answer", "2"):
            within = attributes()
        after = attributes()

    assert within == {}
    assert after == {"gen_ai.prompt.name": "answer", "gen_ai.prompt.version": "2"}


def test_an_assembly_that_fails_applies_to_nothing(seen):
    with llmobs.context():
        with pytest.raises(LookupError), llmobs.assemble("answer", "2"):
            raise LookupError
        assert attributes() == {}

    assert seen()[0].attributes["error.type"] == "LookupError"


async def test_it_serves_async_with_and_what_is_inside_stands_under_it(seen):
    async with llmobs.context(), llmobs.assemble("answer") as prompt:
        async with llmobs.retrieval("handbook") as search:
            search.documents([])
        prompt.part("instructions", "x")

    inner, outer = seen()
    assert inner.name == "retrieval handbook"
    assert inner.parent.span_id == outer.context.span_id


def test_with_content_off_only_what_the_author_wrote_has_a_hash(seen):
    content.configure(False, 262_144)

    with llmobs.context():
        assembled("yes")

    parts = json.loads(seen()[0].attributes["llmobs.prompt.parts"])
    assert [p["kind"] for p in parts if "hash" in p] == ["instructions", "examples"]
