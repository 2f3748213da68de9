"""What every file of a folder owes. A new file is checked with no new line here."""

import importlib
import inspect
import itertools
import json
import re
from pathlib import Path

import pytest
from opentelemetry.semconv._incubating import attributes as conventions

from llmobs.discover import modules
from llmobs.server.alerts_command import broken
from llmobs.server.collector.columns import FIELDS

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NAME = re.compile(r"(\w+)(?:\([^)]*\))?")  # with the arguments of a function behind it
PARAMETER = re.compile(r"\$([a-z_][a-z0-9_]*)")
QUERIES = sorted((ROOT / "llmobs/server/queries").glob("*.sql"))
SIGNALS = modules("llmobs.signals")
DIALECTS = modules("llmobs.instrumentation.dialects")
FAMILIES = modules("llmobs.instrumentation.families")
INTEGRATIONS = modules("llmobs.instrumentation.integrations")
RULES = modules("llmobs.server.rules")
STREAMS = sorted((ROOT / "tests/dialects/streams").glob("*/*.jsonl"))  # its answer: .json
# In the GenAI model 1.42-dev (read 2026-11-22) and not yet in the Python package of the conventions.
NEWER = {"gen_ai.retrieval.top_k", "gen_ai.prompt.version", "openai.response.service_tier"}
KNOWN = NEWER | {
    value
    for module in modules(conventions.__name__).values()
    for value in vars(module).values()
    if isinstance(value, str)
}
STABLE = modules("opentelemetry.semconv.attributes").values()
KNOWN |= {value for module in STABLE for value in vars(module).values() if isinstance(value, str)}


def owed():
    """Each file that a row of CONTRIBUTING's table speaks of, and the names that the row asks of it."""
    table = re.findall(r"^\| .* \| `(llmobs/[\w/]+)/<\w+>\.py` \| (.*) \|$", CONTRIBUTING, re.MULTILINE)
    for folder, must_hold in table:
        names = [n for part in re.findall("`(.*?)`", must_hold) for n in NAME.findall(part)]
        for file in sorted((ROOT / folder).glob("[a-z]*.py")):
            if names and "store" not in folder:  # classes there; mypy compares them with the Protocol
                yield f"{folder}/{file.stem}", names


OWED = dict(owed())


def test_every_row_of_the_table_speaks_of_a_folder():
    places = re.findall(r"^\| .* \| `([\w/]+?)(?:/<section>)?/<\w+>\.\w+` \|", CONTRIBUTING, re.MULTILINE)

    assert len(places) == 11
    assert [place for place in places if not (ROOT / place).is_dir()] == []
    assert OWED["llmobs/server/channels/webhook"] == ["ready", "send", "preview"]


@pytest.mark.parametrize("file", OWED)
def test_a_file_has_all_that_the_table_in_contributing_asks_of_it(file):
    found = importlib.import_module(file.replace("/", "."))
    missing = [name for name in OWED[file] if not hasattr(found, name)]

    assert missing == [], f"{file}.py lacks {', '.join(missing)}. CONTRIBUTING.md says what is expected."


@pytest.mark.parametrize("query", QUERIES, ids=[q.stem for q in QUERIES])
def test_query_says_what_it_is_for_what_it_takes_and_what_it_gives(query):
    text = query.read_text(encoding="utf-8")
    head = "".join(itertools.takewhile(lambda line: line.startswith("--"), text.splitlines(keepends=True)))
    said, used = PARAMETER.findall(head), PARAMETER.findall(re.sub("--.*", "", text))

    assert len(head.partition("\n")[0]) > 20, f"{query.name} begins with a comment that says its purpose"
    assert "Parameters:" in head, f"{query.name} lists its parameters in its header, or none"
    assert "Columns:" in head, f"{query.name} lists its columns and their units in its header"
    assert set(said) == set(used), f"{query.name}: the header names other parameters than the query"


@pytest.mark.parametrize("name", SIGNALS)
def test_signal_uses_the_names_of_the_convention_or_our_own(name):
    names = {field.attribute for field in SIGNALS[name].SIGNAL.fields.values()}

    assert {n for n in names if not n.startswith("llmobs.")} <= KNOWN


def test_a_field_means_the_same_in_every_signal():
    for module in SIGNALS.values():
        for name, field in module.SIGNAL.fields.items():
            assert FIELDS[name] == field, name


def test_an_attribute_fills_one_field():
    attributes = [field.attribute for field in FIELDS.values()]

    assert len(attributes) == len(set(attributes))


@pytest.mark.parametrize("name", INTEGRATIONS)
def test_integration_can_be_imported_without_its_sdk(name):
    row = INTEGRATIONS[name]

    assert f"import {row.SDK}" not in inspect.getsource(row)
    assert row.FAMILY in FAMILIES
    assert set(row.DIALECTS) <= set(DIALECTS)
    assert row.__doc__.splitlines()[0].endswith(".")


@pytest.mark.parametrize("name", DIALECTS)
def test_dialect_says_where_it_is_spoken_and_reads_both_ways(name):
    dialect = DIALECTS[name]

    assert dialect.METHOD == "POST"
    assert dialect.PATH.startswith("/")
    assert dialect.OPERATION in SIGNALS["call"].SIGNAL.operations
    for part in ("request", "response", "fold", "input_messages", "output_messages"):
        assert callable(getattr(dialect, part))


@pytest.mark.parametrize("stream", STREAMS, ids=[f"{p.parent.name}-{p.stem}" for p in STREAMS])
def test_a_stream_says_what_the_same_answer_says_in_one_piece(stream):
    dialect = DIALECTS[stream.parent.name]
    whole = json.loads(stream.with_suffix(".json").read_text())

    answer = {}
    for line in stream.read_text().splitlines():
        dialect.fold(answer, json.loads(line))

    assert dialect.response(answer) == dialect.response(whole)
    assert dialect.output_messages(answer) == dialect.output_messages(whole)


def test_there_is_a_stream_for_every_dialect_that_streams():
    spoken = {p.parent.name for p in STREAMS}

    assert spoken >= {name for name in DIALECTS if name != "openai_embeddings"}


@pytest.mark.parametrize("name", RULES)
def test_rule_fires_and_stays_quiet_on_its_own_examples(name):
    rule = RULES[name]

    assert rule.FIRES_ON
    assert rule.QUIET_ON
    assert broken(rule) == ""


@pytest.mark.parametrize("name", RULES)
def test_rule_says_what_to_do(name):
    rule = RULES[name]

    assert len(rule.RUNBOOK) > 80
    assert rule.SEVERITY in ("page", "ticket")
    assert rule.__doc__.splitlines()[0].endswith(".")


@pytest.mark.parametrize("folder", ["llmobs", "dashboard", "benchmarks", "examples"])
def test_every_module_says_what_it_is_for(folder):
    import ast

    silent = [
        str(f.relative_to(ROOT))
        for f in sorted((ROOT / folder).rglob("*.py"))
        if not ast.get_docstring(ast.parse(f.read_text(encoding="utf-8")))
    ]

    assert silent == []
