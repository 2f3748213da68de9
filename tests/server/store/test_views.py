"""What the views say of a span: its columns, and NULL for what is unknown."""

import json
from datetime import UTC, datetime

import pytest

from llmobs.server.collector.decode import decode
from tests.server.collector.payloads import request
from tests.server.conftest import call

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CALLS = """
trace_id span_id parent_span_id started_at duration_s service environment provider operation model answered_by
endpoint region status error_type http_status attempts stream stream_end first_content_s input_tokens
output_tokens cached_tokens cache_written_tokens reasoning_tokens usage_source cost_usd cost_status finish
prompt_name prompt_version user_id session_id workflow tags input_messages output_messages text
"""
HEAD = "trace_id span_id parent_span_id started_at duration_s service environment status"


def first(store, text):
    return store.sql(text).to_pylist()[0]


def names(store, view):
    return store.sql(f"SELECT * FROM {view} LIMIT 0").column_names


def test_calls_has_the_columns_of_the_contract_in_order(store):
    assert names(store, "calls")[: len(CALLS.split())] == CALLS.split()


@pytest.mark.parametrize("view", ["prompts", "tools", "retrievals", "agents", "workflows"])
def test_every_kind_of_span_begins_with_the_same_columns(store, view):
    assert names(store, view)[: len(HEAD.split())] == HEAD.split()


@pytest.mark.parametrize(
    ("operation", "view"),
    [
        ("chat", "calls"),
        ("embeddings", "calls"),
        ("assemble_prompt", "prompts"),
        ("execute_tool", "tools"),
        ("retrieval", "retrievals"),
        ("invoke_agent", "agents"),
        ("invoke_workflow", "workflows"),
    ],
)
def test_a_span_is_in_the_view_of_its_operation_alone(store, operation, view):
    store.append([call(1, NOW, operation=operation)])

    found = [
        v
        for v in ("calls", "prompts", "tools", "retrievals", "agents", "workflows")
        if store.sql(f"SELECT 1 FROM {v}").num_rows
    ]
    assert found == [view]
    assert store.sql("SELECT 1 FROM spans").num_rows == 1


def test_a_call_says_what_was_sent(settled):
    store = settled(
        [call(1, NOW, tags={"team": "a"}, status="error", error_type="RateLimitError", duration_s=0.25)]
    )

    row = first(store, "SELECT * FROM calls")

    assert row["started_at"] == datetime(2026, 11, 22, 12)
    assert (row["duration_s"], row["status"], row["error_type"]) == (0.25, "error", "RateLimitError")
    assert (row["model"], row["input_tokens"], row["cost_usd"], row["cost_status"]) == (
        "small",
        1_500_000,
        3.0,
        "exact",
    )
    assert (row["finish"], row["text"], json.loads(row["tags"])) == ("stop", "Yes.", {"team": "a"})
    assert len(row["trace_id"]) == 32
    assert row["parent_span_id"] is None


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, "ok"),
        ({"status": "error"}, "error"),
        ({"error_type": "CancelledError"}, "cancelled"),
        ({"error_type": "KeyboardInterrupt"}, "cancelled"),
        ({"error_type": "asyncio.CancelledError", "status": "error"}, "cancelled"),
        ({"status": "cancelled"}, "cancelled"),
    ],
)
def test_a_call_is_ok_in_error_or_cancelled(store, said, status):
    store.append([call(1, NOW, **said)])

    assert first(store, "SELECT status FROM calls") == {"status": status}


@pytest.mark.parametrize(
    ("said", "endpoint"),
    [
        ({"server_address": "api.x.com", "server_port": 443}, "api.x.com"),
        ({"server_address": "api.x.com", "server_port": 80}, "api.x.com"),
        ({"server_address": "localhost", "server_port": 8000}, "localhost:8000"),
        ({"server_address": "api.x.com"}, "api.x.com"),
        ({}, None),
    ],
)
def test_an_endpoint_is_the_address_with_a_port_that_is_not_usual(store, said, endpoint):
    store.append([call(1, NOW, **said)])

    assert first(store, "SELECT endpoint FROM calls") == {"endpoint": endpoint}


@pytest.mark.parametrize(
    ("said", "attempts"),
    [
        ({"attempts": 3}, 3),
        ({"attributes": {"http.request.resend_count": 2}}, 3),
        ({"attempts": 1, "attributes": {"http.request.resend_count": 2}}, 1),
        ({"attributes": {"http.request.resend_count": "many"}}, None),
        ({}, None),
    ],
)
def test_attempts_come_from_us_or_from_the_http_client(settled, said, attempts):
    assert first(settled([call(1, NOW, **said)]), "SELECT attempts FROM calls") == {"attempts": attempts}


def message(*parts):
    return [{"role": "assistant", "parts": list(parts)}]


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        (message({"type": "text", "content": "a"}, {"type": "text", "content": "b"}), "ab"),
        (message({"type": "reasoning", "content": "hm"}, {"type": "text", "content": "a"}), "a"),
        (message({"type": "tool_call", "name": "f"}), ""),
        ([], ""),
        ("{[", None),
        ('{"role": "assistant"}', ""),
        ('[{"parts": "text"}]', ""),
        (None, None),
    ],
)
def test_the_text_of_an_answer_is_its_text_parts(store, messages, text):
    store.append([call(1, NOW, output_messages=messages, text=None)])

    assert first(store, "SELECT text FROM calls") == {"text": text}


def test_json_that_is_none_is_null_and_breaks_nothing(settled):
    bad = {
        "input_messages": "{[",
        "output_messages": "no",
        "tags": "\0",
        "finish_reasons": "[",
        "tool_definitions": "x",
    }
    store = settled([call(1, NOW, text=None, finish=None, **bad)])

    row = first(store, "SELECT * FROM calls")

    assert {
        row[n] for n in ("input_messages", "output_messages", "tags", "finish", "text", "tool_definitions")
    } == {None}
    kept = json.loads(first(store, "SELECT attributes FROM spans")["attributes"])
    assert (kept["gen_ai.input.messages"], kept["llmobs.tags"]) == ("{[", "\0")


def test_a_duration_that_ran_backwards_is_unknown(store):
    store.append(decode([request(start_time_unix_nano=5_000, end_time_unix_nano=2_000)], NOW).spans)

    row = first(store, "SELECT duration_s, duration_ns, start_time_ns FROM spans")
    assert row == {"duration_s": None, "duration_ns": -3_000, "start_time_ns": 5_000}


def test_the_latest_time_there_is_can_be_read(settled):
    store = settled(
        decode([request(start_time_unix_nano=2**64 - 1, end_time_unix_nano=2**64 - 1)], NOW).spans
    )

    row = first(store, "SELECT * FROM spans")
    assert (row["start_time_ns"], row["started_at"].year) == (2**64 - 1, 2554)


def test_hours_add_what_was_sealed_and_outlive_it(store):
    for number in (1, 2):
        store.append([call(number, NOW, status="error" if number == 2 else "ok")])
        store.seal()
    store.append([call(3, NOW, operation="invoke_agent")])
    store.seal()

    [row] = store.sql("SELECT * FROM hours").to_pylist()

    assert (row["hour"], row["model"], row["calls"], row["errors"]) == (
        datetime(2026, 11, 22, 12),
        "small",
        2,
        1,
    )
    assert (row["input_tokens"], row["cost_usd"], row["unpriced"]) == (3_000_000, 6.0, 0)
