"""What recording a call costs, in machine instructions: the same on a busy machine as on a quiet one.

    python benchmarks/overhead.py                                   all of it, some 15 minutes
    python benchmarks/overhead.py --only llmobs --scenarios plain   a part

Each contender runs in a virtual environment of its own (made under build/overhead on the first run) and under
valgrind's callgrind, with counting switched on around a block of calls only. The SDK is real; an in-memory
transport answers. Spans go through OpenTelemetry's batch processor to an exporter that drops them, and the
flush at the end of a block is counted, so that work in background threads is in the number.
`llmobs-own` is a program without a provider of its own: our outbox renders, then a sender that drops.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve()
ROOT = HERE.parents[1]
VENVS = ROOT / "build" / "overhead"
WORKER = HERE.parent / "_overhead" / "worker.py"
SDK = "opentelemetry-sdk"
PACKAGES = {
    "bare": ["openai"],
    "floor-span": ["openai", SDK, "wrapt"],
    "otel-genai-openai": ["openai", SDK, "opentelemetry-instrumentation-genai-openai"],
    "llmobs": ["openai", SDK, "opentelemetry-exporter-otlp", "wrapt"],
    "llmobs-own": ["openai", SDK, "opentelemetry-exporter-otlp", "wrapt"],
}
CALLS = {"plain": 30, "tool": 20, "prompt_100k": 10, "async_plain": 30, "stream_50": 6, "stream_500": 2}
SHOWN = {"plain": "call", "tool": "tool call", "prompt_100k": "100 KB prompt", "async_plain": "async call"}


class Worker:
    """A contender in a process of its own, under callgrind where `counted`."""

    def __init__(self, name: str, capture: bool, counted: bool = True) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="overhead"))
        tool = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--quiet"]
        tool.append(f"--callgrind-out-file={self.folder / 'out'}")
        asked = [str(interpreter(name)), str(WORKER), name, "on" if capture else "off"]
        self.process = subprocess.Popen(
            [*(tool if counted else []), *asked],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if counted else None,
            text=True,
            env={"PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        )
        self.ready = self.read()

    def read(self) -> dict[str, float]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"The worker ended early. Run it by hand: {WORKER.name}, under {VENVS}.")
        answer: dict[str, float] = json.loads(line)
        return answer

    def run(self, scenario: str, calls: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{scenario} {calls}\n")
        self.process.stdin.flush()
        self.read()

    def instructions(self, scenario: str, calls: int) -> float:
        """Per call, after a block that warms up."""
        self.run(scenario, max(2, calls // 2))
        self.control("-i", "on")
        self.control("-z")
        self.run(scenario, calls)
        self.control("-d")
        self.control("-i", "off")
        counted = [total(dump) for dump in self.folder.glob("out*")]
        for dump in self.folder.glob("out*"):
            dump.unlink()
        return max(counted) / calls

    def control(self, *asked: str) -> None:
        pid = str(self.process.pid)
        subprocess.run(["callgrind_control", *asked, pid], check=True, capture_output=True)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)
        shutil.rmtree(self.folder)


def total(dump: Path) -> int:
    """Instructions in one of callgrind's dumps."""
    found = re.findall(r"^(?:summary|totals): (\d+)", dump.read_text(errors="replace"), re.M)
    return max(map(int, found), default=0)


def interpreter(name: str) -> Path:
    return VENVS / name.removesuffix("-own") / "bin" / "python"


def prepare(name: str) -> None:
    """Its virtual environment, once."""
    if interpreter(name).exists():
        return
    folder = interpreter(name).parents[1]
    print(f"Installing {', '.join(PACKAGES[name])} into {folder} ...", file=sys.stderr)
    venv.create(folder, with_pip=True, clear=True)
    constraints = ROOT / "constraints.txt"
    pinned = ["-c", str(constraints)] if constraints.exists() else []
    asked = [str(interpreter(name)), "-m", "pip", "install", "-qq", *pinned, *PACKAGES[name]]
    subprocess.run(asked, check=True)


def measure(name: str, capture: bool, calls: dict[str, int]) -> dict[str, float]:
    worker = Worker(name, capture)
    found = {scenario: worker.instructions(scenario, n) for scenario, n in calls.items()}
    worker.close()
    if {"stream_50", "stream_500"} <= found.keys():
        found["chunk"] = (found["stream_500"] - found["stream_50"]) / 450
    print(name, "on" if capture else "off", {k: round(v / 1e3) for k, v in found.items()}, file=sys.stderr)
    return found


def table(rows: dict[str, dict[str, float]]) -> str:
    """Markdown: thousands of instructions, the bare SDK's own and what each contender adds."""
    columns = [key for key in [*SHOWN, "chunk"] if key in rows["bare"]]
    head = ["contender, content", *(SHOWN.get(key, "per streamed chunk") for key in columns)]
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    for label, row in rows.items():
        less = {} if label == "bare" else rows["bare"]
        sign = "" if label == "bare" else "+"
        cells = [f"{sign}{(row[key] - less.get(key, 0)) / 1e3:,.1f} k" for key in columns]
        lines.append(" | ".join([label, *cells]))
    return "\n".join(f"| {line} |" for line in lines)


def import_cpu_ms() -> float:
    """CPU time of `import llmobs`, best of five fresh processes, the interpreter's own start taken off."""
    code = "import time; t = time.process_time(); import llmobs; print(time.process_time() - t)"
    asked = [str(interpreter("llmobs")), "-c", code]
    env = {"PYTHONPATH": str(ROOT)}
    runs = [subprocess.run(asked, check=True, capture_output=True, text=True, env=env) for _ in range(5)]
    return min(float(run.stdout) for run in runs) * 1e3


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument(
        "--only", default=",".join([*PACKAGES][1:]), help="contenders, with commas between"
    )
    arguments.add_argument("--scenarios", default=",".join(CALLS), help="of: " + ", ".join(CALLS))
    given = arguments.parse_args()
    if shutil.which("valgrind") is None:
        raise SystemExit("This needs valgrind. Install it with: apt-get install valgrind")
    names = given.only.split(",")
    calls = {scenario: CALLS[scenario] for scenario in given.scenarios.split(",")}
    for name in ["bare", *names]:
        prepare(name)
    rows = {"bare": measure("bare", False, calls)}
    for name in names:
        for capture in (True, False):
            rows[f"{name}, {'on' if capture else 'off'}"] = measure(name, capture, calls)
    print(table(rows))
    if "llmobs" in names:
        print(f"\n`import llmobs`: {import_cpu_ms():.1f} ms of CPU")


if __name__ == "__main__":
    main()
