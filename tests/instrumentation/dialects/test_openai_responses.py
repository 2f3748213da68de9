import pytest

from llmobs.instrumentation.dialects import openai_responses as responses

TEXT = {"type": "text", "content": "hi"}


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


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed", "cancelled"])
def test_a_stream_ends_as_its_last_event_says(status):
    answer: dict = {}

    responses.fold(answer, {"type": "response.created", "response": {"status": "in_progress"}})
    assert responses.response(answer)["finish_reasons"] == ["error"]  # if it broke off here

    responses.fold(answer, {"type": f"response.{status}", "response": {"status": status}})
    assert responses.response(answer)["finish_reasons"] == [status]


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


def test_searches_of_the_web_are_counted_as_they_are_billed():
    done = {"type": "web_search_call", "status": "completed"}
    output = [
        {**done, "action": {"type": "search", "query": "rivers"}},
        {**done, "action": {"type": "open_page", "url": "https://example.com"}},
        {**done, "status": "failed", "action": {"type": "search", "query": "rivers"}},
        done,  # the first versions named no action
        {"type": "file_search_call", "status": "completed"},
    ]

    assert responses.response({"status": "completed", "output": output}) == {
        "finish_reasons": ["completed"],
        "web_searches": 2,
    }


def test_a_text_is_what_the_user_said():
    assert responses.input_messages({"input": "hi"}) == [{"role": "user", "parts": [TEXT]}]
    assert responses.system_instructions({"instructions": "hi"}) == [TEXT]
    assert responses.system_instructions({}) == []


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


def test_what_streamed_is_part_of_an_item_that_never_ended():
    item = {"type": "mcp_call", "id": "mcp", "name": "roll", "server_label": "dice", "arguments": ""}
    piece = {"type": "response.mcp_call_arguments.delta", "output_index": 0, "delta": '{"n": null}'}
    answer: dict = {}

    responses.fold(answer, {"type": "response.output_item.added", "output_index": 0, "item": item})
    responses.fold(answer, piece)

    [message] = responses.output_messages(answer)
    [made] = message["parts"]
    assert made["server_tool_call"] == {
        "type": "mcp_call",
        "name": "roll",
        "server_label": "dice",
        "arguments": {"n": None},
    }


@pytest.mark.parametrize("kind", ["mcp_approval_response", "compaction_trigger", "configuration_update"])
def test_what_the_program_adds_is_not_said_by_the_model(kind):
    assert responses.input_messages({"input": [{"type": kind}]}) == [
        {"role": "user", "parts": [{"type": kind}]}
    ]
