"""Workflow, agent, tool, retrieval, task: their names, attributes and content."""

import functools
import json

import pytest
from opentelemetry.trace import SpanKind, StatusCode

import llmobs
from llmobs.instrumentation import content


def only(spans):
    [span] = spans
    return span


@pytest.mark.parametrize(
    ("make", "name", "kind", "expected"),
    [
        (
            lambda: llmobs.workflow("support"),
            "invoke_workflow support",
            SpanKind.INTERNAL,
            {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "support"},
        ),
        (
            lambda: llmobs.agent("planner", agent_id="asst_1", version="2", description="Plans."),
            "invoke_agent planner",
            SpanKind.INTERNAL,
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": "planner",
                "gen_ai.agent.id": "asst_1",
                "gen_ai.agent.version": "2",
                "gen_ai.agent.description": "Plans.",
            },
        ),
        (
            lambda: llmobs.tool("search", arguments={"q": "x"}, call_id="call_1", description="Finds."),
            "execute_tool search",
            SpanKind.INTERNAL,
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "search",
                "gen_ai.tool.type": "function",
                "gen_ai.tool.call.id": "call_1",
                "gen_ai.tool.description": "Finds.",
                "gen_ai.tool.call.arguments": '{"q":"x"}',
            },
        ),
        (
            lambda: llmobs.retrieval("handbook", query="holidays", top_k=3, index_age_s=60.0, provider="me"),
            "retrieval handbook",
            SpanKind.CLIENT,
            {
                "gen_ai.operation.name": "retrieval",
                "gen_ai.data_source.id": "handbook",
                "gen_ai.provider.name": "me",
                "gen_ai.retrieval.query.text": "holidays",
                "gen_ai.retrieval.top_k": 3,
                "llmobs.retrieval.index_age": 60.0,
            },
        ),
        (
            lambda: llmobs.task("clean"),
            "task clean",
            SpanKind.INTERNAL,
            {"gen_ai.operation.name": "task", "llmobs.task.name": "clean"},
        ),
    ],
    ids=["workflow", "agent", "tool", "retrieval", "task"],
)
async def test_a_block_has_the_name_and_the_attributes_of_the_convention(seen, make, name, kind, expected):
    with make():
        pass
    async with make():
        pass

    first, second = seen()
    for span in (first, second):
        assert span.name == name
        assert span.kind is kind
        assert span.status.status_code is StatusCode.UNSET
        assert dict(span.attributes) == expected


def test_a_block_without_a_name_is_called_after_its_operation(seen):
    with llmobs.tool():
        pass

    assert only(seen()).name == "execute_tool"


def test_the_same_block_may_be_entered_again(seen):
    block = llmobs.tool("search")
    with block:
        pass
    with block:
        pass

    first, second = seen()
    assert first.context.span_id != second.context.span_id


def test_results_are_recorded_and_given_back(seen):
    with llmobs.tool("search") as tool:
        assert tool.result(["a", "ö"]) == ["a", "ö"]

    assert only(seen()).attributes["gen_ai.tool.call.result"] == '["a","ö"]'


def test_attributes_of_ones_own_can_be_added(seen):
    with llmobs.task("clean") as task:
        task.attribute("app.rows", 3)

    assert only(seen()).attributes["app.rows"] == 3


def test_half_a_character_in_an_attribute_does_not_cost_it(seen):
    with llmobs.tool("search", call_id="call\ud83d", description="Finds.\ud83d") as tool:
        tool.attribute("app.page", "3\ud83d")

    facts = only(seen()).attributes
    assert facts["gen_ai.tool.call.id"] == "call?"
    assert facts["gen_ai.tool.description"] == "Finds.?"
    assert facts["app.page"] == "3?"


def test_what_goes_into_and_out_of_a_workflow_stands_there_as_messages(seen):
    @llmobs.workflow
    def answer(question):
        return "42"

    answer("what?")

    span = only(seen())
    assert json.loads(span.attributes["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "what?"}]}
    ]
    assert json.loads(span.attributes["gen_ai.output.messages"]) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "42"}], "finish_reason": "stop"}
    ]


def test_several_arguments_of_an_agent_are_one_message_of_json(seen):
    @llmobs.agent
    def plan(goal, *, steps=3):
        return {"plan": [goal]}

    plan("tea", steps=2)

    span = only(seen())
    [asked] = json.loads(span.attributes["gen_ai.input.messages"])
    [answered] = json.loads(span.attributes["gen_ai.output.messages"])
    assert asked["parts"][0]["content"] == '{"goal":"tea","steps":2}'
    assert answered["parts"][0]["content"] == '{"plan":["tea"]}'


def test_no_content_goes_out_where_it_is_off(seen):
    content.configure(False, 262_144)

    @llmobs.tool
    def search(query):
        return ["canary-result"]

    @llmobs.retrieval
    def find(query, top_k=2):
        return [{"id": "1", "score": 0.5, "content": "canary-document"}]

    search("canary-query")
    find("canary-query")
    with llmobs.retrieval("index", query="canary"):
        pass
    with llmobs.agent("a", arguments="canary") as agent:
        agent.result("canary")
    with pytest.raises(ValueError, match="canary"), llmobs.task("t"):
        raise ValueError("canary")

    assert len(seen()) == 5
    assert "gen_ai.retrieval.query.text" not in seen()[2].attributes
    assert not [span for span in seen() if "canary" in span.to_json()]
    assert seen()[1].attributes["llmobs.retrieval.documents"] == 1
    assert seen()[1].attributes["llmobs.retrieval.best_score"] == 0.5


def test_secrets_in_arguments_are_masked(seen):
    @llmobs.tool
    def call(header):
        return header

    call("sk-ant-api03-" + "a" * 30)

    assert "a" * 30 not in only(seen()).to_json()


def test_self_is_no_argument(seen):
    class Shop:
        @llmobs.tool
        def buy(self, thing):
            return thing

        @llmobs.tool
        @classmethod
        def open(cls, hour):
            return hour

        @llmobs.tool
        @staticmethod
        def close(hour):
            return hour

        @staticmethod
        @llmobs.tool
        def rest(hour):
            return hour

    assert [Shop().buy("tea"), Shop.open(9), Shop().close(17), Shop.rest(20)] == ["tea", 9, 17, 20]
    assert [(span.name, span.attributes["gen_ai.tool.call.arguments"]) for span in seen()] == [
        ("execute_tool buy", '{"thing":"tea"}'),
        ("execute_tool open", '{"hour":9}'),
        ("execute_tool close", '{"hour":17}'),
        ("execute_tool rest", '{"hour":20}'),
    ]


def test_names_may_be_given_by_position_or_by_keyword_or_left_to_the_function(seen):
    def search(query):
        return query

    llmobs.tool("by position")(search)("q")
    llmobs.tool(name="by keyword")(search)("q")
    llmobs.tool()(search)("q")
    llmobs.tool(search)("q")
    llmobs.tool(functools.partial(search, "q"))()
    llmobs.tool(len)("four")

    assert [span.attributes["gen_ai.tool.name"] for span in seen()] == [
        "by position",
        "by keyword",
        "search",
        "search",
        "search",
        "len",
    ]
