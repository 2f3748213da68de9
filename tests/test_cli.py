"""The command as one types it: help, errors that say what to do, exit codes, and `sql` in every format."""

import csv
import importlib.util
import io
import json
import os
import subprocess
import sys
import uuid
from datetime import datetime

import pyarrow.parquet as pq
import pytest

import llmobs as package
from llmobs import cli, config_file
from llmobs.config_file import load
from llmobs.server.service import Service
from llmobs.server.store import open_store

QUESTION = (
    "SELECT model, count(*) AS calls, sum(cost_usd) AS usd, max(started_at) AS newest FROM calls GROUP BY 1"
)
NEWEST = datetime(2026, 11, 22, 10, 30, 0, 250_000)


def llmobs(*arguments, stdin="", **settings):
    """Runs `llmobs` as a process of its own."""
    environment = {**os.environ, **{f"LLMOBS_{name.upper()}": str(value) for name, value in settings.items()}}
    return subprocess.run(
        [sys.executable, "-m", "llmobs", *arguments],
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


def fill(folder):
    """Two calls of `small` at 1.5 USD, one of `odd` without a price."""
    store = open_store(f"duckdb://{folder}")
    rows = [("small", 1.5), ("small", 1.5), ("odd", None)]
    store.append(
        [
            {
                "trace_id": uuid.UUID(int=number + 1).hex,
                "span_id": f"{number + 1:016x}",
                "parent_span_id": None,
                "started_at": NEWEST,
                "duration_s": 1.0,
                "name": "chat",
                "operation": "chat",
                "model": model,
                "cost_usd": cost,
                "status": "ok",
                "text": "Yes,\nof course.",
            }
            for number, (model, cost) in enumerate(rows)
        ]
    )
    store.close()


@pytest.fixture
def data(tmp_path):
    """A folder with data and no collector."""
    fill(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def collector(data):
    """A collector on free ports over that data; gives its port."""
    service = Service({**load(None, {"data": str(data)}), "http_port": 0, "grpc_port": 0})
    service.start()
    yield service.http_port
    service.stop()


@pytest.fixture
def nowhere():
    """A port that nobody listens on."""
    return 1


def test_llmobs_alone_explains_itself_and_is_no_success():
    done = llmobs()

    assert done.returncode == 2
    assert "examples:\n  llmobs demo" in done.stdout


@pytest.mark.parametrize("command", [sub.name for sub in cli.COMMANDS])
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])

    assert ended.value.code == 0
    assert f"usage: llmobs {command}" in capsys.readouterr().out


def test_every_server_setting_is_a_flag_of_up(capsys):
    with pytest.raises(SystemExit):
        cli.main(["up", "--help"])
    said = capsys.readouterr().out

    assert not [name for name in config_file.SERVER if f"--{name.replace('_', '-')} " not in said]
    assert "--with-parent" not in said


def test_an_unknown_command_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["serve"])

    assert ended.value.code == 2
    assert "invalid choice: 'serve'" in capsys.readouterr().err


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "fast"])
def test_a_speed_that_cannot_be_is_wrong_usage(speed, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["demo", "--speed", speed])

    assert ended.value.code == 2
    assert "--speed" in capsys.readouterr().err


def test_a_missing_extra_is_named_with_the_command_that_installs_it(monkeypatch, capsys):
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "duckdb" else known(name))

    assert cli.main(["up"]) == 1
    assert cli.main(["demo"]) == 1

    said = capsys.readouterr().err.splitlines()
    assert said == [
        "llmobs up: `llmobs up` needs duckdb. Install it with: pip install 'llmobs[server]'",
        "llmobs demo: `llmobs demo` needs duckdb. Install it with: pip install 'llmobs[server,demo]'",
    ]


