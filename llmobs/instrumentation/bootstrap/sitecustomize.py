"""Loaded by Python at its start under `llmobs run`: instruments the program, then steps aside.

The `sitecustomize` that Python would have loaded without us comes next, and this folder leaves `sys.path`;
child processes find it by PYTHONPATH. What fails here costs the program a line on standard error, no more.
"""

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent


def instrument() -> None:
    try:
        import_module("llmobs.instrumentation.run").begin()
    except Exception as error:  # a wrong setting, another Python without llmobs: the program runs anyway
        says = f"{type(error).__name__}: {error}"
        if isinstance(error, ModuleNotFoundError):
            says += f". Install it there: {sys.executable} -m pip install llmobs"
        print(f"llmobs: {sys.executable} runs without instrumentation: {says}", file=sys.stderr)


def hand_over() -> None:
    sys.path[:] = [folder for folder in sys.path if Path(folder).resolve() != HERE]
    ours = sys.modules.pop("sitecustomize")
    try:
        import_module("sitecustomize")
    except ModuleNotFoundError as missing:
        if missing.name != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = ours


instrument()
hand_over()
