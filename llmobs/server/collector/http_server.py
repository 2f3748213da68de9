"""uvicorn on a thread of its own, with our connections and on sockets that listen already."""

import logging
import socket
import threading
import time

import uvicorn

from llmobs.server.collector.connection import Connection
from llmobs.server.collector.front import Front

KEEP_ALIVE_S = 75  # longer than exporters' pools keep a connection, or they would send into a closed one
START_S = 10.0


class HttpServer:
    """Answers from `start` to `stop`."""

    def __init__(self, front: Front, listening: list[socket.socket]) -> None:
        self._listening = listening
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # it warns of every malformed request
        self._server = uvicorn.Server(
            uvicorn.Config(
                front,
                http=Connection,
                loop="uvloop",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=5,
            )
        )
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    @property
    def connections(self) -> int:
        return len(self._server.server_state.connections)

    def start(self) -> None:
        self._thread.start()
        until = time.monotonic() + START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise RuntimeError("The HTTP server did not start; its log says why.")
            time.sleep(0.005)

    def stop(self) -> None:
        """Ends the requests under way, then the server."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        for listening in self._listening:
            listening.close()

    def _run(self) -> None:
        self._server.run(sockets=self._listening)
