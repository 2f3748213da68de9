"""The frame: menu, bar, and the way from page to page."""

import textwrap
from datetime import UTC, datetime

import places
import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboard.shown import DASHBOARD, HOUR, at, call, words


def app(**query):
    test = AppTest.from_file(DASHBOARD / "app.py", default_timeout=30)
    for name, value in query.items():
        test.query_params[name] = value
    return test.run()


def test_the_menu_lists_the_pages_by_section_home_first():
    shown = [(p.section, p.title, p.url) for p in places.places() if not p.hidden]

    assert shown[0] == ("operate", "Now", "")
    assert {("operate", "Alerts", "alerts"), ("operate", "Traces", "traces")} < set(shown)


def test_a_page_is_found_by_its_file_alone(tmp_path):
    folder = tmp_path / "quality"
    folder.mkdir()
    (folder / "drift.py").write_text('"""Drift: what moved."""\n\nICON = "trending_up"\n')

    [found] = places.places(tmp_path)

    assert (found.section, found.title, found.says, found.icon, found.url) == (
        "quality", "Drift", "what moved.", "trending_up", "drift",
    )  # fmt: skip


def test_sections_without_pages_are_not_shown(store):
    sections = [each.value for each in app().sidebar.caption]

    assert "operate" in sections
    assert sections == [
        s for s in places.SECTIONS if any(p.section == s and not p.hidden for p in places.places())
    ]


def test_the_bar_shows_what_the_url_says(store):
    store.append([call(1, datetime.now(UTC), model="m-one")])

    shown = app(range="6h", model="m-nine")

    assert not shown.exception
    assert shown.segmented_control(key="bar.range").value == "6h"
    assert shown.selectbox(key="bar.model").value == "m-nine"  # also where no call has it
    assert shown.selectbox(key="bar.model").options == ["m-nine", "m-one"]
    assert shown.selectbox(key="bar.service").value is None


def test_a_choice_in_the_bar_goes_to_the_url(store):
    store.append([call(1, datetime.now(UTC))])
    shown = app()

    shown.selectbox(key="bar.model").set_value("m-one").run()
    shown.segmented_control(key="bar.range").set_value("24h").run()

    assert shown.query_params == {"model": "m-one", "range": "24h"}


def test_custom_begins_with_the_window_that_was_shown_and_ends_its_moving(store):
    shown = app(range="24h")

    shown.segmented_control(key="bar.range").set_value("custom").run()

    assert set(shown.query_params) == {"from", "to"}
    begin, end = (datetime.fromisoformat(shown.query_params[n]) for n in ("from", "to"))
    assert 23.7 < (end - begin).total_seconds() / 3600 <= 24.01
    assert shown.datetime_input(key="bar.from").value == begin.replace(tzinfo=None)


def test_moments_of_the_url_are_in_the_bar(store):
    store.append([call(1, at(5))])

    shown = app(**HOUR)

    assert shown.segmented_control(key="bar.range").value == "custom"
    assert shown.datetime_input(key="bar.to").value == at(0, 11).replace(tzinfo=None)
    assert "0 of 1 calls failed" in words(shown)


def test_nothing_of_the_dashboard_reads_a_page_list_before_the_menu_stands():
    settings = (DASHBOARD / ".streamlit/config.toml").read_text()

    for said in ("showSidebarNavigation = false", "gatherUsageStats = false", 'showErrorDetails = "none"'):
        assert said in settings


@pytest.mark.parametrize("text", ["", '"""No title"""'])
def test_a_page_that_says_nothing_has_its_file_name(tmp_path, text):
    (tmp_path / "build").mkdir()
    file = tmp_path / "build" / "thing.py"
    file.write_text(textwrap.dedent(text))

    assert places.place(file).title == ("No title" if text else "Thing")
