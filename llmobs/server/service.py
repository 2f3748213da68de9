"""One collector process: its parts, and the order in which they start and stop.

    HTTP, gRPC -> intake -> journal -> backlog -> decoder -> hot rows -> sealer -> database file

Ports are taken first: a second collector is the commonest mistake, and a port names its holder.
"""

import logging
import resource
import signal
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from llmobs.server import ports
from llmobs.server.collector import segments
from llmobs.server.collector.backlog import Backlog
from llmobs.server.collector.front import Front
from llmobs.server.collector.grpc_front import GrpcFront
from llmobs.server.collector.http_server import HttpServer
from llmobs.server.collector.intake import Intake
from llmobs.server.collector.journal import Journal
from llmobs.server.collector.metrics import Metrics
from llmobs.server.collector.quarantine import Quarantine
from llmobs.server.collector.read_api import ReadApi
from llmobs.server.decoder import Decode, Decoder
from llmobs.server.health import Health
from llmobs.server.sealer import HotRows, Sealer
from llmobs.server.store import Store, open_store

log = logging.getLogger(__name__)

EXPIRE_S = 300.0
GRACE_S = 3.0  # for requests under way when we stop
FILES = 4_096
REPLAY_BYTES = 384 << 20  # more than a crash leaves: ALL times the backlog, and what is hot
STORE_SETTINGS = ("memory_limit", "query_timeout", "keep_days", "keep_content_days", "max_disk")


class Service:
    """A collector from `start` to `stop`. OSError, with what to do, where it cannot start."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = dict(settings)
        self.data = Path(settings["data"]).expanduser()
        self.metrics = Metrics()
        self.backlog = Backlog(settings["max_backlog"])
        self.intake = Intake(self.backlog, self.metrics)
        self.quarantine = Quarantine(self.data / "quarantine")
        self.hot = HotRows()
        if settings["prices"]:
            self._decoding()  # a wrong file is said before anything starts
        self._ending = threading.Event()
        self._expirer = threading.Thread(target=self._expire, name="expirer", daemon=True)
        self._listen()
        try:
            check_folder(self.data)
            self.store: Store = open_store(
                f"duckdb://{self.data}", **{name: settings[name] for name in STORE_SETTINGS}
            )
        except BaseException:
            self._release_ports()
            raise
        self.journal = Journal(self.data / segments.FOLDER, self.backlog, self.store.position())
        self.decoder = Decoder(
            self.backlog, self._decoding, self.store, self.hot, self.quarantine, self.metrics
        )
        self.sealer = Sealer(self.backlog, self.journal, self.store, self.hot, self.metrics)

    def _listen(self) -> None:
        host, limit = self.settings["host"], self.settings["max_body"]
        if twice := ports.given_twice(self.settings, ("http_port", "grpc_port")):
            raise OSError(*twice)
        listening = ports.listen(host, self.settings["http_port"], "http_port")
        self.http_port: int = listening.getsockname()[1]
        try:
            self._grpc = GrpcFront(host, self.settings["grpc_port"], self.intake, limit, self.metrics)
        except OSError:
            listening.close()
            raise
        self.grpc_port = self._grpc.port
        self._sockets = [listening, *ports.other_loopback(host, self.http_port)]

    def _release_ports(self) -> None:
        self._grpc.stop(0)
        for listening in self._sockets:
            listening.close()

    def start(self) -> None:
        """Returns once spans are accepted: what a crash left in the journal has been read."""
        health = Health(self)
        self.api = ReadApi(self.store, health.status, health.unjudged, self.settings["host"])
        front = Front(
            self.intake,
            self.settings["max_body"],
            self.metrics,
            {**health.doors(), **self.api.doors()},
        )
        self.http = HttpServer(front, self._sockets)
        self.http.start()
        self._grpc.start()
        self.decoder.start()
        self.sealer.start()
        self._expirer.start()
        self._replay()
        self.intake.open(self.journal)

    def stop(self) -> None:
        """Takes no more, decodes and seals what was acknowledged, closes the file."""
        self.intake.close("The collector is stopping.")
        self._ending.set()
        self._grpc.stop(GRACE_S)
        self.http.stop()
        self.journal.stop()
        self.sealer.end()
        self.decoder.stop()
        self.sealer.stop()
        self._expirer.join()
        self.store.close()

    def _decoding(self) -> Decode:
        from llmobs.server import decoding  # a third of a start's CPU time: see there

        return decoding.decoder(self.settings["prices"])

    def _replay(self) -> None:
        """Hands the journal's payloads to the decoder; spans are accepted while it works on them."""
        count = 0
        for segment, payloads in self.journal.replay():
            for payload in payloads:
                self.backlog.room.take_beside(len(payload), REPLAY_BYTES)
                self.backlog.put(segment, payload)
            self.backlog.close(segment)
            count += len(payloads)
        if count:
            log.info("%d requests were read back from the journal.", count)

    def _expire(self) -> None:
        while not self._ending.wait(EXPIRE_S):
            try:
                gone = self.store.expire(datetime.now(UTC))
            except Exception:  # whatever the engine raises: it is tried again in five minutes
                log.exception("Old data could not be removed.")
                continue
            if any(gone.values()):
                log.info("Removed as old or too much: %s", gone)


def check_folder(folder: Path) -> None:
    """OSError where nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OSError(
            f"The data folder {folder} cannot be written ({error.strerror}). "
            "Make it writable, or choose another with --data or LLMOBS_DATA."
        ) from None


def raise_file_limit() -> None:
    """Each connection is a file; many systems allow a process 1,024 unless it asks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def serve(settings: Mapping[str, Any]) -> int:
    """Runs a collector until SIGTERM or SIGINT. A second one ends it at once; the journal keeps the rest."""
    ended = threading.Event()

    def end(number: int, frame: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        ended.set()

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("llmobs").setLevel(logging.INFO)
    raise_file_limit()
    service = Service(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    service.start()
    places = f"OTLP/HTTP on port {service.http_port}, OTLP/gRPC on port {service.grpc_port}"
    print(f"Collector listens on {settings['host']}: {places}. Data in {service.data}", flush=True)
    ended.wait()
    service.stop()
    return 0
