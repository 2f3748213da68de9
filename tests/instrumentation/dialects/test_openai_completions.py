import pytest

from llmobs.instrumentation.dialects import openai_completions as completions


@pytest.mark.parametrize(
    ("prompt", "parts"),
    [
        ("One mill", [{"type": "text", "content": "One mill"}]),
        (["a", "b"], [{"type": "text", "content": "a"}, {"type": "text", "content": "b"}]),
        ([11, 12, 13], [{"type": "tokens", "count": 3}]),
        ([[11, 12], [13]], [{"type": "tokens", "count": 2}, {"type": "tokens", "count": 1}]),
    ],
)
def test_each_kind_of_prompt_is_one_message(prompt, parts):
    assert completions.input_messages({"prompt": prompt}) == [{"role": "user", "parts": parts}]


@pytest.mark.parametrize("prompt", [None, [], 5, iter(["a"])])
def test_no_prompt_is_no_message(prompt):
    assert completions.input_messages({"prompt": prompt}) == []


def test_what_was_asked_for_and_what_came():
    body = {"model": "gpt-3.5-turbo-instruct", "max_tokens": 5, "n": 2, "stop": ["\n"], "echo": True}
    choices = [
        {"text": "One mill", "index": 0, "finish_reason": "length"},
        {"text": "", "index": 1, "finish_reason": "stop"},
    ]
    answer = {"id": "cmpl-1", "model": "m", "choices": choices, "usage": {"prompt_tokens": 2}}

    assert completions.request(body) == {
        "model": "gpt-3.5-turbo-instruct",
        "max_tokens": 5,
        "choice_count": 2,
        "stop_sequences": ["\n"],
    }
    assert completions.response(answer) == {
        "response_id": "cmpl-1",
        "answered_by": "m",
        "input_tokens": 2,
        "finish_reasons": ["length", "stop"],
    }
    assert completions.output_messages(answer) == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "One mill"}],
            "finish_reason": "length",
        },
        {"role": "assistant", "parts": [], "finish_reason": "stop"},
    ]
