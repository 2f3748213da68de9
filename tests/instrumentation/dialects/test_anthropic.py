import pytest

from llmobs.instrumentation.dialects import anthropic

TEXT = {"type": "text", "content": "hi"}


def test_what_was_asked_for():
    body = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 1024,
        "temperature": 0.3,
        "top_p": 1,
        "top_k": 40,
        "stop_sequences": ["END"],
        "tool_choice": {"type": "tool", "name": "get_weather"},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {}}},
        "service_tier": "auto",
    }

    assert anthropic.request(body) == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 1024,
        "temperature": 0.3,
        "top_p": 1.0,
        "top_k": 40,
        "stop_sequences": ["END"],
        "tool_choice": "get_weather",
        "reasoning_level": "low",
        "output_type": "json",
    }


def test_input_tokens_count_cached_ones_in():
    usage = {
        "input_tokens": 9,
        "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 2_000,
        "output_tokens": 12,
        "output_tokens_details": {"thinking_tokens": 7},
    }
    answer = {"id": "msg_1", "model": "claude", "stop_reason": "max_tokens", "usage": usage}

    assert anthropic.response(answer) == {
        "response_id": "msg_1",
        "answered_by": "claude",
        "finish_reasons": ["max_tokens"],
        "input_tokens": 2_109,  # 9 + 100 + 2,000
        "output_tokens": 12,
        "cached_tokens": 2_000,
        "cache_written_tokens": 100,
        "reasoning_tokens": 7,
    }


def test_what_has_a_rate_of_its_own_is_counted_apart_and_nothing_of_it_is_not_said():
    written = {"ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 40}
    usage = {"input_tokens": 9, "cache_creation_input_tokens": 100, "output_tokens": 1}
    searched = {"web_search_requests": 2, "web_fetch_requests": 1}
    none = {"cache_creation": {"ephemeral_1h_input_tokens": 0}, "server_tool_use": {"web_search_requests": 0}}
    known = {
        "finish_reasons": ["error"],
        "input_tokens": 109,
        "output_tokens": 1,
        "cache_written_tokens": 100,
    }

    found = anthropic.response({"usage": {**usage, "cache_creation": written, "server_tool_use": searched}})

    assert found == {**known, "cache_written_1h_tokens": 40, "web_searches": 2}
    assert anthropic.response({"usage": {**usage, **none}}) == known


@pytest.mark.parametrize("usage", [None, {}, {"input_tokens": None}, {"input_tokens": "9"}, [9]])
def test_counts_that_are_not_there_are_unknown(usage):
    assert anthropic.response({"stop_reason": "end_turn", "usage": usage}) == {"finish_reasons": ["end_turn"]}


def test_nothing_is_said_of_an_answer_that_never_came():
    assert anthropic.response({}) == {}
    assert anthropic.output_messages({}) == []


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}, TEXT),
        (
            {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
            {"type": "reasoning", "content": "Hm."},
        ),
        (
            {"type": "text", "text": "hi", "citations": [{"type": "char_location", "cited_text": "hi"}]},
            {**TEXT, "citations": [{"type": "char_location", "cited_text": "hi"}]},
        ),
        ({"type": "redacted_thinking", "data": "AAAA"}, {"type": "redacted_thinking", "data": "AAAA"}),
        (
            {"type": "tool_use", "id": "t", "name": "get", "input": {"k": 1, "unit": None}},
            {"type": "tool_call", "id": "t", "name": "get", "arguments": {"k": 1, "unit": None}},
        ),
        (
            {"type": "tool_result", "tool_use_id": "t", "content": "no", "is_error": True},
            {"type": "tool_call_response", "id": "t", "response": "no", "is_error": True},
        ),
        (
            {
                "type": "tool_result",
                "tool_use_id": "t",
                "content": [
                    {"type": "text", "text": "hi"},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"},
                    },
                ],
            },
            {
                "type": "tool_call_response",
                "id": "t",
                "response": [
                    TEXT,
                    {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBO"},
                ],
            },
        ),
        (
            {"type": "tool_result", "tool_use_id": "t"},
            {"type": "tool_call_response", "id": "t", "response": None},
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
            {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"},
        ),
        (
            {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
            {"type": "file", "modality": "image", "file_id": "file_1"},
        ),
        (
            {
                "type": "document",
                "title": "Report",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
            },
            {
                "type": "blob",
                "modality": "document",
                "mime_type": "application/pdf",
                "content": "JVBE",
                "title": "Report",
            },
        ),
        (
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "All of it."},
            },
            {"type": "document", "content": "All of it."},
        ),
        (
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "hi"}]}},
            {"type": "document", "content": [TEXT]},
        ),
        (
            {
                "type": "search_result",
                "source": "mill",
                "title": "Mill",
                "content": [{"type": "text", "text": "hi"}],
            },
            {
                "type": "search_result",
                "source": "mill",
                "title": "Mill",
                "content": [{"type": "text", "text": "hi"}],
            },
        ),
        (
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": None}},
            {
                "type": "server_tool_call",
                "id": "s",
                "name": "web_search",
                "server_tool_call": {"type": "web_search", "input": {"query": None}},
            },
        ),
        (
            {"type": "mcp_tool_use", "id": "s", "name": "roll", "server_name": "dice", "input": {}},
            {
                "type": "server_tool_call",
                "id": "s",
                "name": "roll",
                "server_tool_call": {"type": "roll", "server_name": "dice", "input": {}},
            },
        ),
        (
            {"type": "code_execution_tool_result", "tool_use_id": "s", "content": {"stdout": "9"}},
            {
                "type": "server_tool_call_response",
                "id": "s",
                "server_tool_call_response": {
                    "type": "code_execution_tool_result",
                    "content": {"stdout": "9"},
                },
            },
        ),
        (
            {"type": "container_upload", "file_id": "file_1"},
            {"type": "file", "modality": "document", "file_id": "file_1"},
        ),
        ({"type": "compaction", "content": "So far."}, {"type": "compaction", "content": "So far."}),
        ({"type": "hologram", "depth": 3, "hue": None}, {"type": "hologram", "depth": 3}),
        ("hi", TEXT),
    ],
)
def test_each_kind_of_block_is_a_part(block, part):
    body = {"messages": [{"role": "user", "content": [block]}]}

    assert anthropic.input_messages(body) == [{"role": "user", "parts": [part]}]


