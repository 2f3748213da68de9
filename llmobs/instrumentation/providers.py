"""Who answers at an address: many hosts speak the wire formats of others.

Names as the GenAI conventions 1.42-dev have them, or in their manner; read on 2026-11-22.
"""

HOSTS = {  # end of the host's name -> gen_ai.provider.name
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    ".openai.azure.com": "azure.ai.openai",
    ".cognitiveservices.azure.com": "azure.ai.openai",
    ".services.ai.azure.com": "azure.ai.inference",
    ".models.ai.azure.com": "azure.ai.inference",
    ".amazonaws.com": "aws.bedrock",
    ".api.aws": "aws.bedrock",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "openrouter.ai": "openrouter",
    "api.groq.com": "groq",
    "api.deepseek.com": "deepseek",
    "api.mistral.ai": "mistral_ai",
    "api.x.ai": "x_ai",
    "api.perplexity.ai": "perplexity",
    "api.moonshot.ai": "moonshot_ai",
    "api.moonshot.cn": "moonshot_ai",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "api.together.xyz": "together_ai",
    "api.together.ai": "together_ai",
    "api.fireworks.ai": "fireworks",
    "api.cerebras.ai": "cerebras",
    "api.z.ai": "z_ai",
}


def provider(host: str, otherwise: str) -> str:
    """The provider at `host`; `otherwise` for one that is not known."""
    return next((name for end, name in HOSTS.items() if host.endswith(end)), otherwise)
