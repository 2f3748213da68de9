"""A stand-in without waiting, clients of the real SDKs for it, and one recording of the demo's program."""

import random

import anthropic
import openai
import pytest

from llmobs.demo import run, shape
from llmobs.demo.history import Recorder
from llmobs.demo.provider import Provider, running


@pytest.fixture(scope="session")
def served():
    """The stand-in, which fails only when told to, and its address."""
    app = Provider(seed=7, pace=0, noise=0)
    with running(app) as address:
        yield app, address


@pytest.fixture
def app(served):
    """The stand-in without faults."""
    served[0].faults = {}
    yield served[0]
    served[0].faults = {}


@pytest.fixture
def openai_client(app, served):
    with openai.OpenAI(api_key="none", base_url=f"{served[1]}/v1", max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture
def anthropic_client(app, served):
    with anthropic.Anthropic(api_key="none", base_url=served[1], max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture(scope="session")
def recorded():
    """Spans of every scenario, really run: {scenario: [spans of one run, ...]}."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMOBS_PROMPTS", str(run.PROMPTS))
        recorder = Recorder(seed=7)
        recorder.app.noise = 0
        chance = random.Random(1)
        found = {}
        try:
            for scenario in recorder.desk.scenarios:
                found[scenario] = []
                for _ in range(8):
                    assert recorder.desk.serve(scenario, shape.visitor(1_800_000_000.0, chance))
                    found[scenario].append(recorder.spans.get_finished_spans())
                    recorder.spans.clear()
        finally:
            recorder.close()
    return found
