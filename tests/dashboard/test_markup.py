"""Markup from Python: what people wrote stays text."""

from markup import Html, join, tag


def test_text_and_attributes_are_escaped():
    assert tag("a", "<b>", href='"><script>') == '<a href="&quot;&gt;&lt;script&gt;">&lt;b&gt;</a>'


def test_markup_is_not_escaped_again():
    assert tag("p", tag("b", "x"), Html("<i></i>")) == "<p><b>x</b><i></i></p>"


def test_nothing_is_left_out_and_lists_are_flattened():
    assert join(None, ["a", [tag("b", 1)]], 2.5) == "a<b>1</b>2.5"
    assert tag("i", class_=None, hidden=False, data_x="y") == '<i data-x="y"></i>'
