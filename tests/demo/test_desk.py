"""The demo's program leaves spans of every kind, as the real SDKs and the instrumentation make them."""

import json

import pytest

from llmobs.demo.desk import Desk
from llmobs.demo.faults import KINDS, Fault
from llmobs.demo.incidents import CHOICES, FAULTS
from llmobs.demo.models import MODELS
from llmobs.demo.run import PROMPTS
from llmobs.demo.shape import Visitor
from llmobs.server.collector.columns import SIGNALS


def operations(spans):
    return {span.attributes.get("gen_ai.operation.name") for span in spans}


def calls(spans):
    return [s for s in spans if s.attributes.get("gen_ai.operation.name") in SIGNALS["call"].operations]


def test_every_kind_of_span_occurs(recorded):
    found = operations(span for runs in recorded.values() for run in runs for span in run)

    for name, signal in SIGNALS.items():
        assert not signal.operations or found & set(signal.operations), name


@pytest.mark.parametrize(
    ("scenario", "models"),
    [
        ("answer_ticket", {"text-embedding-3-small", "gpt-4o-mini", "claude-sonnet-4-6"}),
        ("resolve_case", {"gpt-4o-mini", "claude-haiku-4-5"}),
        ("triage", {"internal-embedder", "gpt-5-nano"}),
        ("summarise", {"claude-haiku-4-5", "gpt-4o"}),
    ],
)
def test_each_scenario_asks_its_models(recorded, scenario, models):
    asked = {s.attributes["gen_ai.request.model"] for run in recorded[scenario] for s in calls(run)}

    assert asked == models


def test_each_run_is_one_trace_with_one_root(recorded):
    for runs in recorded.values():
        assert len(runs) == 8
        for run in runs:
            assert len({span.context.trace_id for span in run}) == 1
            [_root] = [span for span in run if span.parent is None]


def test_the_chain_reads_in_order(recorded):
    [run] = [r for r in recorded["answer_ticket"] if "execute_tool" in operations(r)][:1]
    begun = sorted(run, key=lambda span: span.start_time)

    kinds = [span.attributes["gen_ai.operation.name"] for span in begun]
    assert kinds[:5] == ["invoke_workflow", "retrieval", "embeddings", "assemble_prompt", "chat"]
    assert (kinds[-2], kinds[-1]) == ("execute_tool", "chat")


def test_every_call_says_what_it_used_and_the_users_are_named(recorded):
    for runs in recorded.values():
        for span in [s for run in runs for s in calls(run)]:
            assert span.attributes["llmobs.usage.source"] in ("provider", "unknown")
            assert span.attributes["user.id"].startswith("user-")
            assert set(json.loads(span.attributes["llmobs.tags"])) == {"channel", "plan"}


def test_two_versions_of_a_prompt_are_in_use(recorded):
    versions = {
        span.attributes["gen_ai.prompt.version"]
        for run in recorded["answer_ticket"]
        for span in run
        if span.attributes.get("gen_ai.operation.name") == "assemble_prompt"
    }

    assert versions == {"1", "2"}


def test_a_prompt_file_and_its_version_stand_on_the_call(recorded):
    [call] = [s for s in calls(recorded["triage"][0]) if s.attributes["gen_ai.request.model"] == "gpt-5-nano"]

    assert call.attributes["gen_ai.prompt.name"] == "triage"
    assert call.attributes["gen_ai.prompt.version"] == "4"


@pytest.fixture
def desk(app, served, monkeypatch):
    monkeypatch.setenv("LLMOBS_PROMPTS", str(PROMPTS))
    made = Desk(served[1], pace=0)
    yield made
    made.close()


def test_a_failing_provider_fails_the_visit_and_nothing_else(app, desk):
    app.faults = {"gpt-4o-mini": Fault("outage")}

    assert not desk.serve("answer_ticket", visitor())
    assert desk.serve("summarise", visitor())


def test_an_incident_of_the_teams_own_changes_what_is_asked(desk):
    asked = []
    desk.openai.responses.create = lambda **body: asked.append(body) or answer()
    desk.choices = CHOICES["costly"]

    desk.serve("triage", visitor())

    assert asked[0]["model"] == "gpt-5.2-pro"
    assert "Examples:" in str(asked[0]["input"])


def test_faults_of_incidents_are_known_models_and_kinds():
    for faults in FAULTS.values():
        assert set(faults) <= set(MODELS)
        assert {fault.kind for fault in faults.values()} <= set(KINDS)


def visitor():
    return Visitor("user-001", "s-1", "free", "web")


def answer():
    class Answer:
        output_text = "{}"

    return Answer()
