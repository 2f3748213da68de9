"""What every span may say, whatever its kind."""

from llmobs.signal import Field, Json, Signal

SIGNAL = Signal(
    view="spans",
    operations=(),  # every span
    fields={
        "service": Field("service.name", str, resource=True),
        "environment": Field(
            "deployment.environment.name", str, also=("deployment.environment",), resource=True
        ),
        "region": Field("cloud.region", str, resource=True),
        "operation": Field("gen_ai.operation.name", str),
        "error_type": Field("error.type", str),
        "user_id": Field("user.id", str),
        "session_id": Field("gen_ai.conversation.id", str, also=("session.id",)),
        "workflow": Field("gen_ai.workflow.name", str),
        "tags": Field("llmobs.tags", Json),
    },
)
