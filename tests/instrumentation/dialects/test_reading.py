import math
from enum import Enum
from types import SimpleNamespace

import pytest
from openai.types.chat import ChatCompletionMessage

from llmobs.instrumentation import dialects
from llmobs.instrumentation.dialects import Pieces, at, fields, find, plain, read, real, whole, word, words
from tests.instrumentation.dialects.streams import DIALECTS


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/chat/completions", "openai_chat"),
        ("/chat/completions", "openai_chat"),
        ("chat/completions", "openai_chat"),
        ("/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", "openai_chat"),
        ("/v1/completions/", "openai_completions"),
        ("/responses", "openai_responses"),
        ("responses", "openai_responses"),
        ("/v1/embeddings", "openai_embeddings"),
        ("/v1/messages?beta=true", "anthropic"),
        ("/anthropic/v1/messages", "anthropic"),
    ],
)
def test_a_path_finds_its_dialect(path, name):
    assert find(DIALECTS.values(), "POST", path) is DIALECTS[name]
    assert find(reversed(DIALECTS.values()), "POST", path) is DIALECTS[name]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/threads/thread_1/messages"),
        ("POST", "/v1/messages/count_tokens"),
        ("POST", "/v1/responses/resp_1/cancel"),
        ("GET", "/v1/chat/completions"),
        ("POST", "/v1/models"),
    ],
)
def test_other_paths_find_none(method, path):
    assert find(DIALECTS.values(), method, path) is None


def test_an_object_and_its_dict_read_alike():
    known = {
        "role": "assistant",
        "content": "hi",
        "reasoning_content": "why",
    }  # one more
    message = ChatCompletionMessage.construct(**known)

    assert at([{"m": message}], 0, "m", "reasoning_content") == at(
        [{"m": known}], 0, "m", "reasoning_content"
    )
    assert fields(message).items() >= known.items()
    assert plain(message) == known


def test_a_path_that_ends_early_is_none():
    assert at({"a": [1]}, "a", 3) is None
    assert at({"a": None}, "a", "b", 0) is None
    assert at("text", "count") is None  # a method of str, no field
    assert at(SimpleNamespace(a=1), "a") == 1


def test_a_plain_copy_shares_nothing_and_drops_what_is_not_set():
    given = {"a": [{"b": None, "c": (1, 2)}], "d": Pieces(("x", "y"))}

    copy = plain(given)

    assert copy == {"a": [{"c": [1, 2]}], "d": "xy"}
    assert copy["a"] is not given["a"]
    assert given["a"] == [{"b": None, "c": (1, 2)}]


def test_a_plain_copy_consumes_no_iterator():
    iterator = iter([1, 2])

    assert plain({"a": iterator})["a"] is iterator
    assert list(iterator) == [1, 2]


def test_a_plain_copy_ends_where_json_is_absurdly_deep():
    deep: list = []
    for _ in range(5_000):
        deep = [deep]

    copy, levels = plain(deep), 0
    while copy is not deep and levels < 200:
        copy, deep, levels = copy[0], deep[0], levels + 1

    assert levels == dialects.DEPTH


def test_a_value_of_the_wrong_type_is_unknown():
    table = {"a": ("tokens", whole), "b": ("share", real), "c": ("name", word), "d": ("stops", words)}

    assert read({"a": 12.0, "b": 1, "c": "x", "d": "END"}, table) == {
        "tokens": 12,
        "share": 1.0,
        "name": "x",
        "stops": ["END"],
    }
    assert read({"a": True, "b": "1", "c": "", "d": [1]}, table) == {}
    assert read({"a": 1 << 63, "b": None, "c": 5, "d": {}}, table) == {}
    assert read({"a": math.nan, "b": False, "c": [], "d": None}, table) == {}


def test_a_text_is_one_that_can_travel():
    model = Enum("Model", {"SMALL": "gpt-4o-mini"}, type=str)

    assert word("m\ud83d") == "m?"
    assert word("m\U0001f600") == "m\U0001f600"
    assert (word(model.SMALL), type(word(model.SMALL))) == ("gpt-4o-mini", str)
