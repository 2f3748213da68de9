import pytest

from llmobs.instrumentation.dialects import openai_responses as responses

TEXT = {"type": "text", "content": "hi"}
CALL = {"type": "tool_call", "id": "call_1"}
SERVED = {"type": "server_tool_call"}


def test_what_was_asked_for():
    body = {
        "model": "gpt-5-mini",
        "max_output_tokens": 64,
        "temperature": 1,
        "reasoning": {"effort": "high", "summary": "auto"},
        "previous_response_id": "resp_0",
        "text": {"format": {"type": "json_object"}},
        "service_tier": "priority",
        "tool_choice": {"type": "web_search"},
        "prompt": {"id": "pmpt_1", "version": "3", "variables": {"city": "Oslo"}},
    }

    assert responses.request(body) == {
        "api_type": "responses",
        "model": "gpt-5-mini",
        "max_tokens": 64,
        "temperature": 1.0,
        "reasoning_level": "high",
        "previous_response_id": "resp_0",
        "output_type": "json",
        "service_tier_requested": "priority",
        "tool_choice": "web_search",
        "prompt_name": "pmpt_1",
        "prompt_version": "3",
    }


@pytest.mark.parametrize(
    ("state", "reasons"),
    [
        ({"status": "completed"}, ["completed"]),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, ["content_filter"]),
        ({"status": "failed"}, ["failed"]),
        ({"status": "cancelled"}, ["cancelled"]),
        ({"status": None}, ["error"]),
    ],
)
def test_the_reason_is_the_providers_own_word(state, reasons):
    assert responses.response({"id": "r", **state})["finish_reasons"] == reasons


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_an_answer_that_is_still_made_has_no_reason(status):
    answer = {"id": "r", "status": status, "output": []}

    assert responses.response(answer) == {"response_id": "r"}
    assert responses.output_messages(answer) == []


def test_details_of_the_counts_are_parts_of_them():
    usage = {
        "input_tokens": 30,
        "input_tokens_details": {"cached_tokens": 24, "cache_write_tokens": 6},
        "output_tokens": 18,
        "output_tokens_details": {"reasoning_tokens": 11},
    }

    assert responses.response({"usage": usage, "status": "completed"}) == {
        "input_tokens": 30,
        "output_tokens": 18,
        "cached_tokens": 24,
        "cache_written_tokens": 6,
        "reasoning_tokens": 11,
        "finish_reasons": ["completed"],
    }


def test_a_text_is_what_the_user_said():
    assert responses.input_messages({"input": "hi"}) == [{"role": "user", "parts": [TEXT]}]
    assert responses.system_instructions({"instructions": "hi"}) == [TEXT]
    assert responses.system_instructions({}) == []


@pytest.mark.parametrize(
    ("item", "role", "parts"),
    [
        ({"role": "user", "content": "hi"}, "user", [TEXT]),
        (
            {
                "type": "message",
                "role": "developer",
                "content": [
                    {"type": "input_text", "text": "hi"},
                    {"type": "input_image", "image_url": "https://example.com/a.png"},
                    {"type": "input_image", "file_id": "file-1"},
                    {"type": "input_file", "file_url": "https://example.com/a.pdf"},
                    {"type": "input_audio", "input_audio": {"data": "UklG", "format": "mp3"}},
                ],
            },
            "developer",
            [
                TEXT,
                {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"},
                {"type": "file", "modality": "image", "file_id": "file-1"},
                {"type": "uri", "modality": "document", "uri": "https://example.com/a.pdf"},
                {"type": "blob", "modality": "audio", "mime_type": "audio/mp3", "content": "UklG"},
            ],
        ),
        (
            {
                "type": "function_call",
                "id": "fc",
                "call_id": "call_1",
                "name": "get",
                "arguments": '{"k": 1}',
            },
            "assistant",
            [{**CALL, "name": "get", "arguments": {"k": 1}}],
        ),
        (
            {"type": "custom_tool_call", "call_id": "call_1", "name": "sh", "input": "12"},
            "assistant",
            [{**CALL, "name": "sh", "arguments": "12"}],
        ),
        (
            {"type": "computer_call", "call_id": "call_1", "action": {"type": "click", "x": 1}},
            "assistant",
            [{**CALL, "name": "computer", "arguments": {"type": "click", "x": 1}}],
        ),
        (
            {"type": "computer_call", "call_id": "call_1", "actions": [{"type": "wait"}]},
            "assistant",
            [{**CALL, "name": "computer", "arguments": [{"type": "wait"}]}],
        ),
        (
            {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]},
            "assistant",
            [{"type": "reasoning", "content": "Hm."}],
        ),
        (
            {"type": "local_shell_call", "call_id": "call_1", "action": {"command": ["ls"]}},
            "assistant",
            [{**CALL, "name": "local_shell", "arguments": {"command": ["ls"]}}],
        ),
        (
            {"type": "apply_patch_call", "call_id": "call_1", "operation": {"path": "a"}},
            "assistant",
            [{**CALL, "name": "apply_patch", "arguments": {"path": "a"}}],
        ),
        (
            {"type": "function_call_output", "call_id": "call_1", "output": "9 boats"},
            "tool",
            [{"type": "tool_call_response", "id": "call_1", "response": "9 boats"}],
        ),
        (
            {
                "type": "function_call_output",
                "call_id": "call_1",
                "output": [{"type": "input_text", "text": "hi"}],
            },
            "tool",
            [{"type": "tool_call_response", "id": "call_1", "response": [TEXT]}],
        ),
        (
            {
                "type": "computer_call_output",
                "call_id": "call_1",
                "output": {"type": "computer_screenshot", "image_url": "data:image/png;base64,iVBO"},
            },
            "tool",
            [
                {
                    "type": "tool_call_response",
                    "id": "call_1",
                    "response": {
                        "type": "blob",
                        "modality": "image",
                        "mime_type": "image/png",
                        "content": "iVBO",
                    },
                }
            ],
        ),
        (
            {
                "type": "reasoning",
                "id": "rs",
                "summary": [
                    {"type": "summary_text", "text": "Look."},
                    {"type": "summary_text", "text": "Count."},
                ],
                "encrypted_content": "AAAA",
            },
            "assistant",
            [{"type": "reasoning", "content": "Look.\n\nCount."}],
        ),
        (
            {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"query": "mill"}},
            "assistant",
            [
                {
                    **SERVED,
                    "id": "ws",
                    "name": "web_search",
                    "server_tool_call": {
                        "type": "web_search_call",
                        "status": "completed",
                        "action": {"query": "mill"},
                    },
                }
            ],
        ),
        (
            {
                "type": "mcp_call",
                "id": "mcp",
                "name": "roll",
                "server_label": "dice",
                "arguments": '{"n": 2}',
                "output": "7",
                "error": None,
            },
            "assistant",
            [
                {
                    **SERVED,
                    "id": "mcp",
                    "name": "roll",
                    "server_tool_call": {
                        "type": "mcp_call",
                        "name": "roll",
                        "server_label": "dice",
                        "arguments": {"n": 2},
                    },
                },
                {
                    "type": "server_tool_call_response",
                    "id": "mcp",
                    "server_tool_call_response": {"type": "mcp_call", "output": "7"},
                },
            ],
        ),
        (
            {"type": "image_generation_call", "id": "ig", "result": "iVBO", "output_format": "webp"},
            "assistant",
            [
                {
                    **SERVED,
                    "id": "ig",
                    "name": "image_generation",
                    "server_tool_call": {"type": "image_generation_call", "output_format": "webp"},
                },
                {"type": "blob", "modality": "image", "mime_type": "image/webp", "content": "iVBO"},
            ],
        ),
        (
            {"type": "compaction", "id": "cmp", "encrypted_content": "A"},
            "assistant",
            [{"type": "compaction", "id": "cmp"}],
        ),
        ({"id": "msg_1"}, "assistant", [{"type": "item_reference", "id": "msg_1"}]),
        (
            {"type": "mcp_approval_request", "id": "a", "name": "roll"},
            "assistant",
            [{"type": "mcp_approval_request", "id": "a", "name": "roll"}],
        ),
        ({"type": "hologram", "depth": 3}, "assistant", [{"type": "hologram", "depth": 3}]),
    ],
)
def test_each_kind_of_item_is_a_message(item, role, parts):
    assert responses.input_messages({"input": [item]}) == [{"role": role, "parts": parts}]


