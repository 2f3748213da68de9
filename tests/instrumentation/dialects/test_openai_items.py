import pytest

from llmobs.instrumentation.dialects import openai_responses as responses

TEXT = {"type": "text", "content": "hi"}
CALL = {"type": "tool_call", "id": "call_1"}
SERVED = {"type": "server_tool_call"}


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
