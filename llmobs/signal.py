"""What a kind of span says: its fields, the attribute each travels in, its type and unit.

Both halves read this: the instrumentation to write attributes, the server to make columns and views.
Names follow the OpenTelemetry GenAI conventions (1.42-dev, read on 2026-11-22); what they lack is `llmobs.*`.
"""

from typing import NamedTuple


class Json(str):
    """Marks a field whose attribute holds JSON text: messages, documents, tags."""


class Field(NamedTuple):
    """One fact: `attribute` on the span, its `type` (str, int, float, bool, list of str, Json), its unit.

    `also`: other names of the same attribute in use today; the first that a span carries wins.
    `resource`: the attribute stands on the resource, not on the span.
    """

    attribute: str
    type: type
    unit: str = ""
    also: tuple[str, ...] = ()
    resource: bool = False


class Signal(NamedTuple):
    """A kind of span: its view in the store, the operations that make it up, its fields by column name."""

    view: str
    operations: tuple[str, ...]
    fields: dict[str, Field]
