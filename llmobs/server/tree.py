"""A tree of processes: starts the parts, passes on what they say, starts again what crashed, ends all.

Each part is a process of its own in a process group of its own, so that Ctrl-C reaches this process alone and
it decides the order of the end. A part learns that this process is gone, also after kill -9, from the end of
its standard input: see `end_with_parent`. That works on every POSIX system; Linux's PR_SET_PDEATHSIG would
fire as soon as the starting thread ends, and macOS has nothing like it.
"""

import contextlib
import os
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, Any, NamedTuple

import llmobs
from llmobs.config import environment

READY_WITHIN_S = 180.0  # importing two SDKs took 51 s on two cores with sixteen others waiting
END_WITHIN_S = 10.0
POLL_S = 0.1
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0  # before a crashed part is started again; doubles each time
STEADY_S = 60.0  # a part that ran so long begins again with the first wait


class Part(NamedTuple):
    """One process of the tree. `after`: parts that must be ready before it starts.

    `once`: it has an end of its own; code 0 means that it is through. `ends_all`: and so is the tree then.
    `ends_last`: the others still need it while they end.
    """

    name: str
    command: Sequence[str]  # arguments of `python`
    ready: Callable[[], bool]
    says: str = ""  # printed once it is ready
    after: tuple[str, ...] = ()
    noise: tuple[str, ...] = ()  # lines of its output that hold one of these are left out
    settings: Mapping[str, Any] = {}  # over those of the tree
    once: bool = False
    ends_all: bool = False
    ends_last: bool = False


