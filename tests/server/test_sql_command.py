"""`llmobs sql` as one types it: with and without a collector, in every format, with errors that say why."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from tests.commands import fill, llmobs
from tests.server.services import service

QUESTION = (
    "SELECT model, count(*) AS calls, sum(cost_usd) AS usd, max(started_at) AS newest FROM calls GROUP BY 1"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder with data and no collector."""
    folder = tmp_path_factory.mktemp("data")
    fill(folder)
    return folder


@pytest.fixture(scope="module")
def collector(data, tmp_path_factory):
    """A collector on free ports over the same data; gives its port."""
    copied = shutil.copytree(data, tmp_path_factory.mktemp("collector") / "data")
    with service(copied) as made:
        yield made.http_port


@pytest.fixture
def nowhere():
    """A port that nobody listens on."""
    return 1


def test_sql_asks_the_running_collector(collector, tmp_path):
    done = llmobs("sql", QUESTION + " ORDER BY 1", http_port=collector, data=tmp_path / "empty")

    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "model  calls   usd  newest\n"
        "-----  -----  ----  ---------------------------\n"
        "odd        1  NULL  2026-11-22T10:30:00.250000Z\n"
        "small      2     3  2026-11-22T10:30:00.250000Z\n"
    )
    assert done.stderr == "(2 rows)\n"


def test_sql_opens_the_folder_where_no_collector_runs(data, nowhere):
    done = llmobs("sql", "--format", "json", QUESTION + " ORDER BY 1", http_port=nowhere, data=data)

    newest = "2026-11-22T10:30:00.250000Z"
    assert json.loads(done.stdout) == [
        {"model": "odd", "calls": 1, "usd": None, "newest": newest},
        {"model": "small", "calls": 2, "usd": 3.0, "newest": newest},
    ]


def test_sql_as_csv_keeps_line_ends_and_leaves_null_empty(data, nowhere):
    done = llmobs("sql", "--format", "csv", "SELECT text, cost_usd FROM calls ORDER BY 2 LIMIT 1 OFFSET 2",
                  http_port=nowhere, data=data)  # fmt: skip

    assert list(csv.reader(io.StringIO(done.stdout))) == [["text", "cost_usd"], ["Yes,\nof course.", ""]]


def test_sql_as_parquet_into_a_file(data, nowhere, tmp_path):
    into = tmp_path / "calls.parquet"

    done = llmobs("sql", "--format", "parquet", "-o", str(into), "FROM calls", http_port=nowhere, data=data)

    assert done.stderr == f"(3 rows written to {into})\n"
    assert done.stdout == ""
    assert pq.read_table(into).column("model").to_pylist().count("small") == 2


def test_sql_as_parquet_into_a_pipe(data, nowhere):
    done = subprocess.run(
        [sys.executable, "-m", "llmobs", "sql", "--format", "parquet", "SELECT 1 AS one"],
        env={**os.environ, "LLMOBS_DATA": str(data), "LLMOBS_HTTP_PORT": str(nowhere)},
        capture_output=True,
        timeout=60,
    )

    assert pq.read_table(io.BytesIO(done.stdout)).to_pylist() == [{"one": 1}]


@pytest.mark.parametrize("argument", [(), ("-",)])
def test_sql_reads_what_is_piped_in(data, nowhere, argument):
    done = llmobs(
        "sql", *argument, "--format", "csv", stdin="SELECT 42 AS answer\n", http_port=nowhere, data=data
    )

    assert done.stdout == "answer\n42\n"


def test_sql_alone_lists_views_and_columns(data, nowhere):
    done = llmobs("sql", "--format", "json", http_port=nowhere, data=data)

    listed = {(row["view"], row["column"]) for row in json.loads(done.stdout)}
    assert {("calls", "cost_usd"), ("spans", "attributes"), ("incidents", "says")} <= listed
    assert {view for view, _ in listed} == {
        *("spans", "calls", "prompts", "tools", "retrievals", "agents", "workflows"),
        *("evaluations", "incidents", "changes"),
    }


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT nothing FROM calls", "nothing"),
        ("SELECT 1; SELECT 2", "2 statements were given"),
        ("DELETE FROM calls", ""),
        ("CREATE TABLE t (i INT)", ""),
    ],
)
@pytest.mark.parametrize("where", ["collector", "folder"])
def test_sql_that_cannot_be_asked_is_an_error_that_says_why(collector, data, nowhere, statement, says, where):
    port = collector if where == "collector" else nowhere

    done = llmobs("sql", statement, http_port=port, data=data)

    assert done.returncode == 1
    assert done.stderr.startswith("llmobs sql: ")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_sql_without_a_collector_says_what_only_the_journal_holds(data, nowhere, tmp_path):
    left = shutil.copytree(data, tmp_path / "data")
    (left / "journal").mkdir()
    (left / "journal/000000000001.journal").write_bytes(b"x" * 1_234)

    done = llmobs("sql", "SELECT 1", http_port=nowhere, data=left)

    assert done.returncode == 0
    assert "Note: 1,234 bytes of spans in" in done.stderr


def test_sql_with_nothing_to_ask_says_how_to_begin(tmp_path, nowhere):
    done = llmobs("sql", "SELECT 1", http_port=nowhere, data=tmp_path / "none")

    assert done.returncode == 1
    assert (
        f"No collector answers at http://127.0.0.1:1, and there is no data in {tmp_path / 'none'}"
        in done.stderr
    )
    assert "llmobs up" in done.stderr
    assert not (tmp_path / "none").exists()


def test_a_reader_who_leaves_early_is_no_error(data, nowhere):
    done = subprocess.run(
        f"{sys.executable} -m llmobs sql --format csv 'SELECT * FROM range(50000)' | head -1",
        shell=True,
        env={**os.environ, "LLMOBS_DATA": str(data), "LLMOBS_HTTP_PORT": str(nowhere)},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.stdout == "range\n"
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr
