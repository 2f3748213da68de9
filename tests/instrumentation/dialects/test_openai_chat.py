import pytest

from llmobs.instrumentation.dialects import openai_chat as chat

TEXT = {"type": "text", "content": "hi"}
DATA = "data:image/png;base64,iVBORw0KGgo="


def test_what_was_asked_for():
    body = {
        "model": "gpt-4o-mini",
        "temperature": 0,
        "top_p": 0.5,
        "max_completion_tokens": 64,
        "stop": "END",
        "frequency_penalty": 0.1,
        "presence_penalty": -0.1,
        "n": 2,
        "seed": 7,
        "reasoning_effort": "low",
        "response_format": {"type": "json_schema", "json_schema": {}},
        "service_tier": "flex",
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
    }

    assert chat.request(body) == {
        "api_type": "chat_completions",
        "model": "gpt-4o-mini",
        "temperature": 0.0,
        "top_p": 0.5,
        "max_tokens": 64,
        "stop_sequences": ["END"],
        "frequency_penalty": 0.1,
        "presence_penalty": -0.1,
        "choice_count": 2,
        "seed": 7,
        "reasoning_level": "low",
        "output_type": "json",
        "service_tier_requested": "flex",
        "tool_choice": "get_weather",
    }


def test_what_is_usual_is_not_said():
    body = {"model": "m", "n": 1, "service_tier": "auto", "stop": None, "tool_choice": "auto"}

    assert chat.request(body) == {"api_type": "chat_completions", "model": "m", "tool_choice": "auto"}


def test_sound_that_was_asked_for_is_the_output_type():
    assert chat.request({"modalities": ["text", "audio"]})["output_type"] == "speech"


def test_details_of_the_counts_are_parts_of_them():
    usage = {
        "prompt_tokens": 1234,
        "completion_tokens": 57,
        "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 128},
        "completion_tokens_details": {"reasoning_tokens": 19},
    }

    assert chat.response({"id": "c", "model": "m", "usage": usage, "service_tier": "default"}) == {
        "response_id": "c",
        "answered_by": "m",
        "service_tier": "default",
        "input_tokens": 1234,
        "output_tokens": 57,
        "cached_tokens": 1024,
        "cache_written_tokens": 128,
        "reasoning_tokens": 19,
    }


def test_tokens_of_sound_are_counted_and_none_of_them_are_not_said():
    sound = {"prompt_tokens_details": {"audio_tokens": 7}, "completion_tokens_details": {"audio_tokens": 5}}
    none = {"prompt_tokens_details": {"audio_tokens": 0}, "completion_tokens_details": {"audio_tokens": 0}}
    usage = {"prompt_tokens": 9, "completion_tokens": 6}
    known = {"input_tokens": 9, "output_tokens": 6}

    assert chat.response({"usage": usage | none}) == known
    assert chat.response({"usage": usage | sound}) == {
        **known,
        "input_audio_tokens": 7,
        "output_audio_tokens": 5,
    }


def test_deepseek_counts_what_its_cache_gave_beside_the_details():
    usage = {"prompt_tokens": 12, "prompt_cache_hit_tokens": 8, "prompt_cache_miss_tokens": 4}

    assert chat.response({"usage": usage}) == {"input_tokens": 12, "cached_tokens": 8}


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None}, {"prompt_tokens": "9"}, [1], "9"])
def test_counts_that_are_not_there_are_unknown(usage):
    assert chat.response({"model": "m", "usage": usage}) == {"answered_by": "m"}


def test_each_choice_has_its_reason_and_its_message():
    choices = [
        {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"},
        {"index": 1, "message": {"role": "assistant", "content": None}, "finish_reason": None},
    ]

    assert chat.response({"choices": choices})["finish_reasons"] == ["stop", "error"]
    assert chat.output_messages({"choices": choices}) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "a"}], "finish_reason": "stop"},
        {"role": "assistant", "parts": [], "finish_reason": "error"},
    ]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ({"type": "text", "text": "hi"}, TEXT),
        (
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
            {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"},
        ),
        (
            {"type": "image_url", "image_url": {"url": DATA}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBORw0KGgo="},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
            {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "UklG"},
        ),
        (
            {"type": "file", "file": {"file_id": "file-1"}},
            {"type": "file", "modality": "document", "file_id": "file-1"},
        ),
        (
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
            {
                "type": "blob",
                "modality": "document",
                "mime_type": "application/pdf",
                "content": "JVBE",
                "filename": "a.pdf",
            },
        ),
        (
            {"type": "file", "file": {"file_data": "JVBE"}},
            {"type": "blob", "modality": "document", "content": "JVBE"},
        ),
        (
            {"type": "file", "file": {"file_data": "data:image/png;base64,iVBO"}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBO"},
        ),
        ({"type": "refusal", "refusal": "No."}, {"type": "refusal", "content": "No."}),
        (
            {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}},
            {"type": "uri", "modality": "video", "uri": "https://example.com/a.mp4"},
        ),
        ({"type": "hologram", "depth": 3, "hue": None}, {"type": "hologram", "depth": 3}),
        ({"type": "tool_call", "depth": 3}, {"type": "other_tool_call", "depth": 3}),
        ("hi", TEXT),
        (7, {"type": "unknown", "content": 7}),
    ],
)
def test_each_kind_of_content_is_a_part(content, part):
    [message] = chat.input_messages({"messages": [{"role": "user", "content": [content]}]})

    assert message == {"role": "user", "parts": [part]}


