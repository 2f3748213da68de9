"""Which span stands under which, in threads and tasks too, and where nothing records."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx2
import openai
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import llmobs
from llmobs.instrumentation import fence

ANSWER = {
    "id": "c-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}
NETWORK = httpx2.MockTransport(lambda request: httpx2.Response(200, json=ANSWER))
TO = {"api_key": "k", "base_url": "http://llm.test/v1"}


def client():
    return openai.OpenAI(http_client=httpx2.Client(transport=NETWORK), **TO)


def async_client():
    return openai.AsyncOpenAI(http_client=httpx2.AsyncClient(transport=NETWORK), **TO)


ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}


def tree(spans):
    """Each span's name with the names above it, outermost first."""
    by_id = {span.context.span_id: span for span in spans}

    def path(span):
        above = path(by_id[span.parent.span_id]) if span.parent else []
        return [*above, span.name.split()[0]]

    return sorted(path(span) for span in spans)


ROAD = ["invoke_workflow", "invoke_agent", "execute_tool", "chat"]


def test_a_call_stands_under_its_tool_its_agent_and_its_workflow(seen):
    api = client()

    @llmobs.workflow("support")
    def support():
        return plan()

    @llmobs.agent
    def plan():
        return search("x")

    @llmobs.tool
    def search(query):
        return api.chat.completions.create(**ASK).choices[0].message.content

    with llmobs.context(user="u-1", session="s-1"):
        assert support() == "hi"

    assert tree(seen()) == [ROAD[:1], ROAD[:2], ROAD[:3], ROAD]
    for span in seen():
        assert span.attributes["gen_ai.workflow.name"] == "support"
        assert span.attributes["user.id"] == "u-1"
        assert span.attributes["gen_ai.conversation.id"] == "s-1"


async def test_the_same_in_tasks(seen):
    api = async_client()

    @llmobs.tool
    async def search(query):
        await asyncio.sleep(0)
        return await api.chat.completions.create(**ASK)

    @llmobs.agent
    async def plan():
        return await asyncio.gather(search("a"), search("b"))

    @llmobs.workflow("support")
    async def support():
        return await asyncio.create_task(plan())

    await support()

    assert tree(seen()) == sorted([ROAD[:1], ROAD[:2], *[ROAD[:3]] * 2, *[ROAD] * 2])


def test_the_same_in_threads(seen):
    api = client()

    @llmobs.tool
    def search(query):
        return api.chat.completions.create(**ASK)

    @llmobs.agent
    def plan():
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(search, ["a", "b"]))
        thread = threading.Thread(target=search, args=("c",))
        thread.start()
        thread.join()

    @llmobs.workflow("support")
    def support():
        plan()

    support()

    assert tree(seen()) == sorted([ROAD[:1], ROAD[:2], *[ROAD[:3]] * 3, *[ROAD] * 3])


def test_a_tool_names_the_agent_that_uses_it(seen):
    with llmobs.tool("before"):
        pass
    with llmobs.agent("planner"), llmobs.task("step"):
        with llmobs.tool("own"), llmobs.agent("helper"), llmobs.tool("helpers"):
            pass
        with llmobs.tool("own again"):
            pass

    named = {s.name: s.attributes.get("gen_ai.agent.name") for s in seen() if "tool" in s.name}
    assert named == {
        "execute_tool before": None,
        "execute_tool own": "planner",
        "execute_tool helpers": "helper",
        "execute_tool own again": "planner",
    }
    assert [s.attributes.get("gen_ai.agent.name") for s in seen() if s.name == "task step"] == [None]


def test_an_inner_workflow_is_the_workflow_of_its_own_spans(seen):
    with llmobs.workflow("outer"):
        with llmobs.workflow("inner"), llmobs.task("t"):
            pass
        with llmobs.task("u"):
            pass

    named = {span.name: span.attributes["gen_ai.workflow.name"] for span in seen()}
    assert named == {
        "invoke_workflow outer": "outer",
        "invoke_workflow inner": "inner",
        "task t": "inner",
        "task u": "outer",
    }


def test_without_instrument_nothing_happens_and_the_callers_own_span_stays_current():
    @llmobs.task
    def steps():
        yield trace.get_current_span()

    mine = TracerProvider().get_tracer("mine").start_span("mine")
    with trace.use_span(mine):
        with llmobs.workflow("w"), llmobs.tool("t") as tool:
            assert trace.get_current_span() is mine
            assert tool.result(1) == 1
        assert list(steps()) == [mine]


def test_a_trace_that_is_not_sampled_stays_so_below(monkeypatch):
    monkeypatch.setattr(fence, "strict", True)
    exporter, provider = InMemorySpanExporter(), TracerProvider(sampler=ALWAYS_OFF)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    llmobs.instrument(tracer_provider=provider)
    with llmobs.workflow("w"):
        outer = trace.get_current_span().get_span_context()
        with llmobs.tool("t", arguments={"a": 1}) as tool:
            tool.result(1)
            inner = trace.get_current_span().get_span_context()
    llmobs.uninstrument()

    assert outer.is_valid
    assert inner.trace_id == outer.trace_id
    assert exporter.get_finished_spans() == ()
