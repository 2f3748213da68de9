"""A decorated function is what it was, and its span tells how it ended."""

import asyncio
import functools
import inspect

import pytest
from opentelemetry.trace import StatusCode

import llmobs
from llmobs.instrumentation import content, fence


def only(spans):
    [span] = spans
    return span


def plain(a: int, b: str = "x") -> str:
    """Says it."""
    return f"{a}{b}"


async def coroutine(a: int, b: str = "x") -> str:
    """Says it."""
    return f"{a}{b}"


def generator(a: int, b: str = "x"):
    """Says it."""
    yield f"{a}{b}"


async def async_generator(a: int, b: str = "x"):
    """Says it."""
    yield f"{a}{b}"


@pytest.mark.parametrize("function", [plain, coroutine, generator, async_generator])
@pytest.mark.parametrize("decorate", [llmobs.tool, llmobs.tool("named")], ids=["bare", "called"])
def test_a_decorated_function_is_what_it_was(function, decorate):
    decorated = decorate(function)

    for ask in (
        inspect.signature,
        inspect.iscoroutinefunction,
        inspect.isgeneratorfunction,
        inspect.isasyncgenfunction,
        inspect.getdoc,
        inspect.unwrap,
    ):
        assert ask(decorated) == ask(function)
    assert decorated.__name__ == function.__name__
    assert decorated.__module__ == function.__module__


def test_a_decorated_property_is_one(seen):
    class Desk:
        @llmobs.tool
        @property
        def drawer(self):
            """Says it."""
            return "pens"

        @drawer.setter
        def drawer(self, value):
            self.put = value

    desk = Desk()
    desk.drawer = "ink"

    assert (desk.drawer, desk.put, Desk.drawer.__doc__) == ("pens", "ink", "Says it.")
    assert only(seen()).name == "execute_tool drawer"


async def test_the_span_of_an_object_that_is_called_lasts_as_long_as_its_work(seen):
    class Search:
        async def __call__(self):
            with llmobs.task("inside"):
                return "found"

    class Stream:
        def __call__(self):
            with llmobs.task("inside"):
                yield "found"

    assert await llmobs.tool(Search())() == "found"
    assert list(llmobs.tool(Stream())()) == ["found"]

    first, search, second, stream = seen()
    assert (search.name, stream.name) == ("execute_tool Search", "execute_tool Stream")
    assert first.parent.span_id == search.context.span_id
    assert second.parent.span_id == stream.context.span_id


def test_a_cached_function_keeps_the_handles_of_its_cache(seen):
    double = llmobs.tool(functools.cache(lambda x: 2 * x))

    assert (double(2), double(2)) == (4, 4)
    assert double.cache_info().hits == 1
    double.cache_clear()

    assert double.cache_info().hits == 0
    assert len(seen()) == 2


async def test_values_and_errors_go_through(seen):
    @llmobs.task
    def fail():
        raise LookupError("gone")

    @llmobs.task
    async def fail_later():
        raise LookupError("gone")

    assert llmobs.task(plain)(1, b="y") == "1y"
    assert await llmobs.task(coroutine)(1, b="y") == "1y"
    with pytest.raises(LookupError, match="gone"):
        fail()
    with pytest.raises(LookupError, match="gone"):
        await fail_later()
    with pytest.raises(TypeError):
        llmobs.task(plain)(1, 2, 3)

    *fine, first, second, third = seen()
    assert [span.status.status_code for span in fine] == [StatusCode.UNSET] * 2
    for span in (first, second):
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == "LookupError: gone"
        assert span.attributes["error.type"] == "LookupError"
    assert third.attributes["error.type"] == "TypeError"


async def test_cancelled_is_not_failed(seen):
    @llmobs.agent
    async def wait():
        await asyncio.Event().wait()

    running = asyncio.create_task(wait())
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    span = only(seen())
    assert span.status.status_code is StatusCode.UNSET
    assert span.attributes["error.type"] == "CancelledError"


def test_a_failing_str_of_an_error_changes_nothing(seen):
    class Rude(Exception):
        def __str__(self):
            raise RuntimeError

    with pytest.raises(Rude), llmobs.task("t"):
        raise Rude

    assert only(seen()).attributes["error.type"].endswith("Rude")


def test_an_error_of_ours_never_reaches_the_caller(seen, monkeypatch):
    monkeypatch.setattr(fence, "strict", False)

    def broken(*args, **kwargs):
        raise RuntimeError("ours")

    for name in ("render", "captured"):
        monkeypatch.setattr(content, name, broken)

        assert llmobs.tool(plain)(1) == "1x"
        assert list(llmobs.tool(generator)(1)) == ["1x"]
        with llmobs.tool("search", arguments={"a": 1}) as tool:
            assert tool.result(7) == 7
    monkeypatch.setattr("llmobs.instrumentation.span.description", broken)
    with pytest.raises(LookupError), llmobs.tool("last"):
        raise LookupError
    assert seen()[-1].name == "execute_tool last"
    monkeypatch.setattr("llmobs.instrumentation.export.tracer", broken)
    assert llmobs.tool(plain)(1) == "1x"
