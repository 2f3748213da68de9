"""OTLP payloads to one Arrow table.

ptars is fast and young (0.0.25), so its columns are held against the walk over messages in the tests, and a
payload that it does not take is walked. It holds the GIL while it works: give it a megabyte or so at a
time, or the front stops answering.
"""

import logging
from datetime import UTC, datetime

import pyarrow as pa
from google.protobuf.message import DecodeError

from llmobs.server.collector import fast, walk
from llmobs.server.collector.table import Decoded

__all__ = ["Decoded", "decode"]

log = logging.getLogger(__name__)


def decode(payloads: list[bytes], received_at: datetime) -> Decoded:
    """Spans of serialized ExportTraceServiceRequests, in order, with cost NULL; and the resources they name.

    ValueError where one of them cannot be read: then ask for each alone.
    """
    at = received_at.astimezone(UTC).replace(tzinfo=None) if received_at.tzinfo else received_at
    try:
        return fast.fast(payloads, at)
    except (ValueError, pa.ArrowException) as wrong:
        log.debug("%d payloads are walked: %s", len(payloads), wrong)
    return _joined([_alone(payload, at) for payload in payloads])


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
