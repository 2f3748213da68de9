"""What of a request is good: the spans taken, those rejected and why.

A span is taken whole or rejected; whatever is wrong with one says nothing about the next.
"""

from collections import Counter
from typing import NamedTuple

from llmobs.server.collector import refusal

NO_TRACE, NO_SPAN = bytes(16), bytes(8)
COPIED_BYTES = 64 << 20  # 1.4 MB on the wire, 5,000 spans under a name of 1 MB, would become 5 GB
MAX_REASONS = 5  # named in one answer; the rest is counted


class Checked(NamedTuple):
    """What of a request is taken. `says` also warns where every span was taken but something was mended."""

    payload: bytes  # ExportTraceServiceRequest, empty where there is no span
    spans: int
    rejected: int = 0
    says: str = ""


class Notes:
    """Counts what was wrong, by reason."""

    def __init__(self) -> None:
        self.rejected: Counter[str] = Counter()
        self.mended: Counter[str] = Counter()

    def checked(self, payload: bytes, spans: int) -> Checked:
        """Refusal (400) where no span at all is good."""
        rejected = self.rejected.total()
        says = " ".join(
            filter(None, (self._line("rejected", self.rejected), self._line("mended", self.mended)))
        )
        if rejected and not spans:
            raise refusal.malformed(f"No span was accepted. {says}")
        return Checked(payload if spans else b"", spans, rejected, says)

    @staticmethod
    def _line(word: str, reasons: Counter[str]) -> str:
        if not reasons:
            return ""
        named = [f"{reason} ({count})" for reason, count in reasons.most_common(MAX_REASONS)]
        named = [reason.encode(errors="replace").decode() for reason in named]  # a key may be no Unicode
        more = ["..."] if len(reasons) > MAX_REASONS else []
        return f"Spans {word}: {'; '.join(named + more)}."


def id_problem(trace_id: bytes, span_id: bytes) -> str:
    """Why a span with these ids cannot be kept, or ""."""
    if len(trace_id) != 16:
        return f"trace_id has {len(trace_id)} bytes, 16 expected"
    if len(span_id) != 8:
        return f"span_id has {len(span_id)} bytes, 8 expected"
    if trace_id == NO_TRACE:
        return "trace_id is all zeros"
    return "span_id is all zeros" if span_id == NO_SPAN else ""


def scope_problem(size: int, spans: int) -> str:
    """Why spans under a scope of `size` bytes cannot be kept, or "": each gets a copy of it."""
    if size * spans <= COPIED_BYTES:
        return ""
    return f"their scope has {size:,} bytes, too many to keep with each of {spans:,} spans"


def parent_problem(parent: bytes) -> str:
    """A span with such a parent is kept, as a root."""
    return (
        f"parent_span_id has {len(parent)} bytes, 8 expected: taken as a root"
        if len(parent) not in (0, 8)
        else ""
    )
