"""One execution of a tool that a model asked for."""

from llmobs.signal import Field, Json, Signal

SIGNAL = Signal(
    view="tools",
    operations=("execute_tool",),
    fields={
        "tool": Field("gen_ai.tool.name", str),
        "tool_type": Field("gen_ai.tool.type", str),
        "tool_call_id": Field("gen_ai.tool.call.id", str),
        "tool_arguments": Field("gen_ai.tool.call.arguments", Json),
        "tool_result": Field("gen_ai.tool.call.result", Json),
    },
)
