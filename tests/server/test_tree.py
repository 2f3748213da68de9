"""The process tree with small real processes: order, restart, and an end that leaves nobody behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from io import StringIO

import pytest

from llmobs.server import tree as module
from llmobs.server.tree import Part, Tree
from tests.processes import alive, until

SLEEPS = "import time; print('here', flush=True); time.sleep(600)"
IGNORES = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('deaf', flush=True); time.sleep(600)"
)


def part(name, code, ready=lambda: True, **more):
    return Part(name, ("-c", code), ready, **more)


class Running:
    """A tree in a thread; signals are given by hand, since only the main thread gets real ones."""

    def __init__(self, *parts):
        self.out = StringIO()
        self.tree = Tree(parts, {}, self.out)
        self.code = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        self.code = self.tree.run(lambda: "all ready")

    def pid(self, name):
        return self.tree.children[name].process.pid

    def said(self):
        return self.out.getvalue()

    def stop(self):
        self.tree.stop(signal.SIGINT)
        self.thread.join(20)
        assert not self.thread.is_alive()
        return self.code


@pytest.fixture
def started(monkeypatch):
    monkeypatch.setattr(module, "signals", lambda: ())
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.2)
    trees = []

    def start(*parts):
        trees.append(Running(*parts))
        return trees[-1]

    yield start
    for each in trees:
        if each.thread.is_alive():
            each.tree.signals += 1
            each.stop()


def test_a_part_waits_for_the_ones_it_needs_and_each_line_bears_its_name(started):
    ready = threading.Event()
    tree = started(
        part("first", SLEEPS, ready.is_set, says="First is at 1234"),
        part("second", "print('me too', flush=True); import time; time.sleep(600)", after=("first",)),
    )
    until(lambda: "first  | here" in tree.said())
    assert tree.tree.children["second"].process is None

    ready.set()

    until(lambda: "second | me too" in tree.said() and "all ready" in tree.said())
    assert "llmobs | First is at 1234\n" in tree.said()
    assert tree.stop() == 0


def test_noise_is_left_out_and_empty_lines_too(started):
    tree = started(part("p", "print('URL: x'); print(); print('kept'); " + SLEEPS, noise=("URL: ",)))
    until(lambda: "p      | here" in tree.said())

    assert [line for line in tree.said().splitlines() if line.startswith("p ")] == [
        "p      | kept",
        "p      | here",
    ]


def test_ctrl_c_ends_all_parts(started):
    tree = started(part("one", SLEEPS), part("two", SLEEPS))
    until(lambda: tree.said().count("here") == 2)
    pids = [tree.pid("one"), tree.pid("two")]

    assert tree.stop() == 0

    assert not any(map(alive, pids))


def test_a_part_that_does_not_listen_is_killed_and_that_is_said(started, monkeypatch):
    monkeypatch.setattr(module, "END_WITHIN_S", 0.5)
    tree = started(part("deaf", IGNORES))
    until(lambda: "| deaf" in tree.said())
    pid = tree.pid("deaf")

    assert tree.stop() == 1

    assert not alive(pid)
    assert "deaf did not end in time and was killed." in tree.said()


def test_a_second_ctrl_c_does_not_wait(started):
    tree = started(part("deaf", IGNORES))
    until(lambda: "| deaf" in tree.said())
    pid = tree.pid("deaf")
    began = time.monotonic()
    tree.tree.stop(signal.SIGINT)
    until(lambda: "Ending" in tree.said())

    assert tree.stop() == 1

    assert time.monotonic() - began < module.END_WITHIN_S / 2
    assert not alive(pid)


def test_a_part_that_others_need_ends_after_them(started):
    ends = (
        "import signal, sys, time; "
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('bye', flush=True))); "
    )
    tree = started(
        part("needed", ends + SLEEPS, ends_last=True),
        part("slow", ends.replace("sys.exit(", "sys.exit(time.sleep(0.4) or ") + SLEEPS),
    )
    until(lambda: tree.said().count("here") == 2)

    assert tree.stop() == 0

    assert [line for line in tree.said().splitlines() if "bye" in line] == ["slow   | bye", "needed | bye"]


def test_what_a_part_started_itself_ends_with_it(started, tmp_path):
    note = tmp_path / "pid"
    starts = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {IGNORES!r}]); "
    tree = started(part("mother", starts + f"open({str(note)!r}, 'w').write(str(p.pid)); p.wait()"))
    grandchild = int(until(lambda: note.exists() and note.read_text()))
    until(lambda: "| deaf" in tree.said())

    tree.stop()

    until(lambda: not alive(grandchild))
    assert not alive(grandchild)


def test_a_part_that_crashes_is_started_again_and_that_is_said(started):
    tree = started(part("weak", SLEEPS), part("other", SLEEPS))
    until(lambda: "all ready" in tree.said())
    before, other = tree.pid("weak"), tree.pid("other")

    os.kill(before, signal.SIGKILL)

    until(lambda: "weak runs again." in tree.said())
    assert "weak ended by itself (signal SIGKILL). It starts again in 0 s." in tree.said()
    assert tree.pid("weak") != before
    assert tree.pid("other") == other
    assert tree.stop() == 0


def test_each_crash_doubles_the_wait(started, monkeypatch):
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.1)
    tree = started(part("weak", "import time; time.sleep(0.5)"))

    until(lambda: tree.said().count("ended by itself") >= 3)

    assert tree.tree.children["weak"].wait_s >= 0.8  # 0.1 doubled three times


def test_a_part_that_cannot_start_ends_all_with_its_own_words(started):
    tree = started(
        part("good", SLEEPS),
        part("bad", "print('the file is locked'); raise SystemExit(3)", lambda: False),
    )
    tree.thread.join(20)

    assert tree.code == 1
    said = tree.said()
    assert "bad could not start (exit code 3)" in said
    assert said.index("the file is locked") < said.index("could not start")


def test_a_part_that_is_never_ready_ends_all(started, monkeypatch):
    monkeypatch.setattr(module, "READY_WITHIN_S", 0.5)
    tree = started(part("slow", SLEEPS, lambda: False))
    tree.thread.join(20)

    assert tree.code == 1
    assert "slow was not ready within" in tree.said()


def test_a_part_that_ends_all_by_being_through_does_so_with_code_0(started):
    tree = started(part("good", SLEEPS), part("timed", "pass", ends_all=True))
    tree.thread.join(20)

    assert tree.code == 0


def test_no_part_outlives_a_tree_that_was_killed_and_each_may_tidy_up(tmp_path):
    note = tmp_path / "tidied"
    child = (
        "import os, signal, sys, time\n"
        f"signal.signal(signal.SIGTERM, lambda *_: sys.exit(open({str(note)!r}, 'w').close()))\n"
        "from llmobs.server.tree import end_with_parent\n"
        "end_with_parent()\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(600)\n"
    )
    code = (
        "from llmobs.server.tree import Part, Tree\n"
        f"Tree([Part('only', ('-c', {child!r}), lambda: True)], {{}}).run()\n"
    )
    tree = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int(tree.stdout.readline().rpartition("|")[2])

    tree.kill()
    tree.wait()

    until(lambda: not alive(pid))
    assert note.exists()
    tree.stdout.close()


def test_a_tree_whose_output_nobody_reads_still_ends_its_parts():
    code = (
        "from llmobs.server.tree import Part, Tree\n"
        "code = 'import os, time\\nprint(os.getpid(), flush=True)\\n'\n"
        "code += 'while True: print(1, flush=True); time.sleep(.01)'\n"
        "raise SystemExit(Tree([Part('only', ('-c', code), lambda: True)], {}).run())\n"
    )
    tree = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    pid = int(tree.stdout.readline().rpartition("|")[2])
    tree.stdout.close()

    tree.send_signal(signal.SIGTERM)

    tree.wait(20)
    until(lambda: not alive(pid))
    assert not alive(pid)
