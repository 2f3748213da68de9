"""What the documents say is true: settings, commands, links, snippets."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from llmobs.config import SETTINGS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("collector-config/*.md")])
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def rows(setting):
    return f"| `{setting.env}` | {shown(setting.default)} | {setting.unit} | {setting.says} |"


def shown(default):
    return f"`{default}`" if default not in ("", {}) else ""


def test_the_readme_lists_every_setting_as_it_is():
    listed = [line for line in README.splitlines() if line.startswith("| `LLMOBS_")]

    assert listed == [rows(s) for s in SETTINGS.values()]


def test_the_readme_names_every_variable_of_opentelemetry_that_is_read():
    assert set(re.findall(r"`(OTEL_\w+)`", README)) == {name for s in SETTINGS.values() for name in s.otel}


def test_the_configuration_file_holds_the_settings_that_the_readme_says():
    names = list(SETTINGS)

    assert {s.half for s in SETTINGS.values()} == {"instrumentation", "server"}
    assert [n for n, s in SETTINGS.items() if s.half == "server"] == names[names.index("data") :]


@pytest.mark.parametrize("document", DOCUMENTS, ids=[d.name for d in DOCUMENTS])
def test_every_link_into_the_project_leads_somewhere(document):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))
    dead = [link for link in links if "://" not in link and not (document.parent / link).exists()]

    assert dead == []


def test_every_command_of_the_readme_exists():
    shown = subprocess.run(
        [sys.executable, "-m", "llmobs", "--help"], capture_output=True, text=True, check=True
    )
    known = set(re.findall(r"^    (\w+)", shown.stdout, re.MULTILINE))
    written = {
        word.removeprefix("llmobs ")
        for cell in re.findall(r"^\| (`llmobs .*?) \|", README, re.MULTILINE)
        for word in re.findall(r"`(?:llmobs )?(\w+)", cell)
    }

    assert written
    assert written <= known


def test_the_structure_snippet_runs_as_pasted():
    [snippet] = [s for s in SNIPPETS if "@llmobs.tool" in s]

    ran = subprocess.run([sys.executable, "-c", snippet], capture_output=True, text=True, timeout=60)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == "Order 4711 left the warehouse.\n"


def test_the_five_lines_are_the_hello_example():
    [lines] = [s for s in SNIPPETS if "openai.OpenAI()" in s]
    example = (ROOT / "examples/hello.py").read_text(encoding="utf-8")

    assert lines.strip() in example