def test_all_items_of_an_answer_are_one_message():
    note = {"type": "url_citation", "url": "https://example.com", "start_index": 0, "end_index": 2}
    output = [
        {"type": "reasoning", "summary": []},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "hi", "annotations": [note]}],
        },
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
    ]

    assert responses.output_messages({"status": "completed", "output": output}) == [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": ""},
                {**TEXT, "annotations": [note]},
                {"type": "refusal", "content": "No."},
            ],
            "finish_reason": "completed",
        }
    ]


def test_tools_of_the_provider_are_named_after_what_they_are():
    schema = {"type": "object"}
    body = {
        "tools": [
            {"type": "function", "name": "get", "parameters": schema, "strict": True},
            {"type": "mcp", "server_label": "dice", "server_url": "https://example.com"},
            {"type": "code_interpreter", "container": {"type": "auto"}},
        ]
    }

    assert responses.tool_definitions(body) == [
        {"type": "function", "name": "get", "parameters": schema, "strict": True},
        {"type": "mcp", "name": "dice", "server_label": "dice", "server_url": "https://example.com"},
        {"type": "code_interpreter", "name": "code_interpreter", "container": {"type": "auto"}},
    ]


def test_content_is_told_from_what_only_frames_it():
    answer: dict = {}
    piece = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "a"}

    assert not responses.fold(answer, {"type": "response.created", "response": {"status": "in_progress"}})
    assert not responses.fold(answer, {"type": "response.output_item.added", "output_index": 0, "item": {}})
    assert responses.fold(answer, piece)
    assert not responses.fold(answer, {**piece, "delta": ""})
    assert not responses.fold(answer, {"type": "response.completed", "response": {"status": "completed"}})
    assert not responses.fold(answer, {"type": "error", "code": "server_error", "message": "no"})


def test_pieces_after_the_end_are_no_trouble():
    whole = {
        "id": "r",
        "status": "completed",
        "output": [{"type": "function_call", "name": "f", "arguments": "{}"}],
    }
    late = {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{"}
    answer: dict = {}

    responses.fold(answer, {"type": "response.completed", "response": whole})
    responses.fold(answer, late)

    [message] = responses.output_messages(answer)
    assert [part["name"] for part in message["parts"]] == ["f", ""]
    assert len(whole["output"]) == 1


def test_pieces_that_come_out_of_order_stand_in_order():
    answer: dict = {}
    for place, text in ((1, "b"), (0, "a")):
        kind = "response.reasoning_summary_text.delta"
        responses.fold(answer, {"type": kind, "output_index": 0, "summary_index": place, "delta": text})

    [message] = responses.output_messages(answer)
    assert message["parts"] == [{"type": "reasoning", "content": "a\n\nb"}]