class Child:
    """A part while it runs."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.process: subprocess.Popen[str] | None = None
        self.ready = False
        self.through = False
        self.started_at = 0.0
        self.reader: threading.Thread | None = None
        self.wait_s = FIRST_WAIT_S
        self.again_at: float | None = None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Tree:
    """The parts together; `run` returns the exit code once all have ended."""

    def __init__(
        self, parts: Sequence[Part], settings: Mapping[str, Any], out: IO[str] | None = None
    ) -> None:
        self.children = {part.name: Child(part) for part in parts}
        self.settings = dict(settings)
        self.out = out or sys.stdout
        self.width = max(len("llmobs"), *(len(part.name) for part in parts))
        self.ending = threading.Event()
        self.signals = 0
        self.code = 0
        self.printing = threading.Lock()

    def run(self, welcome: Callable[[], str] = lambda: "") -> int:
        """Until a signal comes, a part cannot start, or one that `ends_all` is through."""
        before = {number: signal.signal(number, self.stop) for number in signals()}
        try:
            welcomed = False
            while not self.ending.is_set():
                self.step()
                if not welcomed and all(child.ready for child in self.children.values()):
                    welcomed = True
                    self.say(welcome())
                self.ending.wait(POLL_S)
        finally:
            self.end()
            for number, handler in before.items():
                signal.signal(number, handler)
        return self.code

    def stop(self, number: int, frame: FrameType | None = None) -> None:
        """A signal came. The second one ends the parts without waiting for them."""
        self.signals += 1
        self.ending.set()

    def step(self) -> None:
        for child in self.children.values():
            if child.through:
                continue
            if child.process is None:
                self.begin_if_due(child)
            elif child.process.poll() is not None:
                self.ended(child, child.process.returncode)
            elif not child.ready:
                self.look(child)

    def begin_if_due(self, child: Child) -> None:
        waits = any(not self.children[name].ready for name in child.part.after)
        if waits or (child.again_at is not None and time.monotonic() < child.again_at):
            return
        child.process = subprocess.Popen(
            [sys.executable, "-P", *child.part.command],
            env=child_environment({**self.settings, **child.part.settings}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            process_group=0,
        )
        child.started_at = time.monotonic()
        child.reader = threading.Thread(target=self.pass_on, args=(child.part, child.process), daemon=True)
        child.reader.start()

    def look(self, child: Child) -> None:
        if child.part.ready():
            child.ready = True
            if child.again_at is not None:
                self.say(f"{child.part.name} runs again.")
            elif child.part.says:
                self.say(child.part.says)
        elif child.again_at is None and time.monotonic() - child.started_at > READY_WITHIN_S:
            self.give_up(child, f"{child.part.name} was not ready within {READY_WITHIN_S:.0f} s.")

    def ended(self, child: Child, code: int) -> None:
        """A part ended by itself: the tree is through, or cannot start, or starts the part again."""
        name, ran_s = child.part.name, time.monotonic() - child.started_at
        if code == 0 and (child.part.once or child.part.ends_all):
            child.through = child.ready = True
            if child.part.ends_all:
                self.ending.set()
        elif not child.ready and child.again_at is None:
            self.give_up(child, f"{name} could not start ({how(code)}). Its lines above say why.")
        else:
            child.wait_s = FIRST_WAIT_S if ran_s > STEADY_S else child.wait_s
            self.say(f"{name} ended by itself ({how(code)}). It starts again in {child.wait_s:.0f} s.")
            child.again_at = time.monotonic() + child.wait_s
            child.wait_s = min(2 * child.wait_s, LONGEST_WAIT_S)
            close(child.process)
            child.process, child.ready = None, False

    def give_up(self, child: Child, why: str) -> None:
        if child.reader is not None:
            child.reader.join(timeout=1)  # its last lines come first
        self.say(why)
        self.code = 1
        self.ending.set()

    def end(self) -> None:
        """Asks all parts to end, those that others need last, and kills the ones that do not."""
        running = [child for child in self.children.values() if child.running]
        if running:
            self.say("Ending ...")
        for last in (False, True):
            self.end_all([child for child in running if child.part.ends_last == last])
        for child in self.children.values():
            close(child.process)
        if running:
            self.say("Ended.")

    def end_all(self, children: Sequence[Child]) -> None:
        for child in children:
            tell(child.process, signal.SIGTERM)
        deadline = time.monotonic() + END_WITHIN_S
        while any(child.running for child in children) and time.monotonic() < deadline and self.signals < 2:
            time.sleep(POLL_S / 2)
        for child in children:
            if child.running:
                self.say(f"{child.part.name} did not end in time and was killed.")
                self.code = 1
            tell(child.process, signal.SIGKILL)  # the group: also what the part itself started

    def pass_on(self, part: Part, process: "subprocess.Popen[str]") -> None:
        """The part's output, each line with its name in front."""
        assert process.stdout is not None
        with contextlib.suppress(ValueError):  # closed while reading: the part was killed
            for line in process.stdout:
                if line.strip() and not any(word in line for word in part.noise):
                    self.say(line.rstrip(), part.name)

    def say(self, text: str, name: str = "llmobs") -> None:
        with (
            self.printing,
            contextlib.suppress(BrokenPipeError),
        ):  # `llmobs up | head` must still end its parts
            for line in text.splitlines():
                print(f"{name:<{self.width}} | {line}", file=self.out, flush=True)


def signals() -> tuple[signal.Signals, ...]:
    """What ends the tree: Ctrl-C, kill, a closed terminal."""
    return (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def how(code: int) -> str:
    """An exit code in words."""
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def tell(process: "subprocess.Popen[str] | None", number: signal.Signals) -> None:
    if process is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # gone; macOS says so for zombies
            os.killpg(process.pid, number)


def close(process: "subprocess.Popen[str] | None") -> None:
    if process is not None:
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def child_environment(settings: Mapping[str, Any]) -> dict[str, str]:
    """The settings, and the way to this package where it is not installed (a checkout without pip)."""
    found = environment(settings)
    root = str(Path(llmobs.__file__).parents[1])
    if root not in (sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]):
        found["PYTHONPATH"] = os.pathsep.join(filter(None, (root, found.get("PYTHONPATH"))))
    return found


def end_with_parent() -> None:
    """Ends this process when the one that started it is gone: its standard input comes to its end.

    First as SIGTERM would, then, if that takes too long, at once.
    """

    def watch() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(0, 1024):
                pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(END_WITHIN_S)
        os._exit(1)

    threading.Thread(target=watch, name="llmobs-parent", daemon=True).start()
