"""Who answers a call, from the client and the host."""

import anthropic
import openai
import pytest

from llmobs.instrumentation.providers import HOSTS, provider
from tests.net import ASK, ASK_CLAUDE, CHAT, CLAUDE, Net


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("api.openai.com", "openai"),
        ("acme.openai.azure.com", "azure.ai.openai"),
        ("bedrock-runtime.eu-west-1.amazonaws.com", "aws.bedrock"),
        ("bedrock-mantle.eu-west-1.api.aws", "aws.bedrock"),
        ("europe-west1-aiplatform.googleapis.com", "gcp.vertex_ai"),
        ("openrouter.ai", "openrouter"),
        ("localhost", "openai"),
    ],
)
def test_a_host_tells_its_provider(host, name):
    assert provider(host, "openai") == name


def test_names_of_the_convention_are_spelled_as_there():
    from opentelemetry.semconv._incubating.attributes.gen_ai_attributes import GenAiProviderNameValues

    known = {value.value for value in GenAiProviderNameValues}
    others = {"openrouter", "together_ai", "fireworks", "cerebras", "moonshot_ai", "z_ai"}

    assert set(HOSTS.values()) - others <= known


def test_another_host_is_named_and_keeps_its_address(seen):
    Net(CHAT).openai(base_url="https://api.groq.com/openai/v1").chat.completions.create(**ASK)
    Net(CHAT).openai(base_url="http://localhost:8000/v1").chat.completions.create(**ASK)

    groq, local = seen()
    assert groq.attributes["gen_ai.provider.name"] == "groq"
    assert local.attributes["gen_ai.provider.name"] == "openai"
    assert (local.attributes["server.address"], local.attributes["server.port"]) == ("localhost", 8000)


def test_a_client_that_moves_house_is_seen_at_its_new_address(seen):
    client = Net(CHAT).openai()
    client.chat.completions.create(**ASK)
    client.base_url = "https://openrouter.ai/api/v1"
    client.chat.completions.create(**ASK)

    _, moved = seen()
    assert moved.attributes["gen_ai.provider.name"] == "openrouter"


def test_azure_is_known_by_its_client_also_behind_a_gateway(seen):
    client = openai.AzureOpenAI(
        api_key="k",
        api_version="2026-01-01",
        azure_endpoint="https://gateway.example",
        azure_deployment="my-deployment",
        http_client=Net(CHAT).http(),
    )

    client.chat.completions.create(**ASK)

    [span] = seen()
    assert span.attributes["gen_ai.provider.name"] == "azure.ai.openai"
    assert span.attributes["server.address"] == "gateway.example"
    assert span.attributes["gen_ai.response.model"] == "gpt-4o-mini-2024-07-18"


def test_bedrock_is_known_by_its_client_too(seen):
    at = {"aws_region": "us-east-1", "api_key": "k", "base_url": "https://gateway.example/v1"}
    openai.BedrockOpenAI(**at, http_client=Net(CHAT).http()).chat.completions.create(**ASK)
    anthropic.AnthropicBedrockMantle(**at, http_client=Net(CLAUDE).http()).messages.create(**ASK_CLAUDE)

    assert [span.attributes["gen_ai.provider.name"] for span in seen()] == ["aws.bedrock"] * 2
    assert {span.attributes["server.address"] for span in seen()} == {"gateway.example"}