def test_a_text_stands_for_a_list_of_one():
    assert anthropic.input_messages({"messages": [{"role": "user", "content": "hi"}]}) == [
        {"role": "user", "parts": [TEXT]}
    ]
    assert anthropic.system_instructions({"system": "hi"}) == [TEXT]
    assert anthropic.system_instructions({"system": [{"type": "text", "text": "hi"}]}) == [TEXT]
    assert anthropic.system_instructions({}) == []


def test_tools_of_ones_own_are_functions():
    schema = {"type": "object", "properties": {}}
    body = {
        "tools": [
            {"name": "get", "description": "Gets.", "input_schema": schema},
            {"type": "custom", "name": "put", "input_schema": schema},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
            {"type": "mcp_toolset", "mcp_server_name": "dice"},
        ]
    }

    assert anthropic.tool_definitions(body) == [
        {"type": "function", "name": "get", "description": "Gets.", "parameters": schema},
        {"type": "function", "name": "put", "parameters": schema},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
        {"type": "mcp_toolset", "name": "dice", "mcp_server_name": "dice"},
    ]
    assert anthropic.tool_definitions({}) is None


def test_a_stream_that_broke_off_says_so():
    answer: dict = {}
    anthropic.fold(
        answer, {"type": "message_start", "message": {"id": "msg_1", "usage": {"input_tokens": 5}}}
    )

    assert anthropic.response(answer) == {
        "response_id": "msg_1",
        "input_tokens": 5,
        "finish_reasons": ["error"],
    }


def test_a_piece_whose_block_never_began_is_kept():
    answer: dict = {}

    anthropic.fold(
        answer, {"type": "content_block_delta", "index": 3, "delta": {"type": "text_delta", "text": "h"}}
    )
    anthropic.fold(answer, {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "i"}})

    [message] = anthropic.output_messages(answer)
    assert message["parts"] == [TEXT]


def test_content_is_told_from_what_only_frames_it():
    answer: dict = {}

    def grow(**delta):
        return anthropic.fold(answer, {"type": "content_block_delta", "index": 0, "delta": delta})

    assert not anthropic.fold(answer, {"type": "message_start", "message": {}})
    assert not anthropic.fold(answer, {"type": "content_block_start", "index": 0, "content_block": {}})
    assert grow(type="thinking_delta", thinking="a")
    assert grow(type="text_delta", text="a")
    assert grow(type="input_json_delta", partial_json="{")
    assert not grow(type="input_json_delta", partial_json="")
    assert not grow(type="signature_delta", signature="c2ln")
    assert not anthropic.fold(answer, {"type": "message_stop"})
