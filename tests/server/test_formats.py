"""Every type that a question may give is written, or said to be none that the format has."""

import io
import json

import pytest

from llmobs.server import formats


def written(table, form):
    out = io.BytesIO()
    formats.write(table, form, out)
    return out.getvalue()


@pytest.mark.parametrize("form", ["table", "csv"])
def test_a_time_of_day_is_written_as_it_is_read(store, form):
    table = store.sql("SELECT TIME '10:00:00.5' AS t")

    assert written(table, form).splitlines()[-1] == b"10:00:00.500000"


def test_a_time_of_day_is_text_in_json_also_inside_a_list(store):
    table = store.sql("SELECT TIME '10:00:00' AS t, [TIME '11:00:00'] AS l")

    assert json.loads(written(table, "json")) == [{"t": "10:00:00", "l": ["11:00:00"]}]


@pytest.mark.parametrize("form", ["table", "csv", "json"])
@pytest.mark.parametrize("value", ["'infinity'::TIMESTAMP", "'-infinity'::DATE", "[DATE '290000-01-01']"])
def test_a_time_that_python_has_no_value_for_is_named_with_a_way_out(store, value, form):
    with pytest.raises(ValueError, match=r"years 1 to 9999.*Cast its column to VARCHAR"):
        written(store.sql(f"SELECT {value} AS t"), form)


def test_a_type_that_parquet_does_not_have_is_named_with_a_way_out(store):
    with pytest.raises(ValueError, match=r"interval.*Cast the column to VARCHAR"):
        written(store.sql("SELECT INTERVAL 1 DAY AS i"), "parquet")
