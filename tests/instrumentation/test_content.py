"""What goes out of prompts and answers, and what does not."""

import base64
import datetime
import enum
import hashlib
import json
import re

import pytest
from pydantic import BaseModel

from llmobs.instrumentation import content


@pytest.fixture(autouse=True)
def policy():
    yield
    content.configure(True, 262_144)


def rendered(value):
    return json.loads(content.render(value))


def message(text):
    return [{"role": "user", "parts": [{"type": "text", "content": text}]}]


def text_of(value):
    return rendered(value)[0]["parts"][0]["content"]


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        [1, -2, 0.5, True, False, None],
        {"a": [{"b": {"c": "ü → 🦆"}}]},
        [{"quote": '"', "line": "\n", "back": "\\", "null": "\u0000"}],
        {"": "", "long name of a field": ["x"]},
        message("x" * 5_000),
        message('"quoted"\\ \r\n\t' * 100),
        message("\x00\x1f\x7f \u2028" * 100),
        message("ü 🦆 \\n" * 100),
        message("haha" * 1_000),
        message("0123456789abcdef" * 100),
    ],
)
def test_plain_json_comes_out_as_it_went_in(value):
    assert rendered(value) == value


def test_what_json_does_not_know_is_shown_and_nothing_is_consumed():
    class Colour(enum.StrEnum):
        RED = "red"

    class Model(BaseModel):
        where: str
        when: str | None = None

    class Rude:
        def __str__(self):
            raise RuntimeError("no")

    items = (n for n in [1, 2])
    value = [
        (1, 2),
        Colour.RED,
        Model(where="river"),
        float("nan"),
        float("inf"),
        datetime.date(2026, 11, 22),
        Rude(),
        items,
        {3: "three"},
    ]

    shown = rendered(value)

    assert shown[:4] == [[1, 2], "red", {"where": "river"}, "nan"]
    assert shown[4:6] == ["inf", "2026-11-22"]
    assert "Rude" in shown[6]
    assert shown[7:] == ["[generator: not read]", {"3": "three"}]
    assert list(items) == [1, 2]


def test_cycles_and_depth_end_somewhere():
    ring = []
    ring.append(ring)
    table = {}
    table["self"] = table

    assert "[too deep]" in content.render(ring)
    assert "[too deep]" in content.render([table])


def test_lone_surrogates_do_not_reach_the_wire():
    assert content.render(["ab\ud800", "ü"]).encode() == '["ab?","ü"]'.encode()


def test_nothing_goes_out_with_capture_off():
    content.configure(False, 1_000)

    assert content.render(message("canary")) is None
    assert content.say("canary") == ""
    assert not content.captured()


def test_nothing_is_rendered_as_nothing():
    assert content.render(None) is None


# -- bytes --------------------------------------------------------------------------------------------

PNG = b"\x89PNG" + bytes(range(256)) * 40
ENCODED = base64.b64encode(PNG).decode()
FACTS = {"bytes": 4 + 256 * 40, "sha256": hashlib.sha256(PNG).hexdigest()}


def test_a_blob_is_replaced_by_its_size_and_hash():
    part = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": ENCODED}

    assert rendered([part]) == [{**part, "content": "", "llmobs": FACTS}]


def test_bytes_and_data_urls_in_odd_places_are_replaced_too():
    url = f"data:image/png;base64,{ENCODED}"

    raw, linked, bare = rendered([PNG, {"url": url}, {"data": ENCODED}])

    assert raw == {"type": "blob", "modality": "document", "content": "", "llmobs": FACTS}
    assert linked == {"url": f"[data:image/png, {FACTS['bytes']} bytes, sha256 {FACTS['sha256']}]"}
    assert bare == {"data": f"[{FACTS['bytes']} bytes, sha256 {FACTS['sha256']}]"}


def test_a_long_text_without_spaces_that_is_no_base64_stays():
    text = "mill," * 1_000

    assert text_of(message(text)) == text


def test_a_blob_that_is_no_base64_is_hashed_as_it_is():
    [shown] = rendered([{"type": "blob", "modality": "audio", "content": "abcde"}])

    assert shown["llmobs"]["bytes"] == 5


# -- limits -------------------------------------------------------------------------------------------


def test_a_long_text_is_cut_inside_the_structure_and_says_by_how_much():
    content.configure(True, 10)

    assert text_of(message("0123456789abcdef")) == "0123456789… [6 characters cut]"


def test_many_texts_share_the_limit_and_the_longest_are_cut_first():
    content.configure(True, 100)

    shown = rendered(["short", "a" * 60, "b" * 500])

    # 5 stay; of the 95 left each long one may have 47, and 60 > 47
    assert shown[0] == "short"
    assert shown[1] == "a" * 47 + "… [13 characters cut]"
    assert shown[2] == "b" * 47 + "… [453 characters cut]"


@pytest.mark.parametrize(
    ("lengths", "limit", "cap"),
    [([5, 60, 500], 100, 47), ([10, 10], 100, 100), ([50, 200], 100, 50), ([300], 100, 100), ([0, 0], 1, 1)],
)
def test_the_cap_leaves_short_texts_alone(lengths, limit, cap):
    assert content.level(lengths, limit) == cap


def test_a_secret_across_the_cut_is_still_masked():
    content.configure(True, 30)
    key = "sk-proj-" + "a" * 40

    assert "sk-proj" not in text_of(message("x" * 20 + " " + key))


# -- redaction ----------------------------------------------------------------------------------------


def test_expressions_and_functions_of_the_user_apply_everywhere():
    content.configure(True, 1_000, [r"\d{4}", re.compile("mill"), lambda text: text.replace("river", "~")])

    shown = content.render({"mill": ["1234 mill", {"where": "the river"}]})

    assert json.loads(shown) == {"[masked]": ["[masked] [masked]", {"where": "the ~"}]}


def test_a_redaction_that_fails_hides_its_text(caplog):
    def broken(text):
        raise RuntimeError(text)

    content.configure(True, 1_000, [broken])

    assert "canary" not in content.render(message("a canary here"))
    assert "canary" not in caplog.text
    assert "broken" in caplog.text


def test_a_redaction_that_gives_no_text_hides_it():
    content.configure(True, 1_000, [lambda text: None])

    assert text_of(message("a canary here")) == content.FAILED


def test_a_redaction_that_cannot_be_says_so():
    with pytest.raises(ValueError, match="'\\('"):
        content.configure(True, 1_000, ["("])
    with pytest.raises(TypeError, match="42"):
        content.configure(True, 1_000, [42])
