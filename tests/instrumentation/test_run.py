"""`llmobs run -- PROGRAM` in real processes: the program is what it was, and its calls are on the record."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llmobs.instrumentation.run import BOOTSTRAP, main
from tests.sink import sink

ROOT = Path(__file__).parents[2]
START = "import sys; from llmobs.instrumentation.run import main; sys.exit(main(sys.argv[1:]))"
RUN = [sys.executable, "-c", START]

CALL = """
import httpx2, openai
ANSWER = {
    "id": "c-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini-2024-07-18",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}
network = httpx2.Client(transport=httpx2.MockTransport(lambda request: httpx2.Response(200, json=ANSWER)))
client = openai.OpenAI(api_key="k", base_url="http://llm.test/v1", http_client=network)
client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "canary"}])
"""


@pytest.fixture
def collector():
    with sink() as taken:
        yield taken


@pytest.fixture
def environment(collector):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LLMOBS_", "OTEL_", "PYTHONPATH"))}
    return {**kept, "PYTHONPATH": str(ROOT), "LLMOBS_ENDPOINT": collector.url, "LLMOBS_SERVICE_NAME": "app"}


def run(environment, *program):
    command = [*RUN, "--", *program]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def python(environment, code, *arguments):
    return run(environment, sys.executable, "-c", code, *arguments)


def test_a_program_that_knows_nothing_of_us_is_instrumented(collector, environment):
    done = python(environment, CALL)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    [span] = collector.spans
    assert span["name"] == "chat gpt-4o-mini"
    assert span["service"] == "app"
    assert span["attributes"]["gen_ai.usage.input_tokens"] == 3


def test_child_processes_are_instrumented_too(collector, environment):
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CALL!r}], check=True)"

    done = python(environment, code)

    assert (done.returncode, done.stderr) == (0, "")
    assert len(collector.named("chat gpt-4o-mini")) == 1


def test_arguments_output_and_exit_code_are_the_programs_own(environment):
    done = python(environment, "import sys; print(sys.argv[1:]); sys.exit(7)", "a b", "--", "--flag")

    assert (done.returncode, done.stdout, done.stderr) == (7, "['a b', '--', '--flag']\n", "")


def test_the_path_of_the_program_is_what_it_is_without_us(environment):
    ask = "import sys; print(sys.path)"
    without = subprocess.check_output([sys.executable, "-c", ask], env=environment, text=True)

    assert python(environment, ask).stdout == without


def test_signals_reach_the_program_itself(environment):
    code = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(60)"
    command = [*RUN, "--", sys.executable, "-c", code]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as started:
        assert int(started.stdout.readline()) == started.pid

        started.send_signal(signal.SIGTERM)

        assert started.wait(timeout=30) == -signal.SIGTERM


def test_a_sitecustomize_of_the_programs_own_is_loaded_as_ever(collector, environment, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.flag_of_theirs = __file__")
    there = {**environment, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}

    done = python(there, f"import sys, sitecustomize as s; print(sys.flag_of_theirs == s.__file__)\n{CALL}")

    assert (done.stdout, done.stderr) == ("True\n", "")
    assert len(collector.spans) == 1


def test_a_sitecustomize_that_fails_fails_as_ever(environment, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("raise RuntimeError('theirs')")
    there = {**environment, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}

    done = python(there, "print('runs')")

    assert done.stdout == "runs\n"
    assert "RuntimeError: theirs" in done.stderr


def test_a_python_without_llmobs_runs_and_says_how_it_gets_it(environment):
    alone = {**environment, "PYTHONPATH": str(BOOTSTRAP)}

    done = subprocess.run(
        [sys._base_executable, "-c", "print('runs')"], env=alone, capture_output=True, text=True, cwd="/"
    )

    assert done.stdout == "runs\n"
    assert "No module named" in done.stderr
    assert f"Install it there: {sys._base_executable} -m pip install llmobs" in done.stderr


@pytest.mark.parametrize(
    ("spoiled", "says"),
    [
        ({"LLMOBS_SAMPLE": "much"}, "LLMOBS_SAMPLE='much'"),
        ({"LLMOBS_SAMPLE": "7"}, "sample=7.0"),
    ],
)
def test_a_wrong_setting_costs_a_line_and_the_program_runs(environment, spoiled, says):
    done = python({**environment, **spoiled}, "print('runs')")

    assert (done.returncode, done.stdout) == (0, "runs\n")
    [line] = done.stderr.splitlines()
    assert "runs without instrumentation" in line
    assert says in line


def test_disabled_it_stays_out_of_the_way(collector, environment):
    done = python({**environment, "LLMOBS_DISABLED": "true"}, CALL)

    assert (done.returncode, done.stderr) == (0, "")
    assert collector.spans == []


def test_what_the_program_says_to_instrument_takes_the_place_of_ours(collector, environment):
    done = python(environment, f"import llmobs; llmobs.instrument('its own', capture_content=False)\n{CALL}")

    assert (done.returncode, done.stderr) == (0, "")
    [span] = collector.spans
    assert span["service"] == "its own"
    assert "canary" not in str(span)


def test_a_program_may_still_set_a_provider_of_its_own(collector, environment):
    code = f"""
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, ConsoleSpanExporter
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=lambda span: span.name)))
trace.set_tracer_provider(provider)
with trace.get_tracer("theirs").start_as_current_span("of theirs"):
    {CALL.strip().replace(chr(10), chr(10) + "    ")}
"""
    done = python(environment, code)

    assert (done.returncode, done.stdout, done.stderr) == (0, "of theirs", "")
    assert [span["name"] for span in collector.spans] == ["chat gpt-4o-mini"]


def test_what_cannot_be_started_is_said_with_the_exit_codes_of_a_shell(environment, tmp_path):
    script = tmp_path / "app.py"
    script.write_text("print(1)")

    nothing, missing, no_right = (run(environment, *given) for given in ((), ("no-such",), (str(script),)))

    assert (nothing.returncode, missing.returncode, no_right.returncode) == (2, 127, 126)
    assert "llmobs run -- python app.py" in nothing.stderr
    assert "no program 'no-such'" in missing.stderr
    assert f"Write: llmobs run -- python {script}" in no_right.stderr


def test_python_is_this_python_where_no_other_is_found(environment):
    done = run({**environment, "PATH": ""}, "python", "-c", "import sys; print(sys.executable)")

    assert done.stdout == f"{sys.executable}\n"


def test_running_it_under_itself_adds_the_folder_once(environment):
    inner = python(environment, f"import os, subprocess; subprocess.run({[*RUN, '--', 'env']!r}, check=True)")

    [path] = [line for line in inner.stdout.splitlines() if line.startswith("PYTHONPATH=")]
    assert path.count(str(BOOTSTRAP)) == 1


def test_main_leaves_the_environment_alone_where_nothing_was_started(capsys):
    before = dict(os.environ)

    assert main(["--", "no-such-program"]) == 127

    assert dict(os.environ) == before
    assert "no-such-program" in capsys.readouterr().err
