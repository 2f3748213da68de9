"""Whatever the spans are like, they go into the file with the memory that the database has."""

import json
from datetime import UTC, datetime

import pytest

from llmobs.server.collector.decode import decode
from llmobs.server.store.duckdb import SEAL_ROWS
from tests.server.collector.spans import body, span, text

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_row_group_in_which_no_attribute_name_comes_twice_is_sealed(store):
    spans = [span(n, attributes=[text(f"request.{n}", "served")]) for n in range(1, SEAL_ROWS + 1)]

    store.append(*decode([body(*spans)], NOW))

    counts = store.counts()
    assert (counts["stored_spans"], counts["hot_spans"]) == (SEAL_ROWS, 0)
    asked = "SELECT span_id FROM spans WHERE extra['request.77']::VARCHAR = 'served'"
    assert store.sql(asked).to_pylist() == [{"span_id": f"{77:016x}"}]


@pytest.mark.parametrize(
    ("count", "size"), [(2_000, 30_000), (50, 1_000_000), (10, 5_000_000), (1, 30_000_000), (1, 60_000_000)]
)
def test_spans_with_large_attributes_are_sealed(store, count, size):
    spans = [span(n, attributes=[text("input.value", f"{n} " * (size // 3))]) for n in range(1, count + 1)]
    store.append(*decode([body(*spans)], NOW), segment=1)

    store.seal(1)

    counts = store.counts()
    assert (counts["stored_spans"], counts["hot_spans"]) == (count, 0)


def test_an_attribute_that_stays_text_in_the_file_reads_as_any_other(store):
    said = "x" * 16_500_000
    store.append(*decode([body(span(1, attributes=[text("input.value", said), text("k", "v")]))], NOW))

    store.seal()

    [row] = store.sql("SELECT attributes FROM spans").to_pylist()
    assert json.loads(row["attributes"]) == {"input.value": said, "k": "v"}
