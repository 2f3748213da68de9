"""Posts JSON to an address of yours, in the shape that Prometheus' Alertmanager posts (webhook version 4).

Whatever takes Alertmanager's webhooks takes these. With a secret, the header `X-Llmobs-Signature:
sha256=...` holds the HMAC of the body, so that the receiver knows who wrote it. Redirects are not followed:
a POST would become a GET. Shape read at prometheus.io/docs/alerting/latest/configuration/#webhook_config on
2026-11-22.
"""

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from llmobs.server.incidents import Incident

TIMEOUT_S = 5.0
NOT_YET = "0001-01-01T00:00:00Z"  # how Alertmanager writes that something has not ended
ANYWHERE = ("0.0.0.0", "::", "")


class Refused(OSError):
    """The receiver answered with something else than 2xx."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def ready(settings: Mapping[str, Any]) -> bool:
    """Whether there is an address."""
    return bool(settings.get("webhook"))


def send(incident: Incident, settings: Mapping[str, Any]) -> None:
    """One POST. OSError where it does not arrive or is not taken; the engine tries again."""
    body = json.dumps(payload(incident, settings)).encode()
    request = urllib.request.Request(settings["webhook"], body, headers(body, settings), method="POST")
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=TIMEOUT_S):
            pass
    except urllib.error.HTTPError as answer:
        answer.close()
        raise Refused(f"{settings['webhook']} answered {answer.code}. Expected 2xx.") from None


def preview(incident: Incident, settings: Mapping[str, Any]) -> str:
    """What `send` would post."""
    return json.dumps(payload(incident, settings), indent=2)


def headers(body: bytes, settings: Mapping[str, Any]) -> dict[str, str]:
    found = {"Content-Type": "application/json", "User-Agent": "llmobs"}
    secret = settings.get("webhook_secret")
    if secret:
        found["X-Llmobs-Signature"] = f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
    return found


def payload(incident: Incident, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The message. `labels` identify the alert and never change; `annotations` explain it."""
    status = "resolved" if incident.state == "resolved" else "firing"
    dashboard = dashboard_url(settings)
    labels = {"alertname": incident.rule, "subject": incident.subject, "severity": incident.severity}
    annotations = {
        "summary": f"{incident.rule} {incident.subject}",
        "description": incident.says,
        "runbook": incident.runbook,
        "value": text(incident.value),
        "expected": text(incident.expected),
        "unit": incident.unit,
        "calls": text(incident.calls),
        "traces": "\n".join(f"{dashboard}/trace?id={quote(trace)}" for trace in incident.traces),
    }
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": stamp(incident.firing_since or incident.pending_since),
        "endsAt": stamp(incident.resolved_at) if incident.resolved_at else NOT_YET,
        "generatorURL": f"{dashboard}/alerts?incident={quote(incident.id)}",
        "fingerprint": incident.fingerprint,
    }
    return {
        "version": "4",
        "groupKey": f"llmobs:{incident.fingerprint}",
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "llmobs",
        "groupLabels": {"alertname": incident.rule},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": dashboard,
        "alerts": [alert],
    }


def dashboard_url(settings: Mapping[str, Any]) -> str:
    """Where people open the dashboard: the setting, or this machine."""
    if settings.get("dashboard_url"):
        return str(settings["dashboard_url"]).rstrip("/")
    host = settings.get("host", "127.0.0.1")
    host = "127.0.0.1" if host in ANYWHERE else f"[{host}]" if ":" in host else host
    return f"http://{host}:{settings.get('dashboard_port', 8501)}"


def text(value: float | None) -> str:
    """Annotations are text; unknown is empty."""
    return "" if value is None else f"{value:g}"


def stamp(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
