"""One call of a model: who was asked, what it used, how it ended.

`input_tokens` counts cached tokens in and `output_tokens` reasoning tokens; the details never add.
"""

from llmobs.signal import Field, Json, Signal

SIGNAL = Signal(
    view="calls",
    operations=("chat", "generate_content", "text_completion", "embeddings"),
    fields={
        "provider": Field("gen_ai.provider.name", str),
        "model": Field("gen_ai.request.model", str),
        "answered_by": Field("gen_ai.response.model", str),
        "response_id": Field("gen_ai.response.id", str),
        "server_address": Field("server.address", str),
        "server_port": Field("server.port", int),
        "http_status": Field("http.response.status_code", int),
        "attempts": Field("llmobs.attempts", int, "{attempt}"),
        "stream": Field("gen_ai.request.stream", bool),
        "stream_end": Field("llmobs.stream.end", str),
        "first_content_s": Field("gen_ai.response.time_to_first_chunk", float, "s"),
        "input_tokens": Field("gen_ai.usage.input_tokens", int, "{token}"),
        "output_tokens": Field("gen_ai.usage.output_tokens", int, "{token}"),
        "cached_tokens": Field("gen_ai.usage.cache_read.input_tokens", int, "{token}"),
        "cache_written_tokens": Field(
            "gen_ai.usage.cache_creation.input_tokens",
            int,
            "{token}",
            also=("gen_ai.usage.cache_write.input_tokens",),
        ),
        "reasoning_tokens": Field("gen_ai.usage.reasoning.output_tokens", int, "{token}"),
        # What is billed by a rate of its own and has no name in the convention. All but searches are part of
        # the counts above: writes to a cache that holds for an hour, and sound.
        "cache_written_1h_tokens": Field("llmobs.usage.cache_creation_1h.input_tokens", int, "{token}"),
        "input_audio_tokens": Field("llmobs.usage.audio.input_tokens", int, "{token}"),
        "output_audio_tokens": Field("llmobs.usage.audio.output_tokens", int, "{token}"),
        "web_searches": Field("llmobs.usage.web_searches", int, "{search}"),
        "usage_source": Field("llmobs.usage.source", str),
        "service_tier": Field("openai.response.service_tier", str),
        "finish_reasons": Field("gen_ai.response.finish_reasons", list),
        "prompt_name": Field("gen_ai.prompt.name", str),
        "prompt_version": Field("gen_ai.prompt.version", str),
        "temperature": Field("gen_ai.request.temperature", float),
        "top_p": Field("gen_ai.request.top_p", float),
        "max_tokens": Field("gen_ai.request.max_tokens", int, "{token}"),
        "system_instructions": Field("gen_ai.system_instructions", Json),
        "tool_definitions": Field("gen_ai.tool.definitions", Json),
        "input_messages": Field("gen_ai.input.messages", Json),
        "output_messages": Field("gen_ai.output.messages", Json),
    },
)
