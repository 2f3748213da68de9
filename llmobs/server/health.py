"""How a collector is: /api/status for people, /healthz and /readyz for supervisors, /metrics in numbers."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import llmobs
from llmobs.server.collector import segments
from llmobs.server.collector.front import Door, Request
from llmobs.server.collector.metrics import Metric
from llmobs.server.collector.replies import Reply, text

if TYPE_CHECKING:
    from llmobs.server.service import Service


LATE = timedelta(minutes=2)  # one look at the rules may take a minute where the store is busy


class Health:
    """Reads the parts of a `Service`; changes nothing."""

    def __init__(self, service: "Service") -> None:
        self._service = service
        self._started_at = datetime.now(UTC)

    def doors(self) -> dict[str, dict[str, Door]]:
        return {
            "/healthz": {"GET": self._alive},
            "/readyz": {"GET": self._ready},
            "/metrics": {"GET": self._metrics},
        }

    def status(self) -> dict[str, Any]:
        """The store's counts and the collector's own since its start."""
        service = self._service
        counts = service.metrics.counts()
        return {
            **service.store.counts(),
            "version": llmobs.__version__,
            "started_at": self._started_at.isoformat().replace("+00:00", "Z"),
            "data": str(service.data),
            "ready": not service.intake.closed,
            "trouble": service.intake.closed or self._dead() or service.journal.trouble,
            "unjudged": self.unjudged(),
            "accepted_spans": counts["accepted_spans"],
            "rejected_spans": counts["rejected_spans"],
            "duplicate_requests": counts["duplicate_requests"],
            "quarantined_requests": counts["quarantined_requests"],
            "backlog_bytes": service.backlog.room.used,
            "hot_bytes": service.hot.size(),
            "journal_segments": len(segments.numbers(service.journal.folder)),
        }

    def _dead(self) -> str:
        """Which of the threads has ended though nobody stopped it; only a new process helps then."""
        alive = {
            "journal": self._service.journal.alive,
            "decoder": self._service.decoder.alive,
            "sealer": self._service.sealer.alive,
        }
        dead = [name for name, running in alive.items() if not running]
        return (
            f"The {' and the '.join(dead)} ended; the log says why. Start the collector again."
            if dead
            else ""
        )

    def unjudged(self) -> str:
        """Says that nobody judges the alert rules, which would look as if all were well."""
        age = datetime.now(UTC) - self._service.api.judged_at
        if age <= max(LATE, 4 * timedelta(seconds=self._service.settings["alert_interval"])):
            return ""
        return (
            f"No alert rule has been judged for {age // timedelta(minutes=1)} min: "
            "nobody would be told of an outage. "
            "Start the engine with `llmobs watch`, or everything with `llmobs up`."
        )

    async def _alive(self, request: Request) -> Reply:
        why = self._dead()
        return text(503 if why else 200, f"{why or 'ok'}\n")

    async def _ready(self, request: Request) -> Reply:
        why = self._service.intake.closed or self._dead()
        return text(503 if why else 200, f"{why or 'ready'}\n")

    async def _metrics(self, request: Request) -> Reply:
        body = self._service.metrics.text(self._gauges())
        return text(200, body)._replace(content_type=b"text/plain; version=0.0.4; charset=utf-8")

    def _gauges(self) -> list[Metric]:
        service = self._service
        return [
            Metric("ready", "gauge", "1 while spans are accepted.", not service.intake.closed),
            Metric("backlog_bytes", "gauge", "Acknowledged and not yet decoded.", service.backlog.room.used),
            Metric("backlog_limit_bytes", "gauge", "Past it clients wait.", service.backlog.room.size),
            Metric("hot_bytes", "gauge", "Rows in memory, not yet in the database.", service.hot.size()),
            Metric(
                "journal_segments",
                "gauge",
                "Files of the journal.",
                len(segments.numbers(service.journal.folder)),
            ),
            Metric(
                "http_connections", "gauge", "Clients that are connected over HTTP.", service.http.connections
            ),
            Metric(
                "rules_last_evaluation_timestamp_seconds",
                "gauge",
                "When the alert rules were judged last; the collector's start where they were not.",
                service.api.judged_at.timestamp(),
            ),
            Metric("journal_writable", "gauge", "0 while the disk refuses.", not service.journal.trouble),
        ]
