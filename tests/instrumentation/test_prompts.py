"""The span of an assembly, and how long its prompt holds."""

import json

import anthropic
import httpx2
import openai
import pytest

import llmobs
from llmobs.instrumentation import content, fence


def test_the_assembly_says_which_template_in_which_version_from_which_parts(seen, greet):
    with llmobs.context():
        llmobs.prompt("greet", name="Ada Lovelace")

    [span] = seen()
    assert span.name == "assemble_prompt greet"
    told = dict(span.attributes)
    parts = json.loads(told.pop("llmobs.prompt.parts"))
    assert len(told.pop("llmobs.prompt.hash")) == 16
    assert told == {
        "gen_ai.operation.name": "assemble_prompt",
        "gen_ai.prompt.name": "greet",
        "gen_ai.prompt.version": "3",
        "gen_ai.prompt.variable.name": "Ada Lovelace",
    }
    # 31 bytes / 4 -> 8 tokens; 12 / 4 -> 3; "warm" is a default of the file, so the template's own
    assert [(p["name"], p["kind"], p["tokens"], p["source"]) for p in parts] == [
        ("system", "template", 8, "greet.prompty"),
        ("user", "template", 0, "greet.prompty"),
        ("name", "variable", 3, "argument"),
    ]
    assert all(p["estimated"] is True and len(p["hash"]) == 16 for p in parts)


def test_the_hash_is_of_the_template_and_the_version_its_beginning_where_the_file_gives_none(seen, library):
    with llmobs.context():
        for text in ("Hi {{ n }}", "Hi {{ n }}", "Hello {{ n }}"):
            library(f"---\nname: x\n---\nuser:\n{text}\n", "x")
            llmobs.prompt("x", n="anything")
            llmobs.prompt("x", n="else")

    told = [(s.attributes["llmobs.prompt.hash"], s.attributes["gen_ai.prompt.version"]) for s in seen()]
    assert len(told) == 6
    assert len(set(told[:4])) == 1
    assert len(set(told[4:])) == 1
    assert told[0] != told[4]
    assert all(hashed.startswith(version) and len(version) == 8 for hashed, version in told)


def test_with_content_off_neither_values_nor_their_hashes_go_out(seen, greet):
    content.configure(False, 262_144)

    with llmobs.context():
        llmobs.prompt("greet", name="canary")

    [span] = seen()
    assert "canary" not in span.to_json()
    system, user, name = json.loads(span.attributes["llmobs.prompt.parts"])
    assert "hash" in system
    assert "hash" in user
    assert name == {"name": "name", "kind": "variable", "tokens": 2, "estimated": True, "source": "argument"}


def test_secrets_in_variables_are_masked(seen, greet):
    with llmobs.context():
        ready = llmobs.prompt("greet", name="sk-ant-api03-" + "a" * 30)

    assert "a" * 30 in ready["messages"][1]["content"]
    assert "a" * 30 not in seen()[0].to_json()


def test_an_error_of_ours_costs_no_prompt(seen, greet, monkeypatch):
    monkeypatch.setattr(fence, "strict", False)

    def broken(*args, **kwargs):
        raise RuntimeError("ours")

    monkeypatch.setattr(content, "captured", broken)
    with llmobs.context():
        assert llmobs.prompt("greet", name="Ada")["messages"][1]["content"] == "Ada"


def test_it_works_where_nothing_records(greet):
    with llmobs.context():
        assert llmobs.prompt("greet", name="Ada")["model"] == "gpt-4o-mini"
        with llmobs.assemble("x") as prompt:
            assert prompt.part("user", "hi") == "hi"


ANSWER = {
    "id": "c-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}
MESSAGE = {
    "id": "m-1",
    "type": "message",
    "role": "assistant",
    "model": "claude-test-1",
    "content": [{"type": "text", "text": "hi"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 1},
}
ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}


def network(answer):
    return httpx2.MockTransport(lambda request: httpx2.Response(200, json=answer))


@pytest.fixture
def api():
    http = httpx2.Client(transport=network(ANSWER))
    return openai.OpenAI(api_key="k", base_url="http://llm.test/v1", http_client=http).chat.completions


def prompts_of(spans):
    """Name and version of the prompt on each model call, in order."""
    called = [s.attributes for s in spans if s.attributes["gen_ai.operation.name"] == "chat"]
    return [(a.get("gen_ai.prompt.name"), a.get("gen_ai.prompt.version")) for a in called]


def test_the_calls_of_both_sdks_carry_the_prompt_that_they_were_made_with(seen, greet, api):
    http = httpx2.Client(transport=network(MESSAGE))
    claude = anthropic.Anthropic(api_key="k", base_url="http://llm.test", http_client=http)

    with llmobs.context():
        api.create(**llmobs.prompt("greet", name="Ada"))
    with llmobs.context():
        ready = {**llmobs.prompt("greet", "anthropic", name="Ada"), "model": "claude-test-1"}
        claude.messages.create(**{k: v for k, v in ready.items() if k not in ("user", "temperature")})

    assert prompts_of(seen()) == [("greet", "3"), ("greet", "3")]


async def test_async_calls_carry_it_too(seen, greet):
    http = httpx2.AsyncClient(transport=network(ANSWER))
    api = openai.AsyncOpenAI(api_key="k", base_url="http://llm.test/v1", http_client=http).chat.completions

    async with llmobs.context():
        await api.create(**llmobs.prompt("greet", name="Ada"))

    assert prompts_of(seen()) == [("greet", "3")]


def test_it_holds_until_the_next_assembly(seen, greet, library, api):
    library("---\nname: x\nmetadata: {version: '1'}\n---\nuser:\nHi\n", "other")

    with llmobs.context():
        api.create(**ASK)
        llmobs.prompt("greet", name="Ada")
        api.create(**ASK)
        api.create(**ASK)  # the second round of a loop, with the same messages and more
        llmobs.prompt("other")
        api.create(**ASK)

    assert prompts_of(seen()) == [(None, None), ("greet", "3"), ("greet", "3"), ("other", "1")]


def test_it_ends_with_the_span_that_it_was_assembled_in(seen, greet, api):
    for around in (llmobs.workflow("w"), llmobs.agent("a"), llmobs.task("t"), llmobs.tool("t")):
        with around:
            llmobs.prompt("greet", name="Ada")
        api.create(**ASK)

    assert prompts_of(seen()) == [(None, None)] * 4


def test_an_agent_that_is_handed_the_messages_calls_with_their_prompt_a_tool_does_not(seen, greet, api):
    with llmobs.workflow("w"):
        llmobs.prompt("greet", name="Ada")
        with llmobs.agent("a"):
            api.create(**ASK)
            with llmobs.tool("t"):
                api.create(**ASK)
            with llmobs.retrieval("r"):
                api.create(**ASK)
            api.create(**ASK)

    assert prompts_of(seen()) == [("greet", "3"), (None, None), (None, None), ("greet", "3")]
    others = [s for s in seen() if s.attributes["gen_ai.operation.name"] not in ("chat", "assemble_prompt")]
    assert len(others) == 4
    assert not [s for s in others if "gen_ai.prompt.name" in s.attributes]
