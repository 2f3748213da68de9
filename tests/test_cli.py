"""The command as one types it: help, errors that say what to do, exit codes."""

import importlib.util
import subprocess
import sys
from datetime import timedelta

import pytest

import llmobs as package
from llmobs import cli, config_file
from tests.commands import llmobs
from tests.server.collector.spans import body, span
from tests.server.services import post_spans, service


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


def test_the_command_itself_starts_without_opentelemetry():
    code = "import sys; from llmobs import cli; cli.parser(); print('opentelemetry' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert done.stdout == "False\n", done.stderr


@pytest.mark.parametrize("asked", ["version", "--version"])
def test_version_says_the_version(asked):
    assert llmobs(asked).stdout == f"llmobs {package.__version__}\n"


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


def test_doctor_tells_what_the_collector_took(tmp_path):
    with service(tmp_path) as made:
        assert post_spans(made.http_port, body(span(1))) == 200
        made.api.judged_at -= timedelta(minutes=5)
        done = llmobs("doctor", endpoint=f"http://127.0.0.1:{made.http_port}")

    assert f"http://127.0.0.1:{made.http_port}: ready (200)" in done.stdout
    assert "spans accepted 1, rejected 0, requests that came twice 0, put aside unread 0" in done.stdout
    assert "No alert rule has been judged for 5 min" in done.stdout
