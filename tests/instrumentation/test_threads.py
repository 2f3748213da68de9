"""Many calls at once, each under its own parent; threads belong to the span that starts work in them."""

import asyncio
import contextvars
import decimal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry import trace

import llmobs
from llmobs.instrumentation import export
from llmobs.instrumentation.context import attributes
from tests.net import ASK, CHAT, CHAT_STREAM, Net


def parents(spans):
    """Name of its parent by call, from the user that the call was made for."""
    names = {span.context.span_id: span.name for span in spans}
    calls = [span for span in spans if span.name.startswith("chat")]
    return sorted((span.attributes["user.id"], names[span.parent.span_id]) for span in calls)


WANTED = sorted((str(n), f"invoke_workflow {n}") for n in range(64))


async def test_64_tasks_at_once_have_each_their_own_parent(seen):
    client = Net(CHAT).aopenai()

    async def one(n):
        with llmobs.workflow(str(n)), llmobs.context(user=n):
            await asyncio.sleep(0)
            await client.chat.completions.create(**ASK)

    await asyncio.gather(*[one(n) for n in range(64)])

    assert parents(seen()) == WANTED


async def test_64_streams_in_tasks_too(seen):
    client = Net(CHAT_STREAM).aopenai()

    async def one(n):
        with llmobs.workflow(str(n)), llmobs.context(user=n):
            async for _ in await client.chat.completions.create(**ASK, stream=True):
                await asyncio.sleep(0)

    await asyncio.gather(*[one(n) for n in range(64)])

    assert parents(seen()) == WANTED


def test_64_calls_in_8_threads_too(seen):
    client = Net(CHAT).openai()

    def one(n):
        with llmobs.workflow(str(n)), llmobs.context(user=n):
            client.chat.completions.create(**ASK)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(64)))

    assert parents(seen()) == WANTED


def test_a_pool_works_for_the_span_that_submits(seen):
    client = Net(CHAT).openai()
    with ThreadPoolExecutor(2) as pool:
        for n in range(3):  # the second finds a thread that the first one's workflow started
            with llmobs.workflow(str(n)), llmobs.context(user=n):
                pool.submit(client.chat.completions.create, **ASK).result()
        outside = pool.submit(trace.get_current_span).result()

    assert parents(seen()) == [*WANTED[:1], ("1", "invoke_workflow 1"), ("2", "invoke_workflow 2")]
    assert outside is trace.INVALID_SPAN


def test_a_thread_works_for_the_span_that_starts_it(seen):
    client = Net(CHAT).openai()
    with llmobs.workflow("5"), llmobs.context(user=5):
        thread = threading.Thread(target=client.chat.completions.create, kwargs=ASK)
        thread.start()
    thread.join()

    assert parents(seen()) == [("5", "invoke_workflow 5")]


def test_a_subclass_with_its_own_run_too(seen):
    found = []

    class Worker(threading.Thread):
        def run(self):
            found.append(attributes())

    with llmobs.context(user="bob"):
        worker = Worker()
        worker.start()
    worker.join()

    assert found == [{"user.id": "bob"}]
    assert "run" not in vars(worker)


def test_variables_of_others_stay_where_they_are(seen):
    """A pool thread keeps the precision and the variables that Python gives it."""
    mine = contextvars.ContextVar("mine", default="default")
    mine.set("changed")

    with llmobs.context(user="bob"), decimal.localcontext(prec=5), ThreadPoolExecutor(1) as pool:
        told = pool.submit(lambda: (mine.get(), decimal.getcontext().prec, attributes())).result()

    assert told == ("default", 28, {"user.id": "bob"})


def test_errors_and_results_of_a_pool_come_through(seen):
    def broken():
        raise KeyError("mine")

    with llmobs.context(user="bob"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(max, 1, 2, key=lambda n: -n).result() == 1
        with pytest.raises(KeyError, match="mine"):
            pool.submit(broken).result()
        with pytest.raises(TypeError):
            pool.submit()


def test_threads_stay_untouched_where_that_is_asked_for():
    before = threading.Thread.start, ThreadPoolExecutor.submit

    llmobs.instrument(tracer_provider=trace.NoOpTracerProvider(), threads=False)
    during = threading.Thread.start, ThreadPoolExecutor.submit
    llmobs.uninstrument()

    assert during == before
    assert not export.started()
