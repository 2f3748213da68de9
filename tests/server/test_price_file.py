"""Own prices: what a file may say, what wins, and how a mistake is named."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from llmobs.server.prices import Cost, book, cost

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def own(folder, entries):
    (folder / "prices.yaml").write_text(f"prices:\n{entries}\n")
    return book(str(folder / "prices.yaml"))


def test_own_prices_come_before_the_books(tmp_path):
    mine = own(tmp_path, "- {model: gpt-4o*, provider: openai, input: 1, cached: 0.1, output: 2}")
    usage = {"input_tokens": 1000, "cached_tokens": 500, "output_tokens": 100}

    # 500 x 1000 + 500 x 100 + 100 x 2000
    assert cost("openai", "gpt-4o-mini", NOON, prices=mine, **usage) == Cost(750_000, "exact")
    assert cost("azure.ai.openai", "gpt-4o-mini", NOON, prices=mine, **usage).nano_usd != 750_000


def test_a_deployments_name_is_priced_by_what_was_asked_though_another_name_answers(tmp_path):
    mine = own(tmp_path, "- {model: our-chat-deployment, input: 1, output: 2}")

    found = cost(
        "azure.ai.openai",
        "our-chat-deployment",
        NOON,
        prices=mine,
        answered_by="gpt-4o",
        input_tokens=1000,
        output_tokens=100,
    )

    assert found == Cost(1_200_000, "exact")


def test_own_prices_hold_from_their_first_day_and_until_before_their_last(tmp_path):
    mine = own(
        tmp_path,
        "- {model: m, input: 1, output: 0, until: 2026-11-01}\n"
        "- {model: m, input: 3, output: 0, from: 2026-11-01}",
    )
    usage = {"input_tokens": 1000, "output_tokens": 0, "prices": mine}

    assert cost("x", "m", datetime(2026, 10, 31, 23, 59, tzinfo=UTC), **usage).nano_usd == 1_000_000
    assert cost("x", "m", datetime(2026, 11, 1, tzinfo=UTC), **usage).nano_usd == 3_000_000


def test_the_first_entry_that_fits_decides(tmp_path):
    mine = own(tmp_path, "- {model: [M-1, m-2], input: 1, output: 0}\n- {model: 'm-*', input: 5, output: 0}")
    costs = [
        cost("x", model, NOON, prices=mine, input_tokens=1000, output_tokens=0).nano_usd
        for model in ("m-1", "M-2", "m-3")
    ]

    assert costs == [1_000_000, 1_000_000, 5_000_000]


def test_an_own_price_of_zero_is_free_and_a_missing_one_is_not(tmp_path):
    mine = own(tmp_path, "- {model: local, input: 0, output: 0}\n- {model: half, input: 1}")
    usage = {"input_tokens": 1000, "output_tokens": 100, "prices": mine}

    assert cost("vllm", "local", NOON, **usage) == Cost(0, "exact")
    assert cost("vllm", "half", NOON, **usage) == Cost(1_000_000, "partial")


def test_cached_tokens_without_an_own_price_pay_the_input_price_and_say_so(tmp_path):
    mine = own(tmp_path, "- {model: m, input: 1, output: 2}")

    found = cost("x", "m", NOON, prices=mine, input_tokens=1000, cached_tokens=900, output_tokens=0)

    assert found == Cost(1_000_000, "partial")


def test_every_kind_may_have_an_own_price(tmp_path):
    mine = own(
        tmp_path,
        "- {model: m, input: 1, cached: 0.5, cache_written: 2, cache_written_1h: 3, output: 4,\n"
        "   input_audio: 5, output_audio: 6, web_search: 7}",
    )
    usage = {"input_tokens": 1000, "cache_written_tokens": 300, "cache_written_1h_tokens": 100}
    heard = {"input_tokens": 1000, "input_audio_tokens": 100, "web_searches": 1}
    output = {"output_tokens": 100, "output_audio_tokens": 60}

    # 700 x 1000 + 200 x 2000 + 100 x 3000 + 40 x 4000 + 60 x 6000
    assert cost("x", "m", NOON, prices=mine, **usage, **output) == Cost(1_920_000, "exact")
    # 900 x 1000 + 100 x 5000 + 40 x 4000 + 60 x 6000 + 7,000,000
    assert cost("x", "m", NOON, prices=mine, **heard, **output) == Cost(8_920_000, "exact")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prices:\n- model: m\n  imput: 1\n", "line 3: unknown key `imput`. Known: model, provider, input"),
        (
            "prices:\n- model: m\n  input: cheap\n",
            "line 3: `input` is 'cheap'. Expected USD per million tokens",
        ),
        ("prices:\n- model: m\n  input: -1\n", "line 3: `input` is '-1'"),
        ("prices:\n- model: m\n  input: .nan\n", "line 3: `input` is '.nan'"),
        ("prices:\n- model: m\n  input: 2000000\n", "from 0 to 1000000"),
        (
            "prices:\n- model: m\n  input: 1\n  from: soon\n",
            "line 4: `from` is 'soon'. Expected a day such as",
        ),
        ("prices:\n- input: 1\n", "line 2: an entry without `model`"),
        ("prices:\n- model: m\n", "line 2: an entry without a price"),
        ("prices:\n- model: []\n  input: 1\n", "line 2: `model` is an empty list"),
        ("prices:\n- model: m\n  input: 1\n  input: 2\n", "line 4: key `input` stands twice"),
        (
            "prices:\n- model: m\n  input: 1\n  from: 2026-02-01\n  until: 2026-01-01\n",
            "line 5: `until` 2026-01-01 is not after `from` 2026-02-01",
        ),
        ("prices: 3\n", "line 1: `prices` is no list"),
        ("models: []\n", "line 1: unknown key `models`. Known: prices."),
        ("- a\n", "line 1: found 'a list' where `key: value` was expected"),
        ("prices:\n- 7\n", "line 2: found '7' where `key: value` was expected"),
        ("prices: [\n", "is no YAML"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_line_key_and_expectation(tmp_path, text, says):
    (tmp_path / "prices.yaml").write_text(text)

    with pytest.raises(ValueError, match=r"prices\.yaml") as wrong:
        book(str(tmp_path / "prices.yaml"))

    assert says in str(wrong.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        book(str(tmp_path / "none.yaml"))


def test_an_empty_file_and_an_empty_list_change_nothing(tmp_path):
    for text in ("", "prices:\n", "prices: []\n"):
        (tmp_path / "prices.yaml").write_text(text)

        mine = book(str(tmp_path / "prices.yaml"))

        assert cost(
            "openai", "gpt-4o-mini", NOON, prices=mine, input_tokens=1000, output_tokens=100
        ).nano_usd == (210_000)


def test_the_example_file_is_read(pytestconfig):
    mine = book(str(pytestconfig.rootpath / "collector-config" / "prices.yaml"))

    found = cost("vllm", "llama-3.3-70b-ours", NOON, prices=mine, input_tokens=1_000_000, output_tokens=0)

    assert found == Cost(int(Decimal("0.40") * 10**9), "exact")
