"""What every file of a folder owes. A new file is checked with no new line here."""

import inspect
import json
from pathlib import Path

import pytest
from opentelemetry.semconv._incubating import attributes as conventions

from llmobs.discover import modules
from llmobs.server.collector.columns import FIELDS

ROOT = Path(__file__).parents[1]
SIGNALS = modules("llmobs.signals")
DIALECTS = modules("llmobs.instrumentation.dialects")
FAMILIES = modules("llmobs.instrumentation.families")
INTEGRATIONS = modules("llmobs.instrumentation.integrations")
RULES = modules("llmobs.server.rules")
CHANNELS = modules("llmobs.server.channels")
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
    assert all(rule.check(row) for row in rule.FIRES_ON)
    assert not any(rule.check(row) for row in rule.QUIET_ON)


@pytest.mark.parametrize("name", RULES)
def test_rule_says_what_to_do(name):
    rule = RULES[name]

    assert len(rule.RUNBOOK) > 80
    assert rule.SEVERITY in ("page", "ticket")
    assert rule.__doc__.splitlines()[0].endswith(".")


@pytest.mark.parametrize("name", CHANNELS)
def test_channel_can_send(name):
    assert callable(CHANNELS[name].send)


@pytest.mark.parametrize("folder", ["llmobs", "dashboard", "benchmarks", "examples"])
def test_every_module_says_what_it_is_for(folder):
    import ast

    silent = [
        str(f.relative_to(ROOT))
        for f in sorted((ROOT / folder).rglob("*.py"))
        if not ast.get_docstring(ast.parse(f.read_text(encoding="utf-8")))
    ]

    assert silent == []
