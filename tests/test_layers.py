"""Data flows one way: who may import whom."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HALVES = ["instrumentation", "server"]
MAY_IMPORT = {
    "llmobs/instrumentation/dialects": {"llmobs.instrumentation.dialects"},  # pure, over JSON
    "llmobs/instrumentation/integrations": set(),  # a row: no SDK, no wrapt, no OpenTelemetry
    "llmobs/signals": {"llmobs.signal"},
    "llmobs/server/rules": {"llmobs.server.alerts", "llmobs.server.stats"},
    "dashboard/pages": {
        "common",
        "charts",
        "plotly.express",
        "plotly.graph_objects",
        "streamlit",
        "pandas",
    },
}
FILES = [(folder, f) for folder in MAY_IMPORT for f in sorted((ROOT / folder).rglob("[a-z]*.py"))]
# Each stage and what it may not know of: the stages after it.
STAGES = ["vocabularies", "collector", "store", "queries", "alerts", "rules", "channels"]
ONLY_WRAPT = {"patch.py"}


@pytest.mark.parametrize(("folder", "file"), FILES, ids=[str(f.relative_to(ROOT)) for _, f in FILES])
def test_imports(folder, file):
    allowed = MAY_IMPORT[folder]
    inside = tuple(f"{name}." for name in allowed)

    assert {name for name in foreign(file) - allowed if not name.startswith(inside)} == set()


def test_every_folder_with_a_rule_has_files():
    assert {folder for folder, _ in FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("half", HALVES)
def test_neither_half_knows_the_other(half):
    [other] = set(HALVES) - {half}
    found = set.union(*(foreign(f) for f in (ROOT / "llmobs" / half).rglob("*.py")))

    assert found
    assert not {name for name in found if name.startswith(f"llmobs.{other}")}


def test_what_both_halves_speak_knows_neither():
    shared = [ROOT / "llmobs/signal.py", *(ROOT / "llmobs/signals").glob("*.py"), ROOT / "llmobs/config.py"]
    found = set.union(*(foreign(f) for f in shared))

    assert not {n for n in found if n.startswith(("llmobs.instrumentation", "llmobs.server"))}


def test_instrumentation_needs_opentelemetry_and_wrapt_only():
    # prompty: inside the one function that needs it, extra `prompts`. google: protobuf, which the exporter
    # brings
    optional = {"prompty", "google"}
    found = set.union(*(foreign(f) for f in (ROOT / "llmobs/instrumentation").rglob("*.py")))

    assert {name.split(".")[0] for name in found} - optional <= {"llmobs", "opentelemetry", "wrapt"}


def test_one_file_knows_wrapt():
    users = {
        f.name
        for f in (ROOT / "llmobs").rglob("*.py")
        if any(name.split(".")[0] == "wrapt" for name in foreign(f))
    }

    assert users == ONLY_WRAPT


@pytest.mark.parametrize("stage", STAGES[:3])
def test_no_stage_of_the_server_imports_a_later_one(stage):
    later = tuple(f"llmobs.server.{name}" for name in STAGES[STAGES.index(stage) + 1 :])
    found = set.union(set(), *(foreign(f) for f in (ROOT / "llmobs/server" / stage).rglob("*.py")))

    assert not {name for name in found if name.startswith(later)}


def test_the_environment_is_read_in_one_place():
    readers = {
        str(f.relative_to(ROOT))
        for folder in ("llmobs", "dashboard")
        for f in (ROOT / folder).rglob("*.py")
        if {"environ", "getenv"} & {n.attr for n in ast.walk(parsed(f)) if isinstance(n, ast.Attribute)}
    }

    assert readers == {"llmobs/config.py"}


def parsed(file):
    return ast.parse(file.read_text(encoding="utf-8"))


def foreign(file):
    """Modules that `file` imports, the standard library left out."""
    found = set()
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name for name in found if name.split(".")[0] not in sys.stdlib_module_names}
