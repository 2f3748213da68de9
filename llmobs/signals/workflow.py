"""One run of a workflow: the outermost thing a user waits for."""

from llmobs.signal import Signal

SIGNAL = Signal(view="workflows", operations=("invoke_workflow",), fields={})
