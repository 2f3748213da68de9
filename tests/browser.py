"""Debian's headless Chromium for the tests of pages; skips with a reason where there is none, fails in CI."""

import os
import shutil
from contextlib import contextmanager

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # One renderer for all pages, which keeps compiled scripts: 4 instead of 6 s of CPU for each.
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
]


def executable():
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        why = "no chromium; as root: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return found


@contextmanager
def chromium():
    """A browser with nothing in it, closed at the end."""
    from playwright.sync_api import sync_playwright

    path = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
