"""Spans that are odd or broken: each is kept, and takes nothing with it."""

import contextlib
import math

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from llmobs.server.collector import segments
from llmobs.server.collector.wire import delimited
from llmobs.server.store import open_store
from tests.server.collector.spans import START_NS, body_of, nested, span, text, with_attribute
from tests.server.services import count, eventually, post_spans, rows, service


def double(value: float) -> KeyValue:
    return KeyValue(key="d", value=AnyValue(double_value=value))


YEAR_2500_NS = 16_725_225_600_000_000_000  # 2500-01-01
ODD: dict[str, Span] = {
    "no times": span(1, start_time_unix_nano=0, end_time_unix_nano=0),
    "year 2500": span(1, start_time_unix_nano=YEAR_2500_NS, end_time_unix_nano=YEAR_2500_NS + 1),
    "the last nanosecond there is": span(1, start_time_unix_nano=2**64 - 1, end_time_unix_nano=2**64 - 1),
    "584 years long": span(1, start_time_unix_nano=0, end_time_unix_nano=2**64 - 1),
    "end before start": span(1, end_time_unix_nano=START_NS - 5),
    "end before start by 500 years": span(1, start_time_unix_nano=2**64 - 1, end_time_unix_nano=0),
    "NaN": span(1, attributes=[double(math.nan)]),
    "infinity": span(1, attributes=[double(math.inf), double(-math.inf)]),
    "10,000 attributes": span(1, attributes=[text(f"key {n}", f"value {n}") for n in range(10_000)]),
    "the same key twice": span(1, attributes=[text("k", "first"), text("k", "second")]),
    "no name": span(1, name=""),
    "a name with NUL": span(1, name="a\0b"),
    "a key with NUL": span(1, attributes=[text("a\0b", "\0")]),
    "a key that is empty": span(1, attributes=[text("", "value")]),
    "a value that is empty": span(1, attributes=[KeyValue(key="k")]),
    "5 MB of text": span(1, attributes=[text("k", "x" * 5_000_000)]),
    "a name of 1 MB": span(1, name="n" * 1_000_000),
    "text that looks like JSON": span(
        1, attributes=[text("k", '{"a": [}'), text("gen_ai.input.messages", "{[")]
    ),
    "quotes and line ends": span(1, attributes=[text('k"\n', '"\\\n\r\t\x01')]),
    "every plane of Unicode": span(1, name="\u00e9\u4e2d\U0001f600\u202e\ufeff\uffff"),
    "unknown kind and status": span(1, kind=99, status=Status(code=77)),
    "an id that is a parent of itself": span(1, parent_span_id=(1).to_bytes(8, "big")),
    "a parent of zeros": span(1, parent_span_id=bytes(8)),
    "a link without ids": span(1, links=[Span.Link(trace_id=b"", span_id=b"123")]),
    "1,000 events": span(
        1, events=[Span.Event(name=f"e{n}", time_unix_nano=2**64 - 1) for n in range(1_000)]
    ),
    "our fields of other types": span(
        1,
        attributes=[
            KeyValue(key="gen_ai.operation.name", value=AnyValue(int_value=5)),
            text("gen_ai.usage.input_tokens", "many"),
            KeyValue(key="gen_ai.usage.output_tokens", value=AnyValue(double_value=1e300)),
            KeyValue(key="gen_ai.request.model", value=AnyValue(bytes_value=b"\xff")),
        ],
    ),
    "a call with impossible usage": span(
        1,
        attributes=[
            text("gen_ai.operation.name", "chat"),
            text("gen_ai.provider.name", "openai"),
            text("gen_ai.request.model", "gpt-4o-mini"),
            KeyValue(key="gen_ai.usage.input_tokens", value=AnyValue(int_value=2**63 - 1)),
            KeyValue(key="gen_ai.usage.output_tokens", value=AnyValue(int_value=-(2**63))),
        ],
    ),
}


RAW = {
    "200 lists": with_attribute(span(1), b"deep", nested(200)),
    "200 maps": with_attribute(span(1), b"deep", nested(200, "map")),
    "20,000 lists": with_attribute(span(1), b"deep", nested(20_000)),
    "no UTF-8": span(1, name="").SerializeToString() + delimited(5, b"\xff\xfe") + delimited(3, b"\xc3"),
    "no UTF-8 deep inside": with_attribute(span(1), b"deep", nested(150, "map", delimited(1, b"\xff"))),
    "bytes where text was expected": with_attribute(
        span(1), b"gen_ai.input.messages", delimited(7, b"\xff\x00")
    ),
    "fields of a later version": span(1).SerializeToString() + delimited(900, b"\xff") + b"\xf8\x3f\x01",
    "the last of two names counts": span(1).SerializeToString() + delimited(5, b"second"),
}


EVERY = {**{name: odd.SerializeToString() for name, odd in ODD.items()}, **RAW}


def of_trace(raw: bytes, trace: int) -> bytes:
    """A serialized span moved into a trace of its own: of a field that comes twice, the last counts."""
    return raw + delimited(1, trace.to_bytes(16, "big"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Ids of the spans that can be read, by trace: each odd one was sent with a sound one in its trace."""
    sound = span(2).SerializeToString()
    with service(tmp_path_factory.mktemp("odd")) as collector:
        for trace, raw in enumerate(EVERY.values(), 1):
            together = body_of(of_trace(raw, trace), of_trace(sound, trace))
            assert post_spans(collector.http_port, together) == 200
        eventually(lambda: count(collector) == 2 * len(EVERY))
        assert collector.quarantine.count == 0
        found = rows(
            collector, "SELECT trace_id, list(span_id ORDER BY span_id) AS ids FROM spans GROUP BY 1"
        )
    return {int(row["trace_id"], 16): row["ids"] for row in found}


@pytest.mark.parametrize("trace", range(1, len(EVERY) + 1), ids=EVERY)
def test_an_odd_span_is_kept_and_takes_nothing_with_it(kept, trace):
    assert kept[trace] == ["0000000000000001", "0000000000000002"]


def test_all_odd_spans_are_sealed(tmp_path):
    with service(tmp_path) as collector:
        for trace, raw in enumerate(EVERY.values(), 1):
            assert post_spans(collector.http_port, body_of(of_trace(raw, trace))) == 200
    assert segments.numbers(tmp_path / "journal") == []

    with contextlib.closing(open_store(f"duckdb://{tmp_path}")) as store:
        assert len(store.sql("SELECT * FROM spans").to_pylist()) == len(EVERY) == 35
