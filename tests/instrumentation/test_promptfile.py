"""Prompt files: threads, templates, changes; and what is said where one is wrong."""

import json
import sys

import pytest
from opentelemetry.trace import StatusCode

import llmobs
from llmobs.instrumentation.context import attributes


def test_messages_of_a_thread_go_as_they_were_given(seen, library):
    library(
        "---\nname: x\ninputs:\n  - {name: history, kind: thread, required: false}\n---\n"
        "system:\nBe brief.\n\n{{ history }}\n\nuser:\n{{ question }}\n",
        "chat",
    )
    history = [
        {"role": "user", "content": "system:\nno role of mine"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c-1"}]},
        {"role": "tool", "tool_call_id": "c-1", "content": [{"type": "text", "text": "42"}]},
    ]
    before = json.dumps(history)

    with llmobs.context():
        first = llmobs.prompt("chat", history=history, question=" \nwhy?\n")["messages"]
        second = llmobs.prompt("chat", question="why?")["messages"]

    assert first == [
        {"role": "system", "content": "Be brief."},
        *history,
        {"role": "user", "content": " \nwhy?\n"},
    ]
    assert second == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "why?"}]
    assert json.dumps(history) == before


def test_a_template_may_loop_and_choose(seen, library):
    library(
        "---\nname: x\n---\nsystem:\n{% if documents %}\nUse these:\n{% for d in documents %}- {{ d.text }}\n"
        "{% endfor %}{% else %}Say that you do not know.{% endif %}\n"
        "{% for q in questions %}\nuser:\n{{ q }}\n{% endfor %}\n",
        "rag",
    )

    with llmobs.context():
        ready = llmobs.prompt(
            "rag", documents=[{"text": "a"}, {"text": "user:\nb"}], questions=["one", "two"]
        )

    assert ready["messages"] == [
        {"role": "system", "content": "Use these:\n- a\n- user:\nb"},
        {"role": "user", "content": "one"},
        {"role": "user", "content": "two"},
    ]


def test_a_value_beside_a_thread_stays_as_it_is(seen, library):
    library(
        "---\nname: x\ninputs:\n  - {name: history, kind: thread}\n---\n"
        "user:\n{{ before }}\n\n{{- history -}}\n{{ after }}\n",
        "chat",
    )
    said = {"role": "assistant", "content": "hi"}

    with llmobs.context():
        ready = llmobs.prompt("chat", history=[said], before=" \nfirst\n ", after="\t\nsecond ")

    assert ready["messages"] == [
        {"role": "user", "content": " \nfirst\n "},
        said,
        {"role": "user", "content": "\t\nsecond "},
    ]


def test_spaces_of_the_file_stay_and_its_functions_are_no_variables(seen, library):
    library("---\nname: x\n---\nuser:\n\n  a\n    {% for n in range(2) %}{{ n }}{% endfor %}  \n\n", "spaces")

    with llmobs.context():
        assert llmobs.prompt("spaces")["messages"][0]["content"] == "  a\n    01  "


def test_a_changed_file_is_read_again(seen, library):
    library("---\nname: x\n---\nuser:\nfirst {{ n }}\n", "x")
    with llmobs.context():
        assert llmobs.prompt("x", n=1)["messages"][0]["content"] == "first 1"
        library("---\nname: x\n---\nuser:\nsecond, longer {{ n }}\n", "x")
        assert llmobs.prompt("x", n=1)["messages"][0]["content"] == "second, longer 1"


@pytest.mark.parametrize(
    ("name", "given", "error", "says"),
    [
        ("great", {}, FileNotFoundError, "No prompt 'great' in"),
        ("great", {}, FileNotFoundError, "There is: greet."),
        ("great", {}, FileNotFoundError, "LLMOBS_PROMPTS="),
        ("../greet", {}, ValueError, "'../greet' names no prompt"),
        ("/greet", {}, ValueError, "'/greet' names no prompt"),
        ("", {}, ValueError, "'' names no prompt"),
        ("greet", {}, TypeError, "lacks name. It takes: name, tone."),
        ("greet", {"name": "a", "nme": "b"}, TypeError, "knows no nme. It takes: name, tone."),
    ],
)
def test_a_wrong_call_says_what_was_expected(seen, greet, name, given, error, says):
    with pytest.raises(error, match=says.replace(".", r"\.")):
        llmobs.prompt(name, **given)

    [span] = seen()
    assert span.status.status_code is StatusCode.ERROR
    assert attributes() == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("---\nname: x\n", "cannot be read"),
        ("---\nname: [\n---\nuser:\nhi\n", "cannot be read: ParserError"),
        ("---\nname: x\n---\nuser:\n{{ a \n", "cannot be read: TemplateSyntaxError"),
        ("system:\nHello\n", "between two lines `---`"),
        ("name: x\n", "has no text"),
        ("---\nname: x\nmodel: {id: m, apiType: image}\n---\nuser:\nhi\n", "apiType 'image'"),
        ("---\nname: x\ntools:\n  - {name: t, kind: function}\n---\nuser:\nhi\n", "has `tools`"),
        ("---\nname: x\noutputs:\n  - {name: t, kind: string}\n---\nuser:\nhi\n", "has `outputs`"),
        (
            "---\nname: x\ninputs:\n  - {name: f, kind: file, default: x}\n---\nuser:\n{{ f }}\n",
            "kind 'file'",
        ),
        ("---\nname: x\n---\n{% filter upper %}\nuser:\nhi\n{% endfilter %}\n", "within a filter"),
        ("---\nname: x\n---\nuser:\n{{ 1 / 0 }}\n", "cannot be filled in: ZeroDivisionError"),
    ],
)
def test_a_wrong_file_says_which_and_why(seen, library, text, says):
    path = library(text, "wrong")

    with pytest.raises(ValueError, match=r"wrong\.prompty") as raised:
        llmobs.prompt("wrong")

    assert says in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_thread_that_is_no_list_is_said(seen, library):
    library("---\nname: x\ninputs:\n  - {name: h, kind: thread}\n---\n{{ h }}\nuser:\nhi\n", "chat")

    with pytest.raises(TypeError, match="A thread is a list of messages, not str"):
        llmobs.prompt("chat", h="hello")


def test_without_prompty_the_command_that_installs_it_is_said(seen, greet, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)

    with pytest.raises(ImportError, match=r"pip install 'llmobs\[prompts\]'"):
        llmobs.prompt("greet", name="Ada")
