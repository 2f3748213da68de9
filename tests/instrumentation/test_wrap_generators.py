"""A decorated generator is what it was; its span is current during its steps only."""

import asyncio
import gc
import json
import weakref
from contextlib import suppress

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

import llmobs
from llmobs.instrumentation.context import attributes


class Big:
    pass


def current():
    return trace.get_current_span().get_span_context().span_id


def parent(span):
    return span.parent.span_id if span.parent else None


def only(spans):
    [span] = spans
    return span


def test_send_throw_and_the_return_value_go_through(seen):
    @llmobs.task
    def talk():
        heard = []
        while True:
            try:
                heard.append((yield len(heard)))
            except KeyError:
                return heard

    steps = talk()
    assert next(steps) == 0
    assert steps.send("a") == 1
    assert steps.send("b") == 2
    with pytest.raises(StopIteration) as stopped:
        steps.throw(KeyError("enough"))

    assert stopped.value.value == ["a", "b"]
    assert only(seen()).status.status_code is StatusCode.UNSET


async def test_asend_athrow_and_aclose_go_through(seen):
    closed = []

    @llmobs.task
    async def talk():
        try:
            heard = yield 0
            try:
                yield heard
            except KeyError:
                yield "caught"
        finally:
            closed.append(True)

    steps = talk()
    assert await anext(steps) == 0
    assert await steps.asend("a") == "a"
    assert await steps.athrow(KeyError("x")) == "caught"
    await steps.aclose()

    assert closed == [True]
    span = only(seen())
    assert span.status.status_code is StatusCode.UNSET
    assert "error.type" not in span.attributes


async def test_a_generator_left_early_ends_its_span_without_an_error(seen):
    @llmobs.task
    def some():
        yield 1
        yield 2

    @llmobs.task
    async def async_some():
        yield 1
        yield 2

    for _ in some():
        break
    async for _ in async_some():
        break
    gc.collect()
    for _ in range(3):  # the loop closes an abandoned one in a task of its own
        await asyncio.sleep(0)

    assert [span.name for span in seen()] == ["task some", "task async_some"]
    assert not [span for span in seen() if "error.type" in span.attributes]


def test_a_generator_that_ignores_its_close_is_told_so_as_ever(seen):
    @llmobs.task
    def stubborn():
        while True:
            with suppress(GeneratorExit):
                yield

    steps = stubborn()
    next(steps)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        steps.close()
    with pytest.raises(KeyError):
        steps.throw(KeyError("enough"))

    assert only(seen()).attributes["error.type"] == "KeyError"


def test_a_generator_never_begun_leaves_no_span(seen):
    @llmobs.task
    def steps():
        yield 1

    steps()

    assert seen() == ()


def test_yielded_text_is_the_result(seen):
    @llmobs.workflow
    def stream():
        yield "Hel"
        yield 7
        yield "lo"

    list(stream())

    [message] = json.loads(only(seen()).attributes["gen_ai.output.messages"])
    assert message["parts"][0]["content"] == "Hello"


def test_the_consumer_is_outside_of_the_span_and_each_step_inside(seen):
    @llmobs.task
    def steps():
        inside.append(current())
        yield
        inside.append(current())
        with llmobs.tool("within"):
            yield
        inside.append(current())

    inside, outside = [], []
    for _ in steps():
        outside.append(current())
        with llmobs.tool("of the consumer"):
            pass

    own = {span.name: span for span in seen()}
    assert set(inside) == {own["task steps"].context.span_id}
    assert outside == [0, 0]
    assert parent(own["execute_tool within"]) == own["task steps"].context.span_id
    assert parent(own["execute_tool of the consumer"]) is None


async def test_the_consumer_of_an_async_generator_is_outside_too(seen):
    @llmobs.workflow("chat")
    async def steps():
        with llmobs.context(user="of the generator"):
            await asyncio.sleep(0)
            yield current(), attributes()
            yield current(), attributes()

    async for inside, carried in steps():
        assert inside != 0
        assert carried == {"gen_ai.workflow.name": "chat", "user.id": "of the generator"}
        assert current() == 0
        assert attributes() == {}

    assert only(seen()).name == "invoke_workflow chat"


def test_interleaved_generators_keep_their_own_span(seen):
    @llmobs.task
    def steps(name):
        with llmobs.tool(name):
            yield current()
        yield current()

    first, second = steps("a"), steps("b")
    ids = [next(first), next(second), next(first), next(second)]
    list(first)
    list(second)

    assert len(set(ids)) == 4
    tools = {span.name: parent(span) for span in seen() if "tool" in span.name}
    assert tools == {"execute_tool a": ids[2], "execute_tool b": ids[3]}


def test_a_block_in_a_generator_that_is_not_ours_leaves_nothing_current(seen):
    def steps():
        with llmobs.tool("in the generator"):
            yield 1

    items = steps()
    next(items)
    with llmobs.tool("later"):
        list(items)

    assert current() == 0


async def test_an_async_generator_closed_in_another_task_logs_no_failed_detach(seen, caplog):
    async def steps():
        with llmobs.tool("in the generator"):
            yield 1

    items = steps()
    await anext(items)
    await asyncio.create_task(items.aclose())
    with llmobs.tool("later"):
        pass

    first, second = seen()
    assert first.name == "execute_tool in the generator"
    assert parent(second) is None
    assert current() == 0
    assert not caplog.records


def test_the_loop_closes_a_generator_that_was_left_open_without_complaint(seen, caplog):
    cleaned = []

    @llmobs.task
    async def steps():
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    async def main():
        items.append(steps())
        await anext(items[0])

    items = []
    asyncio.run(main())

    assert cleaned == [True]
    assert not caplog.records
    assert len(seen()) == 1


def test_a_generator_that_ended_keeps_nothing_alive(seen):
    @llmobs.task
    def steps(given):
        yield given

    gc.disable()
    try:
        big = Big()
        alive = weakref.ref(big)
        items = steps(big)
        next(items)
        with suppress(KeyError):
            items.throw(KeyError("x"))
        del items, big
        assert alive() is None
    finally:
        gc.enable()


def test_a_yielded_item_lives_no_longer_than_its_consumer_wants(seen):
    @llmobs.task
    def steps():
        yield Big()
        yield None

    items = steps()
    alive = weakref.ref(next(items))

    assert alive() is None
    items.close()
