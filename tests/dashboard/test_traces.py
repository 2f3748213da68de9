"""The list of traces: what it shows and what each filter leaves."""

import pytest

from tests.dashboard.shown import HOUR, at, call, markup, run, words


def text(role, content):
    return [{"role": role, "parts": [{"type": "text", "content": content}]}]


def part(number, minute, root, **more):
    """A call inside the trace of `root`."""
    return call(number, at(minute), trace_id=f"{root:032x}", parent_span_id=f"{root:016x}", **more)


ROOT = {"operation": "invoke_workflow", "model": None, "provider": None, "cost_status": None}
ROWS = [
    call(1, at(5), **ROOT, name="reply", duration_s=4.0, user_id="ann", session_id="s1"),
    part(
        2,
        5.1,
        1,
        input_tokens=100,
        output_tokens=20,
        cost_usd=0.25,
        input_messages=text("user", "Where is my Kettle?"),
        text="It left yesterday.",
    ),
    part(3, 5.2, 1, input_tokens=300, output_tokens=80, cost_usd=0.5, model="m-two", text="It is here."),
    call(4, at(20), **ROOT, name="refund", duration_s=9.0, user_id="bob"),
    part(
        5,
        20.1,
        4,
        status="error",
        error_type="429",
        cost_status="unpriced",
        name="chat m-three",
        model="m-three",
    ),
    call(
        6,
        at(40),
        duration_s=0.5,
        status="error",
        error_type="500",
        cost_usd=None,
        user_id="ann",
        service="other",
    ),
]


@pytest.fixture(autouse=True)
def rows(store):
    store.append(ROWS)


def listed(**query):
    """The names of the traces that the list shows, from the top."""
    shown = run("operate/traces", **HOUR, **query)
    assert not shown.exception
    found = words(shown)
    return [
        name
        for _, name in sorted((found.find(n), n) for n in ("reply", "refund", "chat m-one") if n in found)
    ]


def test_a_trace_is_one_line_with_its_words_and_its_sums():
    found = words(run("operate/traces", **HOUR))

    assert "3 traces, newest first, times in UTC" in found
    # 100 + 20 + 300 + 80 tokens, 0.25 + 0.50 USD, the root's own duration
    assert (
        "✓ reply 22 Nov 10:05:00 · ann · m-one, m-two Where is my Kettle? It is here. 4.00 s 2 500 $0.75"
        in found
    )


def test_a_trace_that_crosses_the_edge_of_the_window_is_shown_whole():
    # only the second of its calls is in the window: the root and the first one are from before
    moments = {"from": "2026-11-22T10:05:10Z", "to": "2026-11-22T10:05:20Z"}

    found = words(run("operate/traces", **moments))

    assert "1 trace, newest first" in found
    assert (
        "✓ reply 22 Nov 10:05:00 · ann · m-one, m-two Where is my Kettle? It is here. 4.00 s 2 500 $0.75"
        in found
    )


def test_a_failed_root_and_a_failure_inside_look_different():
    found = words(run("operate/traces", **HOUR))

    assert "✕ chat m-one" in found
    assert "! refund" in found


def test_newest_first():
    assert listed() == ["chat m-one", "refund", "reply"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"status": "error"}, ["chat m-one", "refund"]),
        ({"status": "ok"}, ["reply"]),
        ({"model": "m-two"}, ["reply"]),
        ({"provider": "nobody"}, []),
        ({"service": "other"}, ["chat m-one"]),
        ({"user": "ann"}, ["chat m-one", "reply"]),
        ({"session": "s1"}, ["reply"]),
        ({"step": "CHAT M-THREE"}, ["refund"]),
        ({"words": "kettle"}, ["reply"]),
        ({"words": "LEFT yesterday"}, ["reply"]),
        ({"min_duration_s": "4"}, ["refund", "reply"]),
        ({"min_cost_usd": "0.7"}, ["reply"]),
        ({"min_cost_usd": "0.8"}, []),
        ({"user": "ann", "status": "error"}, ["chat m-one"]),
    ],
)
def test_filters_of_the_url(query, names):
    assert listed(**query) == names


def test_a_filter_that_nothing_fits_is_named():
    shown = run("operate/traces", **HOUR, words="unheard of", user="ann")

    assert "No trace fits" in shown.info[0].value
    assert "words, user" in shown.info[0].value


def test_each_line_leads_to_its_trace_and_keeps_the_window():
    assert f"/trace?from=2026-11-22T10%3A00%3A00Z&amp;to=2026-11-22T11%3A00%3A00Z&amp;id={1:032x}" in markup(
        run("operate/traces", **HOUR)
    )


def test_more_than_a_page_is_turned(store):
    store.append([call(100 + n, at(50 + n / 10), name=f"late {n}") for n in range(60)])

    first, second = run("operate/traces", **HOUR), run("operate/traces", **HOUR, page="2")

    assert "1 to 50 of 63 traces" in words(first)
    assert "51 to 63 of 63 traces" in words(second)
    assert "reply" in words(second)
    assert "reply" not in words(first)


def test_typing_into_the_search_goes_to_the_url_and_narrows_the_list():
    shown = run("operate/traces", **HOUR)

    shown.text_input(key="traces.words").set_value("kettle").run()

    assert shown.query_params["words"] == "kettle"
    assert "1 trace, newest first" in words(shown)


def test_a_store_without_calls_says_how_to_fill_it(store, tmp_path, monkeypatch):
    from llmobs.server.store import open_store
    from tests.dashboard.shown import use

    empty = open_store(f"duckdb://{tmp_path / 'other'}")
    use(empty, monkeypatch)

    assert "examples/hello.py" in run("operate/traces").info[0].value
    empty.close()


@pytest.mark.parametrize(
    "query",
    [
        {"page": "nan"},
        {"page": "inf"},
        {"page": "1e30"},
        {"min_duration_s": "nan"},
        {"min_cost_usd": "inf"},
        {"status": "weird"},
    ],
)
def test_what_cannot_be_read_in_the_url_is_not_asked(query):
    page = run("operate/traces", **HOUR, **query)

    assert not page.exception
    assert not page.error
    assert words(page).startswith(words(run("operate/traces", **HOUR))[:20])
