"""The pages in a real browser, on a real collector and a real dashboard process."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.browser import chromium
from tests.dashboard.shown import call
from tests.dashboard.traffic import incident, spans
from tests.server.services import ask, eventually, service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.long]
PATIENCE_MS = 60_000
OLD = {"trace_id": "ab" * 16, "name": "the old one", "user_id": "zoe"}
# What must be seen on each page before it counts as shown.
SEEN = {
    "/": "Tokens / min",
    "/traces": "newest first, times in UTC",
    f"/trace?id={OLD['trace_id']}": "the old one",
    "/alerts": "31 of 214 calls failed",
}

# Of all models the one that is drawn least: its name, and the middle of its highest bar.
THINNEST = """() => {
  const drawn = [...document.querySelector(".chart").querySelectorAll(".trace.bars")].map((one) => {
    const boxes = [...one.querySelectorAll("path")].map((bar) => bar.getBoundingClientRect());
    const { x, y, width, height } = boxes.reduce((a, b) => (a.height > b.height ? a : b));
    return [one.__data__[0].trace.name, x + width / 2, y + height / 2, height];
  });
  return drawn.filter((each) => each.pop() > 4).at(-1);
}"""


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    """With an hour of traffic, one alert, and one call apart from the rest."""
    with service(tmp_path_factory.mktemp("data")) as made:
        now = datetime.now(UTC)
        for trace in spans(600, 0.8, now):
            made.store.append(trace)
        made.store.append([call(1, now - timedelta(hours=3), **OLD)])
        made.store.put_incidents([incident(now, "firing")])
        yield made


@pytest.fixture(scope="module")
def dashboard(collector) -> Iterator[str]:
    with running_dashboard(collector.http_port) as address:
        yield address


@contextmanager
def running_dashboard(collector_port: int) -> Iterator[str]:
    """The dashboard as a process of its own; its address."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    named = {"LLMOBS_HTTP_PORT": str(collector_port), "LLMOBS_DASHBOARD_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "llmobs", "dashboard"],
        env={**os.environ, **named},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert eventually(lambda: alive(port), 60)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def alive(port: int) -> bool:
    try:
        return ask(port, "/_stcore/health")[0] == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        opened.new_context().new_page()  # while one is open its renderer lives
        yield opened


