"""An OTLP collector in front of llmobs: spans pass through it whole, and wait in it while llmobs is away.

No OpenTelemetry Collector can be installed from PyPI, so `rotel` (another OTLP collector, in Rust) stands in
for the path; of `otelcol-gateway.yaml` itself the parts and the wiring are checked.
"""

import importlib.util
import os
import re
import socket
import subprocess
import sysconfig
from pathlib import Path

import pytest
import yaml
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from llmobs.config_file import load
from llmobs.server.service import Service
from tests.processes import free_ports, until

FOLDER = Path(__file__).parents[1] / "collector-config"
GATEWAY = yaml.safe_load((FOLDER / "otelcol-gateway.yaml").read_text(encoding="utf-8"))
ROTEL = importlib.util.find_spec("rotel")
SPANS = 300

needs_rotel = pytest.mark.skipif(ROTEL is None, reason="rotel is not installed: pip install rotel")


def test_every_part_of_the_gateway_is_used_and_every_used_part_is_there():
    for kind in ("receivers", "processors", "exporters"):
        used = {name for pipeline in GATEWAY["service"]["pipelines"].values() for name in pipeline[kind]}
        assert used == set(GATEWAY[kind])
    assert set(GATEWAY["service"]["extensions"]) == set(GATEWAY["extensions"])


def test_the_gateway_limits_memory_first_and_batches_last():
    [pipeline] = GATEWAY["service"]["pipelines"].values()

    assert pipeline["processors"] == ["memory_limiter", "batch"]
    batch = GATEWAY["processors"]["batch"]
    assert 512 <= batch["send_batch_size"] <= batch["send_batch_max_size"] <= 2_048
    limiter = GATEWAY["processors"]["memory_limiter"]
    assert limiter["spike_limit_mib"] < limiter["limit_mib"]


def test_what_is_not_delivered_rests_on_disk_and_is_tried_for_ever():
    [exporter] = GATEWAY["exporters"].values()

    assert exporter["sending_queue"]["storage"] in GATEWAY["extensions"]
    assert exporter["retry_on_failure"] == {
        "enabled": True,
        "initial_interval": "1s",
        "max_interval": "30s",
        "max_elapsed_time": "0s",
    }


def test_the_gateway_takes_no_larger_requests_than_llmobs_does():
    receiver = GATEWAY["receivers"]["otlp"]["protocols"]["grpc"]["max_recv_msg_size_mib"]

    assert receiver * 2**20 <= load()["max_body"]


def test_the_guide_names_every_variable_of_the_gateway():
    text = (FOLDER / "otelcol-gateway.yaml").read_text(encoding="utf-8")
    guide = (FOLDER / "README.md").read_text(encoding="utf-8")

    variables = dict(re.findall(r"\$\{env:(\w+):-([^}]+)\}", text))
    assert set(variables) == {"LLMOBS_ENDPOINT", "OTELCOL_HOST", "OTELCOL_STORAGE"}
    for name, default in variables.items():
        assert f"| `{name}` | `{default}` |" in guide


@pytest.fixture
def collector(tmp_path):
    """A function that starts llmobs on a port, over the same folder each time."""
    running = []

    def start(port=0):
        data = str(tmp_path / "data")
        running.append(Service({**load(None, {"data": data}), "http_port": port, "grpc_port": 0}))
        running[-1].start()
        return running[-1]

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def gateway(tmp_path):
    """A function that starts the stand-in in front of a port; gives its ports for gRPC and HTTP."""
    processes = []
    # For some versions of Python it is linked against the shared library, which lies where Python does.
    environment = {**os.environ, "LD_LIBRARY_PATH": str(sysconfig.get_config_var("LIBDIR"))}

    def start(llmobs_port):
        grpc, http = free_ports(2)
        processes.append(
            subprocess.Popen(
                [
                    Path(ROTEL.origin).parent / "rotel-agent", "start",
                    "--pid-file", tmp_path / "rotel.pid",
                    "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}",
                    "--otlp-http-endpoint", f"127.0.0.1:{http}",
                    "--exporter", "otlp",
                    "--otlp-exporter-endpoint", f"http://127.0.0.1:{llmobs_port}",
                    "--otlp-exporter-protocol", "http",
                ],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )  # fmt: skip
        until(lambda: listens(grpc) and listens(http))
        return grpc, http

    yield start
    for each in processes:
        each.terminate()
        each.wait(20)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def send(exporter):
    """Spans by the official SDK; each says its number."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    for number in range(SPANS):
        with tracer.start_as_current_span("work", attributes={"number": number}):
            pass
    assert provider.force_flush(20_000)
    provider.shutdown()


def numbers(service):
    """What llmobs holds of them."""
    found = service.store.sql("SELECT attributes->>'$.number' AS number FROM spans ORDER BY number::INT")
    return [int(number) for number in found.column("number").to_pylist()]


@needs_rotel
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_spans_pass_through_a_collector_in_front(collector, gateway, protocol):
    service = collector()
    grpc, http = gateway(service.http_port)

    if protocol == "grpc":
        send(GrpcExporter(endpoint=f"127.0.0.1:{grpc}", insecure=True))
    else:
        send(HttpExporter(endpoint=f"http://127.0.0.1:{http}/v1/traces"))

    until(lambda: len(numbers(service)) >= SPANS)
    assert numbers(service) == list(range(SPANS))


@needs_rotel
def test_spans_wait_in_the_collector_in_front_while_llmobs_is_away(collector, gateway):
    [port] = free_ports(1)
    _, http = gateway(port)
    send(HttpExporter(endpoint=f"http://127.0.0.1:{http}/v1/traces"))

    service = collector(port)

    until(lambda: len(numbers(service)) >= SPANS, 60)
    assert numbers(service) == list(range(SPANS))
