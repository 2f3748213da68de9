"""`llmobs run -- python app.py`: any program instrumented, with no change of its code.

A folder with a `sitecustomize` goes in front of PYTHONPATH, then this process becomes the program: signals,
exit code and process id are its own, and its child processes are instrumented too. Under `-I`, `-E` or `-S`
Python does not read PYTHONPATH or `sitecustomize`; such programs run as ever, without us.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import llmobs
from llmobs import config

BOOTSTRAP = Path(__file__).parent / "bootstrap"
USAGE = "llmobs run -- python app.py"


def main(argv: Sequence[str]) -> int:
    """Becomes the program `argv`; returns, with the exit code of a shell, only where it cannot be started."""
    program = list(argv[1:] if argv[:1] == ["--"] else argv)
    if not program:
        print(f"llmobs run: no program given. Write, for example: {USAGE}", file=sys.stderr)
        return 2
    if program[0] in ("python", "python3") and shutil.which(program[0]) is None:
        program[0] = sys.executable  # a virtual environment that is not activated
    before = config.environment({}).get("PYTHONPATH", "")
    put_back = config.put({"PYTHONPATH": search_path(before)})
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvp(program[0], program)
    except FileNotFoundError:
        code, says = 127, f"there is no program {program[0]!r}"
    except OSError as error:
        code, says = 126, f"{program[0]!r} cannot be run: {error.strerror}"
    put_back()
    print(f"llmobs run: {says}. {hint(program)}", file=sys.stderr)
    return code


def search_path(before: str) -> str:
    """`before` with our folder in front; at the end llmobs itself, where it runs from a checkout."""
    home = BOOTSTRAP.parents[2]
    checkout = [str(home)] if (home / "pyproject.toml").exists() else []
    folders = [str(BOOTSTRAP), *filter(None, before.split(os.pathsep)), *checkout]
    return os.pathsep.join(dict.fromkeys(folders))


def hint(program: Sequence[str]) -> str:
    if program[0].endswith(".py"):
        return f"Write: llmobs run -- python {program[0]}"
    return f"Write the command as you would without llmobs, such as: {USAGE}"


def begin() -> None:
    """Instruments this process, before the program's own code runs.

    With a provider that is not the global one, so that a program may still set its own; and until the program
    calls `llmobs.instrument` itself: what it says there, such as what to hide, takes the place of this.
    """
    from llmobs.instrumentation import switch
    from llmobs.instrumentation.provider import Provider

    ours = Provider({"sample": 1.0, "service_name": "", "environment": ""})
    llmobs.instrument(endpoint=config.value("endpoint"), tracer_provider=ours)
    switch.provisional = bool(switch.in_force)
