"""History into a real collector: every bucket once, the newest first, and only what is not there yet."""

import time
from collections import Counter

import pytest

from llmobs.config_file import load
from llmobs.demo import history, run, shape
from llmobs.demo.history import Recorder
from llmobs.demo.incidents import PAST
from llmobs.server.service import Service
from llmobs.server.store import open_store

NOW = 1_795_356_100.0
HOUR_S = 3_600


@pytest.fixture
def collector(tmp_path, monkeypatch):
    """A collector on free ports; gives its address."""
    monkeypatch.setenv("LLMOBS_PROMPTS", str(run.PROMPTS))
    settings = {**load(None, {"data": str(tmp_path)}), "http_port": 0, "grpc_port": 0}
    service = Service(settings)
    service.start()
    yield f"http://127.0.0.1:{service.http_port}"
    service.stop()


@pytest.fixture
def short(monkeypatch):
    """Half an hour of history instead of two days, from few runs."""
    monkeypatch.setattr(history, "HISTORY_S", HOUR_S // 2)
    monkeypatch.setattr(history, "RUNS", dict.fromkeys(history.RUNS, 3))


def counted(collector, traces):
    """What the collector holds once it has decoded that many traces, seconds after it took them."""
    store = open_store(collector)
    end = time.monotonic() + 20
    try:
        while True:
            [row] = store.sql(
                "SELECT count(DISTINCT trace_id) AS traces, count(*) AS spans, "
                "count(DISTINCT (service, environment)) AS services FROM spans"
            ).to_pylist()
            if row["traces"] >= traces or time.monotonic() > end:
                return row
            time.sleep(0.05)
    finally:
        store.close()


def expected(now, buckets):
    return sum(len(shape.starts(s, bucket, now, 7)) for s in shape.SERVICES for bucket in buckets)


def test_history_arrives_whole_and_a_second_start_adds_nothing(collector, short, capsys):
    newest = shape.bucket_of(NOW)
    traces = expected(NOW, range(newest - 5, newest + 1))
    history.fill(collector, seed=7, now=NOW)
    first = counted(collector, traces)

    history.fill(collector, seed=7, now=NOW)

    assert first["traces"] == traces > 100
    assert first["spans"] > 4 * traces
    assert first["services"] == 3
    assert "History: 0 traces of the last two days" in capsys.readouterr().out
    assert counted(collector, traces) == first


def test_a_later_start_fills_the_gap_since_and_no_more(collector, short):
    newest = shape.bucket_of(NOW)
    before = expected(NOW, range(newest - 5, newest + 1))
    later = (newest + 4) * 300.0 - 1  # four buckets on, at the end of one
    history.fill(collector, seed=7, now=NOW)
    counted(collector, before)

    history.fill(collector, seed=7, now=later)

    # the bucket that NOW lies in is there in part, and stays so
    wanted = before + expected(later, range(newest + 1, newest + 4))
    assert wanted > before + 100
    assert counted(collector, wanted)["traces"] == wanted


def test_the_newest_go_first(short):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMOBS_PROMPTS", str(run.PROMPTS))
        recorder = Recorder(7)
        try:
            found = [request for _, request in history.requests(NOW, {}, recorder, 7)]
        finally:
            recorder.close()

    oldest = [
        min(s.start_time_unix_nano for r in request.resource_spans for s in r.scope_spans[0].spans)
        for request in found
    ]
    assert len(oldest) == 6
    assert oldest == sorted(oldest, reverse=True)
    names = {a.key: a.value.string_value for a in found[0].resource_spans[0].resource.attributes}
    assert (names["service.name"], names["deployment.environment.name"]) == ("inbox", "production")


def test_past_incidents_are_in_what_is_recorded(monkeypatch):
    monkeypatch.setenv("LLMOBS_PROMPTS", str(run.PROMPTS))
    monkeypatch.setattr(history, "RUNS", dict.fromkeys(history.RUNS, 6))
    [outage] = [incident for incident in PAST if incident.kind == "outage"]
    recorder = Recorder(7)
    try:
        bad = recorder.get("answer_ticket", outage.kind)
        good = recorder.get("answer_ticket", "")
        untouched = recorder.get("triage", outage.kind)
        assert recorder.get("triage", "") is untouched
    finally:
        recorder.close()

    assert sum(root.span.status.code == 2 for root in bad) >= 3
    assert sum(root.span.status.code == 2 for root in good) <= 1


def test_a_few_calls_fail_on_any_day_for_more_than_one_cause(monkeypatch):
    monkeypatch.setenv("LLMOBS_PROMPTS", str(run.PROMPTS))
    monkeypatch.setattr(history, "HISTORY_S", 2 * HOUR_S)  # no incident lies in them
    recorder = Recorder(7)
    try:
        found = [request for _, request in history.requests(NOW, {}, recorder, 7)]
    finally:
        recorder.close()

    spans = [s for f in found for r in f.resource_spans for s in r.scope_spans[0].spans]
    calls = [
        {a.key: a.value for a in s.attributes} for s in spans if s.name.startswith(("chat", "embeddings"))
    ]
    causes = Counter(c["http.response.status_code"].int_value for c in calls if "error.type" in c)
    assert 0.0005 < sum(causes.values()) / len(calls) < 0.01
    assert {429, 529} < set(causes)


def test_history_waits_while_the_collector_says_later(monkeypatch):
    said = [(503, {"retry-after": "0"}), (429, {}), (200, {})]
    sender = history.Sender("http://127.0.0.1:1")
    sender.connection = Connection(said)

    sender.send(b"x")

    assert said == []


def test_a_refusal_is_an_error_that_says_what(monkeypatch):
    sender = history.Sender("http://127.0.0.1:1")
    sender.connection = Connection([(400, {})])

    with pytest.raises(OSError, match=r"The collector at 127.0.0.1:1 refused history: 400 b'why'"):
        sender.send(b"x")


class Connection:
    """Answers as told, one after the other."""

    def __init__(self, answers):
        self.answers = answers

    def request(self, *_):
        pass

    def getresponse(self):
        self.status, self.headers = self.answers.pop(0)
        return self

    def read(self):
        return b"why"
