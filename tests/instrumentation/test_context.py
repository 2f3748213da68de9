"""Who and what the spans around here belong to."""

import asyncio
import contextvars
import gc
import json
import threading

import pytest
from opentelemetry import context as otel

from llmobs.instrumentation import context
from llmobs.instrumentation.context import assembled, attributes


@pytest.fixture(autouse=True)
def untouched():
    """Every test ends as it began: nothing applies, and OpenTelemetry's context is the one before."""
    before = otel.get_current()
    assert attributes() == {}
    yield
    assert attributes() == {}
    assert otel.get_current() is before


def test_everything_in_the_block_belongs_to_user_session_and_tags():
    with context.context(user="u-1", session="s-1", plan="free", seats=3):
        seen = attributes()

    assert seen == {
        "user.id": "u-1",
        "gen_ai.conversation.id": "s-1",
        "llmobs.tags": '{"plan": "free", "seats": 3}',
    }


def test_inner_blocks_add_to_outer_ones_and_win():
    with context.context(user="u-1", plan="free", region="eu"):
        with context.context(session="s-1", plan="paid"):
            inner = attributes()
        outer = attributes()

    assert inner["user.id"] == "u-1"
    assert inner["gen_ai.conversation.id"] == "s-1"
    assert json.loads(inner["llmobs.tags"]) == {"plan": "paid", "region": "eu"}
    assert outer == {"user.id": "u-1", "llmobs.tags": '{"plan": "free", "region": "eu"}'}


def test_none_leaves_what_the_outer_block_says():
    with context.context(user="u-1"), context.context(user=None, plan=None):
        assert attributes() == {"user.id": "u-1"}


def test_what_is_given_out_is_a_copy():
    with context.context(user="u-1"):
        attributes()["user.id"] = "somebody else"

        assert attributes() == {"user.id": "u-1"}


class Rude:
    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("given", "carried"),
    [(7, "7"), (Rude(), "Rude"), ("\ud800", "?"), ("名", "名")],
    ids=["number", "str raises", "lone surrogate", "chinese"],
)
def test_whatever_the_user_is_it_becomes_text_that_can_travel(given, carried):
    with context.context(user=given):
        assert attributes() == {"user.id": carried}


def test_tags_that_json_has_no_word_for_become_text():
    with context.context(rate=float("nan"), who=Rude(), flag=True):
        assert attributes()["llmobs.tags"] == '{"flag": true, "rate": "nan", "who": "Rude"}'


def test_an_error_goes_through_and_the_block_ends():
    with pytest.raises(LookupError), context.context(user="u-1"):
        raise LookupError


async def test_it_serves_async_with_too():
    async with context.context(user="u-1"):
        await asyncio.sleep(0)
        assert attributes() == {"user.id": "u-1"}


async def test_tasks_do_not_see_each_others_users():
    async def of(user):
        with context.context(user=user):
            await asyncio.sleep(0)
            return attributes()["user.id"]

    assert await asyncio.gather(*(of(f"u-{n}") for n in range(5))) == ["u-0", "u-1", "u-2", "u-3", "u-4"]


async def test_a_task_begun_in_a_block_keeps_its_user_when_the_block_is_over():
    over = asyncio.Event()

    async def background():
        await over.wait()
        with context.context(session="s-1"):
            pass
        return attributes()

    with context.context(user="u-1"):
        task = asyncio.create_task(background())
        await asyncio.sleep(0)
    over.set()

    assert await task == {"user.id": "u-1"}


def test_one_object_may_be_entered_again_and_at_the_same_time_elsewhere():
    block = context.context(user="u-1")
    inside, leave = threading.Barrier(2, timeout=10), threading.Event()
    seen = {}

    def elsewhere():
        with block:
            inside.wait()
            leave.wait(10)
            seen["thread"] = attributes()
        seen["after"] = attributes()

    thread = threading.Thread(target=elsewhere)
    with block, block:
        thread.start()
        inside.wait()
    after = attributes()
    leave.set()
    thread.join()

    assert after == {}
    assert seen == {"thread": {"user.id": "u-1"}, "after": {}}


def with_a_user(user):
    with context.context(user=user):
        yield 1
        yield 2


def test_a_generator_that_ends_while_a_later_block_is_open_does_not_come_back():
    items = with_a_user("of the generator")
    next(items)
    with context.context(session="s-1"):
        list(items)
        during = attributes()

    assert during["gen_ai.conversation.id"] == "s-1"
    assert attributes() == {}


def test_two_generators_ending_in_the_order_they_began_leave_nothing():
    first, second = with_a_user("a"), with_a_user("b")
    next(first)
    next(second)

    list(first)
    list(second)

    assert attributes() == {}


def test_a_generator_closed_in_another_context_raises_nothing_and_is_dropped_here():
    items = with_a_user("u-1")
    next(items)

    contextvars.Context().run(items.close)

    assert attributes() == {}


async def test_an_abandoned_async_generator_does_not_leave_its_user_behind():
    async def steps():
        with context.context(user="of the generator"):
            yield 1
            yield 2

    async for _ in steps():
        break
    gc.collect()
    await asyncio.sleep(0)  # the loop closes it in a task of its own
    await asyncio.sleep(0)

    assert attributes() == {}


def test_an_assembled_prompt_is_on_the_calls_that_follow():
    with context.context():
        assembled("greet", "3")

        assert attributes() == {"gen_ai.prompt.name": "greet", "gen_ai.prompt.version": "3"}


def test_the_next_assembly_takes_its_place_even_without_a_version():
    with context.context():
        assembled("greet", "3")
        assembled("farewell", None)

        assert attributes() == {"gen_ai.prompt.name": "farewell"}


def test_a_prompt_ends_with_the_block_it_was_assembled_in():
    with context.context(user="u-1"):
        assembled("outer", "1")
        with context.context(session="s-1"):
            kept = attributes()
            assembled("inner", "2")
        after = attributes()

    assert kept["gen_ai.prompt.name"] == "outer"
    assert after["gen_ai.prompt.name"] == "outer"
