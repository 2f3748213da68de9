"""One trace: its totals, its steps, and all that the chosen step says."""

import pytest

from tests.dashboard.shown import at, call, markup, run, words

ID = f"{1:032x}"
INSIDE = {"trace_id": ID, "parent_span_id": f"{1:016x}", "cost_status": None, "model": None, "provider": None}
ROWS = [
    call(
        1,
        at(0),
        operation="invoke_workflow",
        name="answer",
        duration_s=8.0,
        user_id="ann",
        model=None,
        provider=None,
        cost_status=None,
    ),
    call(
        2,
        at(0.01),
        **INSIDE,
        operation="assemble_prompt",
        name="assemble_prompt support",
        duration_s=0.01,
        prompt_name="support",
        prompt_version="7",
        prompt_parts=[{"name": "rules", "kind": "system", "tokens": 180, "hash": "a1b2c3"}],
    ),
    call(
        3,
        at(0.02),
        **INSIDE,
        operation="retrieval",
        name="retrieval handbook",
        query="late order",
        index_age_s=90.0,
        retrieved=[{"id": "doc-1", "score": 0.875, "content": "We refund <late> orders."}],
    ),
    call(
        4,
        at(0.03),
        **INSIDE,
        operation="execute_tool",
        name="execute_tool lookup",
        tool="lookup",
        tool_arguments='{"order": 8812}',
        tool_result='{"state": "sent"}',
    ),
    call(
        5,
        at(0.05),
        **{**INSIDE, "model": "m-one", "provider": "openai", "cost_status": "exact"},
        input_tokens=100,
        output_tokens=20,
        cached_tokens=64,
        cost_usd=0.25,
        first_content_s=0.4,
        attempts=3,
        input_messages=[{"role": "user", "parts": [{"type": "text", "content": "Where is it?"}]}],
        output_messages=[{"role": "assistant", "parts": [{"type": "text", "content": "On its way."}]}],
        attributes={"app.feature": "chat"},
    ),
]


def shown(span=None, trace=ID):
    page = run("operate/trace", id=trace, **({"span": f"{span:016x}"} if span else {}))
    assert not page.exception
    return page


@pytest.fixture
def rows(store):
    store.append(ROWS)


def test_totals_stand_on_top(rows):
    assert (
        "answer ✓ ok 00000000000000000000000000000001 Took 8.00 s Spans 5 Calls 1 Tokens 120 Cost $0.25 "
        "Started 22 Nov 10:00:00 UTC User ann Service shop" in words(shown())
    )


def test_every_step_is_a_row_with_its_kind_and_a_link(rows):
    found = markup(shown())

    for kind in ("workflow", "prompt", "retrieval", "tool", "call"):
        assert f'class="row {kind}' in found
    assert f"span={5:016x}" in found
    # first content after 0.4 of 1.0 s; begins 3 s into 8
    assert 'style="width:40.00%"' in found
    assert 'style="left:37.500%;width:12.500%"' in found


def test_a_retried_call_says_how_often(rows):
    assert '<span class="badge warn" title="3 attempts">×3</span>' in markup(shown())


def test_without_a_choice_the_call_that_answered_last_is_open(store):
    model = {**INSIDE, "model": "m-one", "provider": "openai"}
    asked = call(6, at(0.04), **model, name="chat plan", output_messages=[])
    found = call(7, at(0.09), **{**model, "operation": "embeddings"}, name="embeddings after")
    store.append([*ROWS, asked, found])

    assert "user Where is it? assistant On its way." in words(shown())


def test_an_open_call_shows_its_conversation_tokens_and_times(rows):
    text = words(shown())

    assert "user Where is it? assistant On its way." in text
    assert "Tokens 100 in · 64 cached · 20 out" in text
    assert "1.00 s · first content 400 ms · $0.25 (exact)" in text


def test_what_failed_is_opened_first(store):
    failed = call(
        6, at(0.1), **INSIDE, status="error", error_type="KeyError", status_message="no order", name="check"
    )
    store.append([*ROWS, failed])

    text = words(shown())

    assert "check error" in text
    assert "KeyError no order" in text
    assert "✕ 1 failed" in text


def test_prompt_parts(rows):
    assert "Prompt parts 1 rules system · a1b2c3 180 tokens" in words(shown(2))


def test_documents_and_the_age_of_their_index(rows):
    text = words(shown(3))

    assert (
        "Documents 1 late order the index was 1m 30s old 1. doc-1 score 0.875 We refund <late> orders."
        in text
    )
    assert "<late>" not in markup(shown(3))


def test_tool_arguments_and_result(rows):
    assert 'arguments { "order": 8812 } result { "state": "sent" }' in words(shown(4))


def test_attributes_are_all_there_under_their_own_names(rows):
    text = words(shown(5))

    assert '"app.feature": "chat"' in text
    assert '"gen_ai.usage.input_tokens": 100' in text
    assert '"service.name": "shop"' in text  # of the resource


def test_events_and_links(store):
    event = {"time_unix_nano": 1_795_341_601_500_000_000, "name": "retry", "attributes": {"wait_s": 2}}
    link = {"trace_id": "ef" * 16, "span_id": "12" * 8}
    store.append([call(1, at(0), events=[event], links=[link])])

    page = shown()

    assert "Events 1 retry +1.50 s" in words(page)
    assert '"wait_s": 2' in words(page)
    assert f"/trace?id={'ef' * 16}&amp;span={'12' * 8}" in markup(page)


def test_an_unknown_id_says_so(rows):
    page = shown(trace="12" * 16)

    assert "There is no trace" in page.warning[0].value
    assert "There is no trace" in shown(trace="no id at all").warning[0].value


def test_a_choice_that_is_not_in_the_trace_is_ignored(rows):
    assert "On its way." in words(run("operate/trace", id=ID, span="no such span"))


def test_without_an_id_nothing_breaks(store):
    assert "No trace is named" in run("operate/trace").info[0].value


def test_a_big_trace_is_drawn_in_pages(store):
    store.append([call(n, at(n / 100), trace_id=ID, name=f"step {n}") for n in range(1, 1_206)])

    page = shown(1)

    assert "Spans 1,205" in words(page)
    assert markup(page).count('class="row call') == 1_000


def test_the_root_names_the_trace_though_an_orphan_began_before_it(store):
    lost = call(2, at(0), **{**INSIDE, "parent_span_id": "9" * 16}, name="an orphan", operation="chat")
    store.append([lost, call(1, at(0.1), name="the root", user_id="ann")])

    page = run("operate/trace", id=ID)

    assert words(page).startswith("← Traces the root ")
    assert "nan" not in words(page)


def test_the_chosen_step_of_a_long_trace_is_on_the_page_that_shows(store):
    inside = {**INSIDE, "operation": "execute_tool"}
    steps = [call(n, at(0.01), **inside, name=f"step {n}") for n in range(2, 2_302)]
    store.append([call(1, at(0), name="long"), *steps])

    page = run("operate/trace", id=ID, span=f"{2_200:016x}")

    assert "row tool chosen" in markup(page)
    assert "step 2200" in words(page)
    assert "step 1000 " not in words(page)


def test_an_id_that_is_none_is_not_shown_as_markdown(store):
    page = run("operate/trace", id="`![x](http://elsewhere/a.png)")

    assert "\\`\\!\\[x\\]\\(" in page.warning[0].value