@contextmanager
def visit(browser, address, width=1280, scheme="light", **more):
    """A page of its own; without more wishes in one context, which keeps the scripts: they take seconds."""
    context = browser.new_context(**more) if more else browser.contexts[0]
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.set_default_timeout(PATIENCE_MS)
    page.said, page.asked = [], []
    page.on("console", lambda m: page.said.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda wrong: page.said.append(str(wrong)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(address, wait_until="commit")
    try:
        yield page
    except Exception:
        print(page.url, page.said, page.locator("body").aria_snapshot(), sep="\n")
        raise
    finally:
        context.close() if more else page.close()


def drawn(page):
    page.wait_for_function("document.querySelectorAll('.chart[data-drawn]').length === 4")


def point_at(chart):
    """Moves the pointer over the chart until it tells numbers, and gives that place: there are gaps in it."""
    ground = chart.locator(".nsewdrag")
    for step in range(60):
        place = {"x": 60 + 5 * step, "y": 100}
        ground.hover(position=place)
        chart.page.wait_for_timeout(60)  # Plotly looks 20 times a second
        if chart.locator(".hoverlayer text").count():
            return place
    raise AssertionError("The chart tells nothing wherever it is pointed at.")


@pytest.mark.parametrize(
    ("path", "scheme"), [*((path, "light") for path in SEEN), ("/", "dark"), ("/alerts", "dark")]
)
def test_every_page_is_shown_and_asks_nobody_else(browser, dashboard, path, scheme):
    with visit(browser, dashboard + path, scheme=scheme) as page:
        live = page.locator('[data-testid="stBidiComponentIsolated"]')
        live.get_by_text(SEEN[path]).first.wait_for()
        if path == "/":
            drawn(page)

        ground = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
        wide = overflow(page)
        page.set_viewport_size({"width": 390, "height": 900})
        page.wait_for_function("document.querySelector('.stMain').clientWidth === 390")
        narrow = overflow(page)

        assert (wide, narrow) == (0, 0)
        assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 19, 25)"}[scheme]
        assert live.get_by_text(SEEN[path]).first.is_visible()
        assert page.locator('[data-testid="stException"]').count() == 0
        assert page.said == []
        assert {url.split("/")[2] for url in page.asked if url.startswith("http")} == {
            dashboard.split("/")[2]
        }


def overflow(page):
    """Pixels that the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_numbers_are_there_before_any_script_has_run(browser, dashboard):
    with visit(browser, "about:blank", java_script_enabled=False) as page:
        # Without an answer within a second the server leaves it out: a busy machine needs a second try.
        assert eventually(lambda: page.goto(f"{dashboard}/?range=1h") and page.locator(".tile").count(), 60)

        assert page.locator(".tile").count() == 6
        assert page.get_by_text("31 of 214 calls failed").is_visible()


def test_the_first_block_makes_room_for_the_live_one(browser, dashboard):
    with visit(browser, dashboard) as page:
        page.locator('[data-testid="stBidiComponentIsolated"] .tile').first.wait_for()

        page.wait_for_function("!document.getElementById('llmobs-first')")
        assert page.locator(".tile").count() == 6


def test_streamlits_own_list_of_pages_never_shows(browser, dashboard):
    watch = """
      window.flashed = [];
      new MutationObserver(() => {
        if (document.querySelector('[data-testid="stSidebarNav"]')) window.flashed.push("menu");
        if (document.querySelector('[data-testid="stException"]')) window.flashed.push("exception");
      }).observe(document, {childList: true, subtree: true});
    """
    with visit(browser, "about:blank") as page:
        page.add_init_script(watch)
        page.goto(dashboard)
        page.locator('[data-testid="stBidiComponentIsolated"] .tile').first.wait_for()

        assert page.evaluate("window.flashed") == []


def test_a_new_call_is_on_the_page_without_a_reload_and_nothing_is_drawn_anew(browser, dashboard, collector):
    with visit(browser, f"{dashboard}/?range=15m") as page:
        drawn(page)
        page.evaluate("window.mark = 1; document.querySelectorAll('.chart').forEach(c => c.mark = 1)")
        now = datetime.now(UTC)

        collector.store.append([call(77, now, model="brand-new-model", input_tokens=10, output_tokens=1)])

        page.get_by_text("brand-new-model").first.wait_for()
        assert page.evaluate("window.mark") == 1
        assert page.evaluate("[...document.querySelectorAll('.chart')].map(c => c.mark)") == [1, 1, 1, 1]


def test_what_the_reader_points_at_stays_while_new_data_come(browser, dashboard, collector):
    with visit(browser, f"{dashboard}/?range=15m") as page:
        drawn(page)
        chart = page.locator(".chart").first
        point_at(chart)
        page.evaluate("document.querySelector('.chart .hoverlayer > g').mark = 1")

        now = datetime.now(UTC)
        collector.store.append([call(78, now, model="newer-model", input_tokens=10, output_tokens=1)])
        page.locator("[data-testid=stBidiComponentIsolated] table").get_by_text("newer-model").wait_for()

        assert page.evaluate("document.querySelector('.chart .hoverlayer > g').mark") == 1
        assert chart.get_by_text("newer-model").count() == 0
        page.mouse.move(0, 0)
        chart.get_by_text("newer-model").first.wait_for()


def test_a_refresh_leaves_the_focus_and_what_is_scrolled(browser, dashboard):
    with visit(browser, dashboard, width=390) as page:
        page.locator("[data-testid=stBidiComponentIsolated] .scroll").evaluate("each => each.scrollLeft = 50")
        page.locator("[data-testid=stBidiComponentIsolated] a.tile").first.focus()
        age = page.locator("[data-testid=stBidiComponentIsolated] .chip", has_text="Newest data")
        before = age.inner_text()

        eventually(lambda: age.inner_text() != before, 60)

        assert page.evaluate("document.activeElement.shadowRoot.activeElement.className") == "tile n1"
        scrolled = "[data-testid=stBidiComponentIsolated] .scroll"
        assert page.locator(scrolled).evaluate("each => each.scrollLeft") == 50


def test_from_the_list_into_a_trace_to_a_step_and_back(browser, dashboard):
    with visit(browser, f"{dashboard}/traces?words=kettle&range=6h") as page:
        page.evaluate("window.mark = 1")
        page.locator("a.cover").first.click()
        page.locator("a.row").nth(3).click()
        page.wait_for_url("**/trace?*span=*")
        page.locator(".row.chosen").wait_for()
        assert page.evaluate("window.mark") == 1  # no page was loaded again

        page.get_by_text("← Traces").click()
        page.wait_for_url("**/traces?range=6h")


def test_a_filter_goes_to_the_url_and_along_to_other_pages(browser, dashboard):
    with visit(browser, dashboard) as page:
        page.locator(".st-key-bar-model input").click()
        page.get_by_role("option", name="gpt-4o", exact=True).click()
        page.wait_for_url("**/?model=gpt-4o")
        page.locator("[data-testid=stSidebar] a[href$='traces?model=gpt-4o']").click()
        page.wait_for_url("**/traces?model=gpt-4o")

        page.get_by_text("newest first").first.wait_for()
        page.get_by_role("radio", name="6h").click()
        page.wait_for_url("**/traces?*range=6h*")
        assert "model=gpt-4o" in page.url


def test_a_click_on_a_bar_opens_the_traces_behind_it_and_back_leads_to_the_bar(browser, dashboard):
    with visit(browser, f"{dashboard}/?service=shop") as page:
        drawn(page)
        name, *place = page.evaluate(THINNEST)

        page.mouse.move(place[0] - 1, place[1])
        page.locator(".chart .hoverlayer text").first.wait_for()
        page.mouse.click(*place)
        page.wait_for_url("**/traces?*from=*&to=*")
        assert f"model={name}" in page.url
        page.get_by_text("newest first").first.wait_for()
        assert page.locator("a.cover").count() > 0

        page.go_back()
        drawn(page)
        assert page.url == f"{dashboard}/?service=shop"


def test_the_page_goes_on_when_the_collector_is_back(browser, tmp_path):
    """A stopped collector is said with the command; once it runs, the numbers come by themselves."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    with running_dashboard(port) as address, visit(browser, f"{address}/alerts") as page:
        page.get_by_text("llmobs up").first.wait_for()
        # The first visitor of a new process, not on its first page: nothing says that it does not exist.
        assert page.get_by_text("Page not found").count() == 0

        with service(tmp_path, http_port=port) as made:
            made.store.append([call(1, datetime.now(UTC))])
            page.get_by_text("No alert was open").first.wait_for()
