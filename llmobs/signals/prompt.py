"""One assembly of a prompt: which template, which version, from which parts."""

from llmobs.signal import Field, Json, Signal

SIGNAL = Signal(
    view="prompts",
    operations=("assemble_prompt",),
    fields={
        "prompt_name": Field("gen_ai.prompt.name", str),
        "prompt_version": Field("gen_ai.prompt.version", str),
        "prompt_hash": Field("llmobs.prompt.hash", str),
        "prompt_parts": Field("llmobs.prompt.parts", Json),
    },
)
