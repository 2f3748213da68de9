"""One search in an index that feeds a prompt, and how old that index was."""

from llmobs.signal import Field, Json, Signal

SIGNAL = Signal(
    view="retrievals",
    operations=("retrieval",),
    fields={
        "index": Field("gen_ai.data_source.id", str),
        "query": Field("gen_ai.retrieval.query.text", str),
        "top_k": Field("gen_ai.retrieval.top_k", int, "{document}"),
        "documents": Field("llmobs.retrieval.documents", int, "{document}"),
        "best_score": Field("llmobs.retrieval.best_score", float, "1"),
        "index_age_s": Field("llmobs.retrieval.index_age", float, "s"),
        "retrieved": Field("gen_ai.retrieval.documents", Json),
    },
)
