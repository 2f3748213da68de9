"""Payloads that the decoder cannot take: kept in a folder for people to look at, and in nobody's way.

They were acknowledged, so they may not vanish; the front's checks should leave nothing for this folder.
"""

import logging
from pathlib import Path

from llmobs.server.collector import segments

log = logging.getLogger(__name__)

MAX_BYTES = 256 << 20  # past it new ones are only counted, so that no client fills the disk this way


class Quarantine:
    """`count` payloads since the start; `kept_bytes` in the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.kept_bytes = sum(file.stat().st_size for file in folder.glob("*.pb")) if folder.is_dir() else 0

    def put(self, payload: bytes, error: Exception) -> None:
        self.count += 1
        file = self.folder / f"{segments.digest(payload).hex()}.pb"
        if self.kept_bytes + len(payload) > MAX_BYTES:
            log.error("A payload cannot be decoded (%r), and the quarantine %s is full.", error, self.folder)
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file.write_bytes(payload)
            file.with_suffix(".txt").write_text(f"{error!r}\n", encoding="utf-8")
        except OSError as failed:
            log.error("A payload cannot be decoded (%r), nor kept in %s: %s", error, self.folder, failed)
            return
        self.kept_bytes += len(payload)
        log.error("A payload cannot be decoded; it is kept in %s: %r", file, error)