@pytest.mark.parametrize("command", ["version", "doctor"])
def test_what_belongs_to_the_instrumentation_needs_no_server(command):
    code = (
        "import sys; from llmobs import cli; assert cli.main([sys.argv[1]]) == 0; "
        "print([m for m in sys.modules if m.startswith(('llmobs.server', 'duckdb', 'pyarrow', 'yaml'))])"
    )
    done = subprocess.run([sys.executable, "-c", code, command], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_version_says_the_version():
    assert llmobs("version").stdout == f"llmobs {package.__version__}\n"


def test_run_runs_a_program_and_gives_its_exit_code():
    done = llmobs(
        "run", "--", sys.executable, "-c", "print('ran'); raise SystemExit(3)", endpoint="http://127.0.0.1:1"
    )

    assert (done.stdout, done.returncode) == ("ran\n", 3)


def test_a_wrong_configuration_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "llmobs.yaml"
    path.write_text("http_prot: 1\n")

    done = llmobs("up", "--config", str(path))

    assert done.returncode == 1
    assert done.stderr == f"llmobs up: {path}:1: there is no setting 'http_prot'. Did you mean 'http_port'?\n"


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
def test_sql_that_cannot_be_asked_is_an_error_that_says_why(request, data, nowhere, statement, says, where):
    port = request.getfixturevalue("collector") if where == "collector" else nowhere

    done = llmobs("sql", statement, http_port=port, data=data)

    assert done.returncode == 1
    assert done.stderr.startswith("llmobs sql: ")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_sql_without_a_collector_says_what_only_the_journal_holds(data, nowhere):
    (data / "journal").mkdir(exist_ok=True)
    (data / "journal/000000000001.journal").write_bytes(b"x" * 1_234)

    done = llmobs("sql", "SELECT 1", http_port=nowhere, data=data)

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


def test_alerts_says_so_where_none_is_open_and_lists_those_that_are(collector):
    assert llmobs("alerts", http_port=collector).stdout == "No alert is open.\n"
    store = open_store(f"http://127.0.0.1:{collector}")
    store.put_incidents([incident("a", "firing", None), incident("b", "resolved", NEWEST)])
    store.close()

    table = llmobs("alerts", http_port=collector).stdout.splitlines()
    everything = json.loads(llmobs("alerts", "--all", "--format", "json", http_port=collector).stdout)

    assert len(table) == 3
    assert table[2].split() == [
        "firing", "page", "availability", "a", "2026-11-22", "10:30", "UTC", "40", "half", "of", "it", "fails"
    ]  # fmt: skip
    assert [(row["subject"], row["resolved_at"]) for row in everything] == [
        ("a", None),
        ("b", "2026-11-22T10:30:00.250000Z"),
    ]


def incident(subject, state, resolved_at):
    return {
        "id": f"id-{subject}",
        "fingerprint": subject,
        "rule": "availability",
        "subject": subject,
        "severity": "page",
        "state": state,
        "pending_since": NEWEST,
        "firing_since": NEWEST,
        "resolved_at": resolved_at,
        "updated_at": NEWEST,
        "says": "half of it fails",
        "value": 0.5,
        "expected": 0.01,
        "unit": "share",
        "calls": 40,
        "traces": [],
        "runbook": "",
        "delivered": {},
    }


def test_rules_lists_each_with_its_examples():
    done = llmobs("rules")

    assert done.returncode == 0
    assert "availability  (page, judged over 3 h, must hold for 30 s)" in done.stdout
    assert "FAILS" not in done.stdout


def test_a_rule_that_fails_its_own_examples_is_an_error(monkeypatch, capsys):
    from llmobs.server.rules import cut_short

    monkeypatch.setattr(cut_short, "check", lambda row: None)

    assert cli.main(["rules"]) == 1
    assert "FAILS: stays quiet on" in capsys.readouterr().out


def test_a_test_message_is_shown_without_being_sent():
    done = llmobs("alerts", "--dry-run", "--webhook", "http://127.0.0.1:1/hook")

    assert done.returncode == 0
    assert "This is a test" in done.stdout
    assert "webhook:" in done.stdout


def test_a_test_message_that_does_not_arrive_is_an_error():
    done = llmobs("alerts", "--test", "--webhook", "http://127.0.0.1:1/hook")

    assert done.returncode == 1
    assert "webhook: failed:" in done.stdout