def test_a_conversation_with_tools():
    messages = [
        {"role": "developer", "content": "Be short."},
        {"role": "user", "name": "ada", "content": "hi"},
        {
            "role": "assistant",
            "content": "",
            "reasoning_content": "Look it up.",
            "audio": {"id": "audio_1"},
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "get", "arguments": '{"k": NaN}'}},
                {"id": "c2", "type": "custom", "custom": {"name": "sh", "input": "12"}},
                {"id": "c3", "type": "function", "function": {"name": "cut", "arguments": '{"k'}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "9 boats"},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "hi"}]},
        {"role": "assistant", "content": None, "function_call": {"name": "add", "arguments": "[1, 2]"}},
        {"role": "function", "name": "add", "content": "3"},
    ]

    assert chat.input_messages({"messages": messages}) == [
        {"role": "developer", "parts": [{"type": "text", "content": "Be short."}]},
        {"role": "user", "parts": [TEXT], "name": "ada"},
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "Look it up."},
                {"type": "file", "modality": "audio", "file_id": "audio_1"},
                {"type": "tool_call", "id": "c1", "name": "get", "arguments": {"k": "NaN"}},
                {"type": "tool_call", "id": "c2", "name": "sh", "arguments": "12"},
                {"type": "tool_call", "id": "c3", "name": "cut", "arguments": '{"k'},
            ],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "9 boats"}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c2", "response": [TEXT]}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "name": "add", "arguments": [1, 2]}]},
        {"role": "function", "parts": [{"type": "tool_call_response", "response": "3"}], "name": "add"},
    ]


def test_sources_stay_with_the_text():
    note = {"type": "url_citation", "url_citation": {"url": "https://example.com", "title": "Mill"}}
    message = {"role": "assistant", "content": "hi", "annotations": [note]}

    [said] = chat.output_messages({"choices": [{"message": message, "finish_reason": "stop"}]})

    assert said["parts"] == [{**TEXT, "annotations": [note]}]


def test_arguments_nested_beyond_reason_stay_text():
    arguments = "[" * 100_000
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}

    [said] = chat.output_messages({"choices": [{"message": {"tool_calls": [call]}, "finish_reason": "stop"}]})

    assert said["parts"][0]["arguments"] == arguments


def test_a_null_in_arguments_that_came_as_data_is_a_value():
    made = {"name": "f", "arguments": {"city": "Oslo", "unit": None}}

    [said] = chat.input_messages({"messages": [{"role": "assistant", "function_call": made}]})

    assert said["parts"][0]["arguments"] == {"city": "Oslo", "unit": None}


def test_tools_are_defined_flat():
    schema = {"type": "object", "properties": {}}
    body = {
        "tools": [
            {"type": "function", "function": {"name": "get", "description": "Gets.", "parameters": schema}},
            {"type": "custom", "custom": {"name": "sh", "description": "Runs."}},
            {"type": "web_search"},
        ],
        "functions": [{"name": "old", "parameters": schema}],
    }

    assert chat.tool_definitions(body) == [
        {"type": "function", "name": "get", "description": "Gets.", "parameters": schema},
        {"type": "custom", "name": "sh", "description": "Runs."},
        {"type": "web_search", "name": "web_search"},
        {"type": "function", "name": "old", "parameters": schema},
    ]
    assert chat.tool_definitions({}) is None


def test_content_is_told_from_what_only_frames_it():
    head = {"id": "c", "model": "m"}
    answer: dict = {}

    def fold(delta, **more):
        return chat.fold(answer, {**head, "choices": [{"index": 0, "delta": delta, **more}]})

    assert not fold({"role": "assistant", "content": ""})
    assert fold({"content": "a"})
    assert fold({"reasoning_content": "b"})
    assert fold({"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]})
    assert not fold({}, finish_reason="stop")
    assert not chat.fold(answer, {**head, "choices": [], "usage": {"prompt_tokens": 1}})


def test_events_are_left_as_they_were():
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{"}}
    event = {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
    before = repr(event)
    answer: dict = {}

    chat.fold(answer, event)
    chat.fold(answer, event)

    assert repr(event) == before
