"""Arrow tables as text or bytes: table for eyes, JSON, CSV and Parquet for programs.

Times are written as ISO 8601 in UTC with Z; NULL is empty in CSV, null in JSON and `NULL` in a table.
"""

import csv
import io
import json
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any
from uuid import UUID

import pyarrow as pa

FORMATS = ("table", "json", "csv", "parquet")
WIDEST = 60  # characters of a cell in a table


def write(table: pa.Table, form: str, out: IO[bytes]) -> None:
    """Writes `table` in one of FORMATS."""
    if form == "parquet":
        import pyarrow.parquet as pq

        try:
            pq.write_table(table, out, compression="zstd")
        except pa.ArrowNotImplementedError as wrong:  # an interval, a union: the command shows a ValueError
            raise ValueError(f"Parquet has no such type: {wrong}. Cast the column to VARCHAR.") from wrong
        return
    writers = {"json": as_json, "csv": as_csv, "table": as_table}
    out.write(writers[form](table).encode())


def rows(table: pa.Table) -> list[list[Any]]:
    """The rows as plain values; times in UTC. ValueError for a time that Python has no value for."""
    try:
        return [list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]
    except OverflowError as wrong:
        raise ValueError(
            f"A time is infinite or not in the years 1 to 9999 ({wrong}). Cast its column to VARCHAR."
        ) from wrong


def as_json(table: pa.Table) -> str:
    """An array with one object a line."""
    lines = [
        json.dumps(dict(zip(table.column_names, map(plain, row), strict=True)), ensure_ascii=False)
        for row in rows(table)
    ]
    return "[" + ",\n ".join(lines) + "]\n"


def as_csv(table: pa.Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in rows(table):
        writer.writerow(["" if value is None else written(value) for value in row])
    return text.getvalue()


def as_table(table: pa.Table) -> str:
    """Columns under their names, numbers to the right; long cells are cut and end in an ellipsis."""
    cells = [["NULL" if value is None else cell(short(value)) for value in row] for row in rows(table)]
    names = table.column_names
    widths = [max([len(name), *(len(row[i]) for row in cells)]) for i, name in enumerate(names)]
    right = [
        pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_decimal(t)
        for t in table.schema.types
    ]

    def line(texts: list[str]) -> str:
        padded = [t.rjust(w) if r else t.ljust(w) for t, w, r in zip(texts, widths, right, strict=True)]
        return "  ".join(padded).rstrip()

    return "\n".join([line(names), "  ".join("-" * w for w in widths), *map(line, cells)]) + "\n"


def short(value: Any) -> str:
    """As `written`, without the noise of binary fractions: six decimals, or three digits of what is tiny."""
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.3g}" if 0 < abs(value) < 1e-4 else f"{value:.6f}".rstrip("0").rstrip(".")
    return written(value)


def cell(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= WIDEST else one_line[: WIDEST - 1] + "…"


def written(value: Any) -> str:
    found = plain(value)
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: NaN and infinities as text, decimals as numbers."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, date | time | UUID):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
