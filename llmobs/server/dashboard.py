"""Runs the dashboard: Streamlit on `dashboard/app.py`, found beside the package or, from a wheel, inside it.

Streamlit reads `.streamlit/config.toml` of the current folder: we go into the dashboard's, so that it finds
ours and not one that lies where `llmobs up` happened to be typed. Read from 1.67.0 on 2026-11-22.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmobs.server import ports

PACKAGE = Path(__file__).parents[1]
# Inside first: beside a wheel lies site-packages, where another `dashboard` may be installed.
PLACES = (PACKAGE / "dashboard", PACKAGE.parent / "dashboard")


def folder() -> Path:
    """Where the pages are. FileNotFoundError where the installation is incomplete."""
    for place in PLACES:
        if (place / "app.py").is_file():
            return place
    raise FileNotFoundError(
        f"The dashboard's app.py is neither in {PLACES[0]} nor in {PLACES[1]}. "
        "The installation is incomplete: pip install --force-reinstall 'llmobs[server]'"
    )


def serve(settings: Mapping[str, Any]) -> int:
    """Serves the dashboard until SIGTERM or Ctrl-C. OSError where its port cannot be had."""
    from streamlit.web import cli

    pages = folder()
    # Streamlit would say neither who has the port nor how to move
    ports.listen(settings["host"], settings["dashboard_port"], "dashboard_port").close()
    os.chdir(pages)
    cli.main(arguments(pages, settings), standalone_mode=False)
    return 0


def arguments(pages: Path, settings: Mapping[str, Any]) -> list[str]:
    """What `streamlit` is started with."""
    options: dict[str, Any] = {
        "server.port": settings["dashboard_port"],
        "server.address": settings["host"],
        "server.headless": "true",  # opens no browser, asks for no e-mail address
        "browser.gatherUsageStats": "false",
        # it would list `pages/` by itself for the first seconds, beside our own navigation
        "client.showSidebarNavigation": "false",
        "client.toolbarMode": "viewer",
        "server.fileWatcherType": "none",
        "server.runOnSave": "false",
        "global.developmentMode": "false",
    }
    return ["run", str(pages / "app.py"), *(f"--{name}={found}" for name, found in options.items())]
