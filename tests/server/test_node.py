"""The official OpenTelemetry SDK for Node.js, as protobuf and as JSON: what it records is what SQL reads.

Its packages come from npm once, into a folder of the cache. Trap: where npm or its registry is missing the
tests are skipped, but not in CI.
"""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.server.services import eventually, service

HERE = Path(__file__).parent / "node"
PARENT, LINKED_TRACE, LINKED_SPAN = "fedcba9876543210", "0123456789abcdef0123456789abcdef", "0123456789abcdef"

pytestmark = pytest.mark.node


def missing(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{why} In CI these tests may not be skipped.")
    pytest.skip(why)


@pytest.fixture(scope="module")
def packages() -> Path:
    """A folder with send.mjs and the packages that it needs."""
    if not shutil.which("npm") or not shutil.which("node"):
        missing("Node.js and npm are not installed.")
    wanted = (HERE / "package.json").read_bytes()
    folder = Path.home() / ".cache" / "llmobs-tests" / f"node-{hashlib.sha256(wanted).hexdigest()[:12]}"
    if not folder.exists():
        install(folder, wanted)
    shutil.copy(HERE / "send.mjs", folder)
    return folder


def install(folder: Path, wanted: bytes) -> None:
    """Beside it first, so that a run that is broken off leaves nothing half done."""
    beside = folder.with_name(f"{folder.name}.{os.getpid()}")
    beside.mkdir(parents=True)
    (beside / "package.json").write_bytes(wanted)
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=beside, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        shutil.rmtree(beside)
        missing(f"npm cannot install the SDK: {done.stderr.strip()[-300:]}")
    try:
        beside.rename(folder)
    except OSError:  # another worker was faster
        shutil.rmtree(beside)


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    with service(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.mark.timeout(400)
@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("encoding", ["proto", "json"])
def test_everything_that_the_sdk_sends_arrives_with_its_type(collector, packages, encoding, compression):
    url = f"http://localhost:{collector.http_port}/v1/traces"
    command = ["node", "send.mjs", encoding, url, compression]

    done = subprocess.run(command, cwd=packages, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    sent = json.loads(done.stdout)
    assert (sent["code"], sent.get("error")) == (0, None)
    assert [span["kind"] for span in sent["spans"]] == [
        "internal",
        "server",
        "client",
        "producer",
        "consumer",
    ]
    ids = ", ".join(f"'{span['span_id']}'" for span in sent["spans"])
    found = eventually(
        lambda: collector.store.sql(f"SELECT * FROM spans WHERE span_id IN ({ids}) ORDER BY name").to_pylist()
    )
    assert len(found) == 5
    for span, row in zip(sorted(sent["spans"], key=lambda s: s["name"]), found, strict=True):
        check(span, row)
        assert typed(row["attributes"]) == typed(json.dumps(sent["attributes"], ensure_ascii=False))
        assert typed(row["resource"]) == typed(json.dumps(sent["resource"]))


def check(span: dict[str, Any], row: dict[str, Any]) -> None:
    assert (row["trace_id"], row["span_id"], row["parent_span_id"]) == (LINKED_TRACE, span["span_id"], PARENT)
    assert (row["name"], row["kind"]) == (span["name"], span["kind"])
    assert row["start_time_ns"] == int(span["start_ns"])
    assert row["duration_ns"] == int(span["end_ns"]) - int(span["start_ns"])
    assert (row["status"], row["status_message"], row["trace_state"]) == ("error", "it broke", "vendor=a:b")
    assert (row["scope_name"], row["scope_version"]) == ("the scope", "9.9")
    events = json.loads(row["events"])
    assert [(e["name"], e["time_unix_nano"], e["attributes"]) for e in events] == [
        (e["name"], int(e["time_ns"]), e["attributes"]) for e in span["events"]
    ]
    [link] = json.loads(row["links"])
    assert (link["trace_id"], link["span_id"], link["trace_state"]) == (LINKED_TRACE, LINKED_SPAN, "l=1")
    assert link["attributes"] == {"why": "because"}


def typed(text: str) -> dict[str, tuple[str, object]]:
    """The values of a JSON object with their types: 1 is not 1.0, nor true."""
    return {key: (repr(type(value)), repr(value)) for key, value in json.loads(text).items()}
