"""OTLP payloads to one Arrow table.

ptars is fast and young (0.0.25), so its columns are held against the walk over messages in the tests, and a
payload that it does not take is walked. It holds the GIL while it works: give it a megabyte or so at a
time, or the front stops answering.
"""

import logging
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf.message import DecodeError

from llmobs.server.collector import fast, walk
from llmobs.server.collector.table import Decoded

__all__ = ["Decoded", "decode"]

log = logging.getLogger(__name__)

LARGEST_SPAN = 96 << 20  # bytes of text; 144 MB need more than the store's 256 MB to be written
LARGEST_RESOURCE = 8 << 20  # the view reads them together


def decode(payloads: list[bytes], received_at: datetime) -> Decoded:
    """Spans of serialized ExportTraceServiceRequests, in order, with cost NULL; and the resources they name.

    ValueError where one of them cannot be read: then ask for each alone.
    """
    at = received_at.astimezone(UTC).replace(tzinfo=None) if received_at.tzinfo else received_at
    try:
        found = fast.fast(payloads, at)
    except (ValueError, pa.ArrowException) as wrong:
        log.debug("%d payloads are walked: %s", len(payloads), wrong)
        found = _joined([_alone(payload, at) for payload in payloads])
    _check_size(found)
    return found


def _check_size(found: Decoded) -> None:
    """ValueError where a row is more text than the store can write. NUL becomes six bytes, a link 70."""
    for table, most in ((found.spans, LARGEST_SPAN), (found.resources, LARGEST_RESOURCE)):
        if table.nbytes <= most:
            continue
        texts = [c for c in table.columns if pa.types.is_string(c.type)]
        sizes = sum(pc.fill_null(pc.binary_length(c), 0).to_numpy().astype(np.int64) for c in texts)
        if (largest := int(np.max(sizes, initial=0))) > most:
            raise ValueError(f"A row has {largest:,} bytes of text, {most:,} can be stored.")


def _alone(payload: bytes, at: datetime) -> Decoded:
    try:
        return fast.fast([payload], at)
    except (ValueError, pa.ArrowException):
        pass
    try:
        return walk.walk([payload], at)
    except DecodeError as wrong:
        raise ValueError(f"A payload is no ExportTraceServiceRequest: {wrong}") from wrong


def _joined(parts: list[Decoded]) -> Decoded:
    spans = pa.concat_tables([p.spans for p in parts])
    resources = pa.concat_tables([p.resources for p in parts])
    return Decoded(spans, resources)
