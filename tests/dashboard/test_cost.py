"""The Cost page: sums by hand."""

from tests.dashboard.shown import HOUR, at, call, figures, markup, run, words


def test_the_dearest_model_comes_first_with_the_window_before(store):
    store.append(
        [
            call(0, at(0, hour=9), cost_usd=0.25),  # the hour before
            call(1, at(30, hour=9), cost_usd=0.5),
            call(2, at(10), cost_usd=1.25, input_tokens=1_000, output_tokens=500),
            call(3, at(20), cost_usd=2.0, model="m-two"),
            call(4, at(40), cost_usd=1.0, model="m-two"),
        ]
    )

    page = run("operate/cost", **HOUR)

    assert not page.exception
    text = words(page)
    assert text.startswith("$4.25 in this window, was $0.75 ")  # 1.25 + 2 + 1, 0.25 + 0.5
    assert text.index("m-two openai 2") < text.index("m-one openai 1")
    assert "m-one openai 1 1,500 $1.25 $0.75" in text
    assert len(figures(page)) == 1


def test_calls_without_a_price_are_said_beside_the_sum(store):
    unpriced = {"cost_status": "unpriced", "status": "ok", "model": "own"}
    store.append(
        [
            call(1, at(10), cost_usd=1.25),
            call(2, at(11), **unpriced),
            call(3, at(12), **unpriced),
        ]
    )

    text = words(run("operate/cost", **HOUR))

    assert text.startswith("$1.25 in this window, was – 2 calls without a price")
    assert "own openai 2 – – 2 unpriced" in text


def test_more_models_than_are_listed_are_all_in_the_sum(store):
    store.append([call(n, at(10), cost_usd=1.0, model=f"m-{n}") for n in range(30)])

    text = words(run("operate/cost", **HOUR))

    assert text.startswith("$30.00 in this window")


def test_a_sum_of_nothing_known_is_unknown(store):
    store.append([call(1, at(10), cost_status="unpriced")])

    assert words(run("operate/cost", **HOUR)).startswith("– in this window")


def test_a_window_without_calls_after_one_with_some_says_so(store):
    store.append([call(1, at(30, hour=9), cost_usd=0.5)])

    page = run("operate/cost", **HOUR)

    assert not page.exception
    assert "No calls between 22 Nov 10:00" in page.info[0].value


def test_an_empty_store_says_what_to_do(store):
    page = run("operate/cost", **HOUR)

    assert "examples/hello.py" in markup(page) + "".join(each.value for each in page.info)
