"""`watch` as a process of its own: it goes on without a collector, and ends when it is told to."""

import os
import signal
import subprocess
import sys
import time

from llmobs.server.alerts import rules


def test_watch_says_that_the_collector_is_away_and_ends_cleanly(tmp_path):
    environment = {
        **os.environ,
        "LLMOBS_HTTP_PORT": "1",
        "LLMOBS_ALERT_INTERVAL": "0.1",
        "PYTHONUNBUFFERED": "1",
    }
    log = (tmp_path / "log").open("w+")
    program = "from llmobs.server.alerts import watch; from llmobs.config import SETTINGS, value; "
    program += "watch({n: value(n) for n, s in SETTINGS.items() if s.half == 'server'})"
    watch = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 30
        while "No alert can be judged" not in (tmp_path / "log").read_text() and time.monotonic() < end:
            time.sleep(0.05)
        watch.send_signal(signal.SIGTERM)
        assert watch.wait(10) == 0
    finally:
        watch.kill()
        watch.wait()
        log.close()
    text = (tmp_path / "log").read_text()
    assert f"Judging {', '.join(rules())} every 0.1 s. Telling stdout." in text
    assert text.count("No alert can be judged") == 1
    assert "Traceback" not in text
