"""What hosts do their own way that otherwise speak OpenAI's chat format."""

import pytest

from llmobs.instrumentation.dialects import openai_chat as chat
from llmobs.instrumentation.dialects import openai_embeddings as embeddings
from tests.instrumentation.dialects.streams import folded

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
DRAWN = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}, "index": 0}


def streamed(*deltas, **last):
    """The answer of a stream of `deltas`; `last` stands in its last choice."""
    head = {"id": "c", "model": "m"}
    found = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    end = {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", **last}]}
    return folded(chat, [*found, end])


def parts(answer):
    [message] = chat.output_messages(answer)
    return message["parts"]


def call(arguments, **more):
    return {"id": "a", "type": "function", "function": {"name": "f", "arguments": arguments}, **more}


def test_counts_that_stand_in_the_last_choice_are_read():
    assert chat.response(streamed({"content": "hi"}, usage=USAGE)) == {
        "response_id": "c",
        "answered_by": "m",
        "input_tokens": 10,
        "output_tokens": 5,
        "finish_reasons": ["stop"],
    }


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({"cached_tokens": 8}, {"cached_tokens": 8}),
        ({"cached_tokens": 0}, {}),
        ({"num_cached_tokens": 9}, {"cached_tokens": 9}),
        ({"cache_creation_input_tokens": 7}, {"cache_written_tokens": 7}),
        ({"prompt_tokens_details": {"cache_creation_input_tokens": 7}}, {"cache_written_tokens": 7}),
        ({"reasoning_tokens": 3}, {"reasoning_tokens": 3}),
        ({"cached_tokens": 8, "prompt_tokens_details": {"cached_tokens": 4}}, {"cached_tokens": 4}),
    ],
)
def test_counts_that_stand_beside_the_details_are_read(counts, found):
    assert chat.response({"usage": {"prompt_tokens": 10, **counts}}) == {"input_tokens": 10, **found}


def test_all_tokens_of_an_embedding_are_input():
    assert embeddings.response({"usage": {"total_tokens": 18}}) == {"input_tokens": 18}
    assert embeddings.response({"usage": {"prompt_tokens": 4, "total_tokens": 5}}) == {"input_tokens": 4}


@pytest.mark.parametrize("arguments", ["", {"city": "Oslo", "unit": None}, {}, [1, 2], None])
def test_arguments_of_any_kind_stream_as_they_come_whole(arguments):
    whole = {"choices": [{"message": {"tool_calls": [call(arguments)]}, "finish_reason": "tool_calls"}]}

    assert parts(streamed({"tool_calls": [call(arguments, index=0)]})) == parts(whole)
    assert parts(whole) == [{"type": "tool_call", "id": "a", "name": "f", "arguments": arguments}]


def test_a_function_called_with_nothing_streams_as_it_comes_whole():
    made = {"name": "f", "arguments": ""}

    assert parts(streamed({"function_call": made})) == [{"type": "tool_call", "name": "f", "arguments": ""}]


def test_an_id_that_comes_late_is_the_calls():
    first = {"index": 0, "function": {"name": "f"}}
    second = {"index": 0, "id": "a", "function": {"arguments": "{}"}}

    assert parts(streamed({"tool_calls": [first]}, {"tool_calls": [second]})) == [
        {"type": "tool_call", "id": "a", "name": "f", "arguments": {}}
    ]


def test_pieces_of_a_call_that_each_have_an_id_of_their_own_are_one_call():
    first = {"index": 0, "id": "a", "function": {"name": "f"}}
    more = [{"index": 0, "id": f"a{n}", "function": {"arguments": text}} for n, text in enumerate('{"k"')]
    last = {"index": 0, "id": "z", "function": {"name": None, "arguments": ":1}"}}

    assert parts(streamed(*[{"tool_calls": [piece]} for piece in (first, *more, last)])) == [
        {"type": "tool_call", "id": "a", "name": "f", "arguments": {"k": 1}}
    ]


def test_custom_tools_without_ids_are_told_apart_by_their_names():
    made = [{"custom": {"name": name, "input": "1"}} for name in ("f", "g")]

    assert parts(streamed(*[{"tool_calls": [one]} for one in made])) == [
        {"type": "tool_call", "name": "f", "arguments": "1"},
        {"type": "tool_call", "name": "g", "arguments": "1"},
    ]


def test_drawn_pictures_are_parts():
    picture = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBO"}
    message = {"role": "assistant", "content": "", "images": [DRAWN]}

    assert parts({"choices": [{"message": message, "finish_reason": "stop"}]}) == [picture]
    assert parts(streamed({"content": "", "images": [DRAWN]})) == [picture]
    assert chat.input_messages({"messages": [message]}) == [{"role": "assistant", "parts": [picture]}]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"error": {"code": 502, "message": "Provider returned error"}}, ("502", "Provider returned error")),
        ({"error": {"type": "overloaded", "message": "later"}, "choices": None}, ("overloaded", "later")),
        ({"error": {"message": "no"}}, ("error", "no")),
        ({"error": "no"}, ("error", "no")),
        ({"error": None, "choices": []}, None),
        ({"error": {}}, None),
        ({"choices": [{"finish_reason": "error", "error": {"code": 429, "message": "no"}}]}, ("429", "no")),
        ({"choices": [{"finish_reason": "stop", "error": {"code": 429}}]}, None),
        ({"choices": [{"finish_reason": "error"}]}, None),
    ],
)
def test_a_failure_under_a_good_status_is_told(answer, told):
    assert chat.failure(answer) == told


def test_a_stream_tells_the_failure_of_a_choice():
    answer = streamed({"content": "h"}, finish_reason="error", error={"code": 502, "message": "gone"})

    assert chat.failure(answer) == ("502", "gone")


def test_a_stream_that_groq_stopped_early_failed():
    stopped = folded(chat, [{"choices": [], "x_groq": {"id": "r", "error": "no"}}])

    assert chat.failure(stopped) == ("error", "no")
    assert chat.failure(folded(chat, [{"choices": [], "x_groq": {"id": "r"}}])) is None


def test_tools_that_the_host_ran_are_calls_of_its_own():
    begun = {"index": 0, "type": "search", "arguments": '{"query": "mill", "since": null}', "output": None}
    done = {**begun, "output": "By the river."}
    other = {"index": 1, "type": "python", "arguments": "1 + 1"}
    message = {"content": "hi", "reasoning": "hm", "executed_tools": [done, other]}
    found = [
        {"type": "reasoning", "content": "hm"},
        {
            "type": "server_tool_call",
            "name": "search",
            "server_tool_call": {"type": "search", "arguments": {"query": "mill", "since": None}},
        },
        {
            "type": "server_tool_call_response",
            "server_tool_call_response": {"type": "search", "output": "By the river."},
        },
        {
            "type": "server_tool_call",
            "name": "python",
            "server_tool_call": {"type": "python", "arguments": "1 + 1"},
        },
        {"type": "text", "content": "hi"},
    ]

    assert parts({"choices": [{"message": message, "finish_reason": "stop"}]}) == found
    ran = [{"executed_tools": [tool]} for tool in (begun, done, other)]
    assert parts(streamed({"reasoning": "hm"}, *ran, {"content": "hi"})) == found


def test_pictures_that_were_asked_for_are_the_output_type():
    assert chat.request({"modalities": ["image", "text"]})["output_type"] == "image"
    assert "output_type" not in chat.request({"modalities": ["text", {}]})
