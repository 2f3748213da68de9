"""OTLP's JSON that is wrong: what is rejected takes nothing good with it."""

import json
from typing import Any

import pytest

from llmobs.server.collector import otlp_json
from llmobs.server.collector.refusal import Refusal

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def good(**fields: Any) -> dict[str, Any]:
    return {"traceId": TRACE, "spanId": SPAN, "name": "good", **fields}


def body(*spans: Any, **group: Any) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}], **group}]}).encode()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"traceId": None}, "trace_id has 0 bytes, 16 expected"),
        ({"traceId": "xyz"}, "traceId: 'xyz' is no id in hex"),
        ({"traceId": TRACE[:-1]}, f"traceId: '{TRACE[:-1]}' is no id in hex"),
        ({"traceId": 5}, "traceId: 5 is no id in hex"),
        ({"traceId": TRACE[:-2]}, "trace_id has 15 bytes, 16 expected"),
        ({"traceId": "0" * 32}, "trace_id is all zeros"),
        ({"spanId": "0" * 16}, "span_id is all zeros"),
        ({"spanId": SPAN + "00"}, "span_id has 9 bytes, 8 expected"),
        ({"startTimeUnixNano": -1}, "startTimeUnixNano: -1 is not between 0 and 18446744073709551615"),
        ({"endTimeUnixNano": 2**64}, "endTimeUnixNano: "),
        ({"startTimeUnixNano": "now"}, "startTimeUnixNano: 'now' is no whole number"),
        ({"startTimeUnixNano": 1.5}, "startTimeUnixNano: 1.5 is no whole number"),
        ({"startTimeUnixNano": True}, "startTimeUnixNano: True is no whole number"),
        ({"startTimeUnixNano": "1" * 5_000}, "startTimeUnixNano: "),
        ({"name": 5}, "name: 5 is no string"),
        ({"kind": "SPAN_KIND_NONE"}, "kind: 'SPAN_KIND_NONE' is no whole number"),
        ({"attributes": {}}, "attributes: no list"),
        ({"attributes": [3]}, "attributes: an attribute is no object"),
        ({"attributes": [{"key": {"a": 1}}]}, "attributes: {'a': 1}: {'a': 1} is no string"),
        ({"attributes": [{"key": 5}]}, "attributes: 5: 5 is no string"),
        ({"attributes": [{"key": "k", "value": "text"}]}, "attributes: k: a value is no object"),
        ({"attributes": [{"key": "k", "value": {"intValue": "x"}}]}, "attributes: k: 'x' is no whole number"),
        (
            {"attributes": [{"key": "k", "value": {"intValue": 2**63}}]},
            "attributes: k: 9223372036854775808 is not",
        ),
        ({"attributes": [{"key": "k", "value": {"doubleValue": "x"}}]}, "attributes: k: 'x' is no double"),
        ({"attributes": [{"key": "k", "value": {"boolValue": "true"}}]}, "attributes: k: 'true' is neither"),
        (
            {"attributes": [{"key": "k", "value": {"bytesValue": "?"}}]},
            "attributes: k: '?' is no base64 text",
        ),
        (
            {"attributes": [{"key": "k", "value": {"arrayValue": {"values": 3}}}]},
            "attributes: k: values is no list",
        ),
        (
            {"attributes": [{"key": "k", "value": {"bytesValue": "\ud800"}}]},
            "attributes: k: '\\ud800' is no base64",
        ),
        ({"attributes": [{"key": "\ud800", "value": 3}]}, "attributes: ?: a value is no object"),
        ({"events": {}}, "events: no list"),
        ({"events": [3]}, "events: no object"),
        ({"status": 3}, "status: no object"),
    ],
)
def test_a_bad_span_is_rejected_alone_and_the_reason_is_said(fields, reason):
    checked = otlp_json.check(body(good(), good(**fields), good()))

    assert (checked.spans, checked.rejected) == (2, 1)
    assert checked.says.startswith(f"Spans rejected: {reason}")


def test_a_span_that_is_no_object_is_rejected_alone():
    checked = otlp_json.check(body(good(), "span", None))

    assert (checked.spans, checked.rejected) == (1, 2)
    assert checked.says == "Spans rejected: a span is no object (2)."


@pytest.mark.parametrize(
    "empty", [b"", b"{}", b' {"resourceSpans": null} ', b'{"resourceSpans": [{}]}', body()]
)
def test_a_request_without_spans_is_a_success_with_nothing_to_keep(empty):
    assert otlp_json.check(empty) == (b"", 0, 0, "")


@pytest.mark.parametrize(
    "bad",
    [
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b'{"resourceSpans": {}}',
        b'{"resourceSpans": [3]}',
        b'{"resourceSpans": [{"scopeSpans": 3}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": {}}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [3]}]}]}',
        b'{"a":' * 100_000,
        b"[" * 1_000_000,
        body(good(traceId="")),
        b'{"resourceSpans": ' + b"9" * 10_000 + b"}",
    ],
)
def test_what_is_no_request_is_refused_with_400(bad):
    with pytest.raises(Refusal) as refused:
        otlp_json.check(bad)

    assert refused.value.http == 400


def test_spans_under_a_resource_or_scope_that_cannot_be_read_are_rejected_and_the_others_kept():
    given = {
        "resourceSpans": [
            {"resource": {"attributes": 3}, "scopeSpans": [{"spans": [good(), good()]}]},
            {"scopeSpans": [{"scope": {"name": 3}, "spans": [good()]}, {"spans": [good()]}]},
        ]
    }

    checked = otlp_json.check(json.dumps(given).encode())

    assert (checked.spans, checked.rejected) == (1, 3)
    assert "their resource cannot be read: resource: attributes: no list (2)" in checked.says
    assert "their scope cannot be read: scope: name: 3 is no string (1)" in checked.says


def test_spans_that_would_each_get_a_copy_of_a_huge_scope_are_rejected_and_the_others_kept():
    huge = {"scope": {"name": "n" * 1_000_000}, "spans": [good()] * 100}

    checked = otlp_json.check(
        json.dumps({"resourceSpans": [{"scopeSpans": [huge, {"spans": [good()]}]}]}).encode()
    )

    assert (checked.spans, checked.rejected) == (1, 100)
    assert "their scope has 1,000,008 bytes, too many to keep with each of 100 spans" in checked.says


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (None, "resourceSpans holds what is no object"),
        (3, "resourceSpans holds what is no object"),
        ({"scopeSpans": 3}, "scopeSpans is no list"),
        ({"scopeSpans": [None]}, "scopeSpans holds what is no object"),
        ({"scopeSpans": [{"spans": {}}]}, "spans is no list"),
    ],
)
def test_a_resource_or_scope_that_is_none_is_rejected_and_the_others_kept(bad, says):
    beside = {"scopeSpans": [{"spans": [good()]}]}

    checked = otlp_json.check(json.dumps({"resourceSpans": [bad, beside]}).encode())

    assert (checked.spans, checked.rejected) == (1, 1)
    assert checked.says == f"Spans rejected: {says} (1)."
