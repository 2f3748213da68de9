"""Messages as markup: nothing lost, nothing run."""

from conversation import conversation, data, text

ASKED = [
    {"role": "user", "parts": [{"type": "text", "content": "Is <b>5</b> & 7 odd?\nYes?"}]},
    {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "odd", "arguments": {"n": 5}}]},
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "true"}]},
]


def test_what_people_wrote_is_never_markup():
    shown = conversation(None, ASKED, None)

    assert "Is &lt;b&gt;5&lt;/b&gt; &amp; 7 odd?\nYes?" in shown
    assert "<b>5</b>" not in shown


def test_a_role_cannot_break_out_of_its_attribute():
    shown = conversation(None, [{"role": '"><script>', "parts": []}], None)

    assert "<script>" not in shown


def test_tool_calls_and_their_results_are_shown_with_name_and_id():
    shown = conversation(None, ASKED, None)

    assert 'calls <b>odd</b><span class="quiet mono"> c1</span>' in shown
    assert "&quot;n&quot;: 5" in shown
    assert 'result of <span class="mono">c1</span>' in shown


def test_reasoning_files_and_unknown_parts_are_told_apart():
    parts = [
        {"type": "reasoning", "content": "hm"},
        {"type": "blob", "modality": "image", "mime_type": "image/png", "bytes": 12_345, "sha256": "ab" * 32},
        {"type": "hologram", "depth": 3},
    ]

    shown = conversation(None, None, [{"role": "assistant", "parts": parts, "finish_reason": "length"}])

    assert '<div class="reasoning">' in shown
    assert "image · image/png · 12,345 bytes · sha256 abababababab…" in shown
    assert "hologram" in shown
    assert '<span class="badge warn">ended: length</span>' in shown


def test_system_instructions_come_first():
    shown = conversation('[{"type": "text", "content": "Be brief."}]', ASKED, None)

    assert shown.index("Be brief.") < shown.index("odd?")


def test_what_is_no_message_is_shown_as_it_is():
    assert "just text" in conversation(None, "just text", None)
    assert "7" in conversation(None, [7], None)


def test_a_long_text_is_folded_and_whole_inside():
    long = "x" * 5_000

    shown = text(long)

    assert "all 5,000 characters" in shown
    assert long in shown


def test_json_in_a_text_is_indented():
    assert data('{"a": [1]}') == '<pre class="mono">{\n  &quot;a&quot;: [\n    1\n  ]\n}</pre>'
    assert data(None) == '<div class="quiet">nothing</div>'
