"""Judges the rules again and again, keeps the incidents, and tells the channels.

No rule can stop another: each has a time limit and a row limit, and one that fails becomes an incident of
its own, `rule_failed`. No channel can stop the engine: each send has a time limit, and after a failure that
channel waits. A state is written before it is told, so that a crash in between tells twice rather than
never. Where the store does not answer nothing is judged and nothing is forgotten; the next tick tries
again.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any, TypeVar

from llmobs.server.incidents import Incident, begin, delivery, due, fingerprint, from_row, step, to_row
from llmobs.server.judging import Alert, Rule, run
from llmobs.server.store import Store

log = logging.getLogger(__name__)

Send = Callable[[Incident], None]
Result = TypeVar("Result")

RULE_LIMIT_S = 10.0
SEND_LIMIT_S = 10.0
RULE_FAILED = "rule_failed"
FAILED_HOLD = timedelta(minutes=1)  # one slow question is no failed rule
FAILED_RUNBOOK = (
    "An alert rule cannot be judged, so what it watches goes unwatched. Run `llmobs rules`, and the "
    "rule's query from llmobs/server/queries with `llmobs sql`. A time-out means that the store is busy."
)
REMEMBERED = timedelta(days=1)  # how long a resolved incident that could not be told is tried


class Unreachable(ConnectionError):
    """The store does not answer; says why."""


class Engine:
    """Keeps the open incidents between ticks. Rules and channels by name; a channel raises if it fails."""

    def __init__(self, store: Store, rules: Mapping[str, Rule], channels: Mapping[str, Send]) -> None:
        self._store, self._rules, self._channels = store, rules, channels
        self._open: dict[str, Incident] = {}  # by fingerprint; resolved ones stay until they are told
        self._unwritten: dict[str, Incident] = {}  # by id
        self._loaded = False
        self._limits = Limits()

    def tick(self, now: datetime) -> list[Incident]:
        """Judges every rule once; the incidents whose state changed. Unreachable where none can be judged."""
        self._load(now)
        alerts: dict[str, Alert] = {}
        held: set[str] = set()  # rules that said nothing, because they failed
        for name, rule in self._rules.items():
            try:
                found = self._limits.within(RULE_LIMIT_S, f"rule {name}", run, rule, self._store, now)
            except ConnectionError as wrong:
                raise Unreachable(str(wrong)) from wrong
            except Exception as wrong:  # whatever a rule does, the others go on
                log.debug("rule %s failed", name, exc_info=True)
                held.add(name)
                found = [failure(name, wrong)]
            for alert in found:
                alerts[fingerprint(alert.rule, alert.subject)] = alert
        changed = self._advance(alerts, held, now)
        self._write()
        self._tell(now)
        return changed

    def _load(self, now: datetime) -> None:
        if self._loaded:
            return
        try:
            rows = self._store.read("incidents_open", since=now - REMEMBERED)
        except (ConnectionError, TimeoutError) as wrong:
            raise Unreachable(str(wrong)) from wrong
        for row in rows:
            try:
                incident = from_row(row)
            except (TypeError, ValueError) as wrong:
                log.warning("Incident %s is left alone, its row cannot be read: %s", row.get("id"), wrong)
            else:
                self._open[incident.fingerprint] = incident
        self._loaded = True

    def _advance(self, alerts: Mapping[str, Alert], held: Iterable[str], now: datetime) -> list[Incident]:
        changed = []
        for mark, alert in alerts.items():
            before = self._open.get(mark)
            if before is None or before.state == "resolved":
                self._open[mark] = begin(alert, now, self._runbook(alert.rule))
            after = step(self._open[mark], alert, now, self._hold(alert.rule))
            changed += [after] if before is None or before.state != after.state else []
            self._keep(after)
        for mark, before in list(self._open.items()):
            if mark not in alerts and before.state != "resolved" and before.rule not in held:
                after = step(before, None, now, self._hold(before.rule))
                changed += [after] if after.state != before.state else []
                if after is not before:
                    self._keep(after)
        return changed

    def _keep(self, incident: Incident) -> None:
        self._open[incident.fingerprint] = incident
        self._unwritten[incident.id] = incident

    def _hold(self, rule: str) -> timedelta:
        return self._rules[rule].FOR if rule in self._rules else FAILED_HOLD

    def _runbook(self, rule: str) -> str:
        return self._rules[rule].RUNBOOK.strip() if rule in self._rules else FAILED_RUNBOOK

    def _write(self) -> None:
        """What cannot be written now is written with the next tick. With nothing to write it says: judged."""
        try:
            self._store.put_incidents([to_row(incident) for incident in self._unwritten.values()])
        except (ConnectionError, TimeoutError) as wrong:
            log.warning("Incidents could not be written, and are tried again: %s", wrong)
            return
        self._unwritten.clear()
        self._open = {m: i for m, i in self._open.items() if i.state != "resolved" or self._waiting(i)}

    def _waiting(self, incident: Incident) -> bool:
        """Whether some channel still has to hear of it."""
        sent = incident.delivered
        return any(name in sent and sent[name].told != incident.state for name in self._channels)

    def _tell(self, now: datetime) -> None:
        for name, send in self._channels.items():
            for mark, incident in list(self._open.items()):
                if not due(incident, name, now):
                    continue
                error = self._send(name, send, incident)
                self._keep(delivery(incident, name, now, error))
                if error is not None:
                    log.warning("%s could not be told of %s %s: %s", name, incident.rule, mark, error)
                    break  # the others would only wait for the same failure
        if self._unwritten:
            self._write()

    def _send(self, name: str, send: Send, incident: Incident) -> str | None:
        try:
            self._limits.within(SEND_LIMIT_S, f"channel {name}", send, incident)
        except Exception as wrong:  # a channel is somebody else's server
            log.debug("channel %s failed", name, exc_info=True)
            return f"{type(wrong).__name__}: {wrong}"[:300]
        return None


class Limits:
    """Runs things with a time limit. Python cannot stop a thread: one that is late keeps its name busy."""

    def __init__(self) -> None:
        self._late: dict[str, Future[Any]] = {}

    def within(
        self, seconds: float, name: str, function: Callable[..., Result], *arguments: object
    ) -> Result:
        if name in self._late and not self._late[name].done():
            raise TimeoutError(f"{name} is still busy with what it began before")
        future: Future[Result] = Future()
        threading.Thread(target=settle, args=(future, function, arguments), name=name, daemon=True).start()
        try:
            return future.result(seconds)
        except TimeoutError:
            if future.done():  # a time-out of its own
                raise
            self._late[name] = future
            raise TimeoutError(f"{name} took longer than {seconds:g} s") from None


def settle(future: Future[Result], function: Callable[..., Result], arguments: tuple[object, ...]) -> None:
    try:
        future.set_result(function(*arguments))
    except BaseException as wrong:  # it belongs to the one who waits
        future.set_exception(wrong)


def failure(rule: str, wrong: Exception) -> Alert:
    says = f"The rule {rule} could not be judged: {type(wrong).__name__}: {wrong}"[:500]
    return Alert(RULE_FAILED, rule, says)
