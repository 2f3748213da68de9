"""Where spans rest: one interface, one file per engine.

Names that `read` knows are the files of llmobs/server/queries. Times go in and come out as UTC.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

QUERIES = "llmobs.server.queries"
_PARAMETER = re.compile(r"\$([a-z_][a-z0-9_]*)")
_COMMENT = re.compile(r"--[^\n]*")


class Store(Protocol):
    """What every engine does. A remote store only reads: its other methods raise io.UnsupportedOperation."""

    def append(
        self,
        spans: "pa.Table | Sequence[Mapping[str, Any]]",
        resources: "pa.Table | None" = None,
        segment: int | None = None,
    ) -> int:
        """Adds spans; those that are there already, by (trace_id, span_id), are dropped.

        `spans`: a table as llmobs.server.collector.decode makes it, or rows with the names of the views.
        `segment`: the journal segment they came from; `seal` takes whole segments.
        Returns how many were added. They can be read at once.
        """
        ...

    def seal(self, upto: int | None = None) -> int | None:
        """Writes to the file what was appended from segments up to `upto` (None: everything).

        The journal's position moves to `upto` in the same transaction. Returns the position, None if nothing
        was ever sealed with one.
        """
        ...

    def position(self) -> int:
        """The newest journal segment whose spans are all in the file; -1 at first."""
        ...

    def read(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of a named query. A parameter that it names and that is not given is NULL."""
        ...

    def frame(self, query: str, **parameters: Any) -> "pd.DataFrame":
        """The same as a data frame."""
        ...

    def sql(self, text: str, parameters: Mapping[str, Any] | None = None) -> "pa.Table":
        """The result of one read-only statement.

        ValueError where it is none, cannot run or asks for too much; TimeoutError where it takes too long.
        """
        ...

    def put_incidents(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds incidents or replaces those with the same `id`."""
        ...

    def expire(self, now: datetime) -> dict[str, int]:
        """Drops what is too old or too much for the disk. Returns how many rows went, by what they were."""
        ...

    def counts(self) -> dict[str, Any]:
        """Spans stored and hot, duplicates dropped, newest `received_at`, bytes on disk."""
        ...

    def unjudged(self) -> str:
        """That nobody judges the alert rules, and what to do; empty where they are judged or nobody knows."""
        ...

    def close(self) -> None:
        """Writes what is hot and lets go of the file."""
        ...


def open_store(url: str, **settings: Any) -> Store:
    """The store at `url`: `duckdb://FOLDER`, or `http://HOST:PORT` of a collector (read only).

    Settings of duckdb: memory_limit, query_timeout (s), keep_days, keep_content_days, max_disk (bytes).
    """
    scheme, _, rest = url.partition("://")
    if scheme == "duckdb" and rest:
        from llmobs.server.store.duckdb import DuckStore

        return DuckStore(rest, **settings)
    if scheme in ("http", "https") and urlsplit(url).hostname:
        from llmobs.server.store.remote import RemoteStore

        return RemoteStore(url, **settings)
    raise ValueError(f"No store at {url!r}. Known: duckdb://FOLDER, http://HOST:PORT.")


@cache
def sql(name: str) -> str:
    """The text of the named query."""
    folder = resources.files(QUERIES)
    file = folder / f"{name}.sql"
    if not name.isidentifier() or not file.is_file():
        known = sorted(f.name.removesuffix(".sql") for f in folder.iterdir() if f.name.endswith(".sql"))
        raise ValueError(f"No query {name!r} in llmobs/server/queries. Known: {', '.join(known)}.")
    return file.read_text(encoding="utf-8")


def bound(query: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text of the named query, and of `parameters` those that it names; NULL for what is not given."""
    text = sql(query)
    names = set(_PARAMETER.findall(_COMMENT.sub("", text)))
    return text, {name: parameters.get(name) for name in names}
