"""Which attribute fills which of our fields, and what stays beside it."""

import pytest

from tests.server.collector.payloads import rest, row


@pytest.mark.parametrize(
    ("attribute_name", "value", "column"),
    [
        ("gen_ai.request.model", "gpt", "model"),
        ("gen_ai.usage.input_tokens", 12, "input_tokens"),
        ("gen_ai.usage.input_tokens", 2**63 - 1, "input_tokens"),
        ("gen_ai.request.temperature", 0.1, "temperature"),
        ("gen_ai.request.stream", True, "stream"),
        ("gen_ai.input.messages", "not JSON", "input_messages"),
    ],
)
def test_a_field_takes_an_attribute_of_its_type(attribute_name, value, column):
    found = row({attribute_name: value})

    assert found[column] == value
    assert type(found[column]) is type(value)
    assert (found["attributes"], found["copied"], found["structured"]) == ("{}", None, None)


@pytest.mark.parametrize(
    ("attribute_name", "value", "column"),
    [
        ("gen_ai.request.model", 4, "model"),
        ("gen_ai.usage.input_tokens", "12", "input_tokens"),
        ("gen_ai.usage.input_tokens", 12.0, "input_tokens"),
        ("gen_ai.usage.input_tokens", True, "input_tokens"),
        ("gen_ai.request.temperature", "hot", "temperature"),
        ("gen_ai.response.finish_reasons", ["stop", 1], "finish_reasons"),
        ("gen_ai.response.finish_reasons", "stop", "finish_reasons"),
        ("gen_ai.input.messages", 5, "input_messages"),
        ("gen_ai.request.model", None, "model"),
    ],
)
def test_an_attribute_of_another_type_stays_as_it_is(attribute_name, value, column):
    found = row({attribute_name: value})

    assert found[column] is None
    [kept] = rest(found).items()
    assert kept == (attribute_name, value)
    assert type(kept[1]) is type(value)


def test_a_number_that_is_none_is_unknown():
    found = row({"gen_ai.request.temperature": float("nan"), "gen_ai.request.top_p": float("inf")})

    assert (found["temperature"], found["top_p"]) == (None, None)
    assert found["attributes"] == '{"gen_ai.request.temperature":NaN,"gen_ai.request.top_p":Infinity}'


def test_an_int_fills_a_float_field_and_stays_an_int_beside_it():
    found = row({"gen_ai.request.temperature": 1})

    assert found["temperature"] == 1.0
    assert found["attributes"] == '{"gen_ai.request.temperature":1}'
    assert found["copied"] == '{"gen_ai.request.temperature":null}'


def test_another_name_of_a_field_fills_it_and_stays():
    found = row({"session.id": "s"})

    assert found["session_id"] == "s"
    assert found["attributes"] == '{"session.id":"s"}'
    assert found["copied"] == '{"gen_ai.conversation.id":null}'


def test_the_own_name_of_a_field_wins_over_another():
    found = row({"session.id": "s", "gen_ai.conversation.id": "c"})

    assert found["session_id"] == "c"
    assert (found["attributes"], found["copied"]) == ('{"session.id":"s"}', None)


def test_messages_that_come_as_a_structure_become_json_text():
    found = row({"gen_ai.input.messages": [{"role": "user", "n": 1.0}]})

    assert found["input_messages"] == '[{"role":"user","n":1.0}]'
    assert (found["attributes"], found["structured"]) == ("{}", " input_messages ")


def test_a_list_of_texts_becomes_json():
    assert row({"gen_ai.response.finish_reasons": ["stop", 'a"b']})["finish_reasons"] == '["stop","a\\"b"]'
