"""What stands before Streamlit: the first answer to a browser, and a warm start.

Streamlit's page is empty until its scripts have loaded, one or two seconds. Our first answer carries the
vital signs as plain markup in its second half: the browser fetches the scripts meanwhile, and view.js takes
the block away when it shows the live ones. It also says where the server is: otherwise the scripts look for
it below `/traces` first (two 404 in the console and a wait). Read from Streamlit 1.67.0 on 2026-11-22.
"""

import asyncio
import importlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import places
import plotly
import scope
import streamlit
from markup import Html, tag
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route
from streamlit import config
from streamlit.runtime.pages_manager import PagesManager

INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
HERE = Path(__file__).parent
HEAVY = ("pandas", "plotly.graph_objects", "common")
BASE = '<script>window.__streamlit = { BACKEND_BASE_URL: location.origin + "/" }</script>'
WAIT_S = 1.5  # numbers shall be there within two seconds; later, the page itself is hardly later
LOCAL = ("localhost", "127.0.0.1", "[::1]", "::1")
HEADERS = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-cache")]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class FirstAnswer:
    """ASGI: answers for the pages' own addresses, hands on all else."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self.app = app
        self.paths = {f"/{p.url}" for p in places.places()}
        index = INDEX.read_text(encoding="utf-8").replace(
            "<title>Streamlit</title>", f"<title>llmobs</title>{BASE}"
        )
        self.head, _, self.rest = index.partition("</body>")

    async def __call__(self, asked: Message, receive: Receive, send: Send) -> None:
        ours = asked["type"] == "http" and asked["method"] == "GET" and asked["path"] in self.paths
        if not ours or config.get_option("server.baseUrlPath"):
            await self.app(asked, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": self.head.encode(), "more_body": True})
        known = asked["path"] == "/" and ours_by_name(asked)
        block = await first(asked["query_string"].decode("latin-1")) if known else ""
        await send({"type": "http.response.body", "body": f"{block}</body>{self.rest}".encode()})


def ours_by_name(asked: Message) -> bool:
    """Whether the browser means this server.

    One that listens at localhost answers to that name only: a page from elsewhere could point a name of its
    own at 127.0.0.1 and read the numbers (Streamlit guards its own channel in the same way).
    """
    host = dict(asked["headers"]).get(b"host", b"").decode("latin-1").lower()
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return config.get_option("server.address") not in LOCAL or name in LOCAL or name.endswith(".localhost")


async def first(query: str) -> str:
    """The vital signs for this URL; nothing where they are not to be had at once."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(block, dict(parse_qsl(query))), WAIT_S)
    except Exception:  # whatever it is, the page itself says it, in words
        logging.getLogger(__name__).debug("no first block", exc_info=True)
        return ""


def block(query: dict[str, str]) -> str:
    """Markup of the vital signs in a shadow root, with the theme that the page will have."""
    import common

    with scope.given(query):
        if common.formats.missing(common.rows("newest").received_at.iloc[0]):
            return ""
        inside = common.vitals(common.rows, common.window(), bool(common.unjudged()))
    style = Html(theme() + (HERE / "view.css").read_text(encoding="utf-8"))
    root = tag("template", tag("style", style), tag("div", inside, class_="box"), shadowrootmode="open")
    return (
        tag("div", root, id="llmobs-first")
        + f"<script>{(HERE / 'first.js').read_text(encoding='utf-8')}</script>"
    )


def theme() -> str:
    """The variables that Streamlit gives to components later, and where the block stands."""
    said = "".join(
        f"@media (prefers-color-scheme: {name}) {{ :host {{ {variables(name)} }} }}"
        for name in ("light", "dark")
    )
    return said + (HERE / "first.css").read_text(encoding="utf-8")


def variables(name: str) -> str:
    colors = ("text", "background", "secondaryBackground", "primary", "border", "link")
    found = {c: config.get_option(f"theme.{name}.{c}Color") for c in colors}
    names = {"secondaryBackground": "secondary-background"}
    return " ".join(f"--st-{names.get(c, c)}-color: {value};" for c, value in found.items() if value)


def routes() -> list[Route]:
    """Plotly's script, from the package that is installed: nothing is fetched from elsewhere."""
    file = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    headers = {"cache-control": "public, immutable, max-age=31536000"}

    async def script(request: Request) -> FileResponse:
        return FileResponse(file, media_type="text/javascript", headers=headers)

    return [Route(f"/llmobs/plotly-{plotly.__version__}.js", script)]


@asynccontextmanager
async def warm(app: object) -> AsyncIterator[None]:
    """Imports what pages need before the server is ready, and asks once: no visitor waits for it."""
    # Until st.navigation has run once, Streamlit takes our folder `pages` for its own older kind of pages and
    # greets the first visitor of /traces with "Page not found".
    PagesManager.uses_pages_directory = False
    await asyncio.to_thread(lambda: [importlib.import_module(name) for name in HEAVY])
    asking = asyncio.create_task(first(""))
    yield
    asking.cancel()
