"""The Cost page: sums by hand."""

from tests.dashboard.shown import HOUR, at, call, figures, markup, run, words


def test_the_dearest_model_comes_first_with_the_window_before(store):
    store.append(
        [
            call(1, at(30, hour=9), cost_usd=0.5),  # the hour before
            call(2, at(10), cost_usd=1.25, input_tokens=1_000, output_tokens=500),
            call(3, at(20), cost_usd=2.0, model="m-two"),
            call(4, at(40), cost_usd=1.0, model="m-two"),
        ]
    )

    page = run("operate/cost", **HOUR)

    assert not page.exception
    assert "$4.25" in page.markdown[0].value  # 1.25 + 2 + 1
    text = words(page)
    assert text.index("m-two 2") < text.index("m-one 1")
    assert "m-one 1 1,500 $1.25 $0.50" in text
    assert len(figures(page)) == 1


def test_an_empty_store_says_what_to_do(store):
    page = run("operate/cost", **HOUR)

    assert "examples/hello.py" in markup(page) + "".join(each.value for each in page.info)
