"""One turn of an agent. Its usage is the sum of its calls and never adds to totals."""

from llmobs.signal import Field, Signal

SIGNAL = Signal(
    view="agents",
    operations=("invoke_agent",),
    fields={
        "agent": Field("gen_ai.agent.name", str),
        "agent_id": Field("gen_ai.agent.id", str),
        "agent_version": Field("gen_ai.agent.version", str),
    },
)
