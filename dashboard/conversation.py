"""Messages as people read them: by role, tool calls and reasoning apart, files named, nothing guessed.

The shape is that of the OpenTelemetry GenAI messages: [{role, parts: [{type, content ...}], finish_reason}].
Texts are shown as they are, not as Markdown: one looks here because something is odd.
"""

import json
from typing import Any

from markup import Html, join, tag

LONG = 1_200  # characters; more is folded


def conversation(system: Any, asked: Any, answered: Any) -> Html:
    """System instructions, the messages that went in, and those that came out."""
    told = [{"role": "system", "parts": parts(loaded(system))}] if loaded(system) else []
    before = [message(m) for m in [*told, *listed(asked)]]
    after = [message(m, answer=True) for m in listed(answered)]
    return tag("div", before, after, class_="talk")


def loaded(value: Any) -> Any:
    """JSON as the store gives it: text, or None and NaN for nothing."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return None if value is None or (isinstance(value, float) and value != value) else value


def listed(value: Any) -> list[Any]:
    found = loaded(value)
    return found if isinstance(found, list) else [] if found is None else [found]


def parts(value: Any) -> list[Any]:
    """The parts of a message; a bare text is one."""
    return value if isinstance(value, list) else [{"type": "text", "content": value}]


def message(said: Any, answer: bool = False) -> Html:
    """One message."""
    if not isinstance(said, dict):
        said = {"role": "unknown", "parts": parts(said)}
    role = str(said.get("role", "unknown"))
    why = said.get("finish_reason")
    head = tag(
        "div",
        tag("span", role, class_="role"),
        tag("span", said["name"], class_="quiet") if said.get("name") else None,
        tag(
            "span",
            f"ended: {why}",
            class_="badge warn" if why in ("length", "content_filter", "error") else "quiet",
        )
        if why
        else None,
        class_="who",
    )
    body = [part(p) for p in parts(said.get("parts", said.get("content", [])))]
    return tag(
        "div",
        head,
        body,
        class_=f"message {role if role.isidentifier() else 'unknown'}{' answer' if answer else ''}",
    )


def part(said: Any) -> Html:
    """One part of a message, by its type; one that we do not know is shown as JSON."""
    if not isinstance(said, dict):
        return text(str(said))
    kind = said.get("type")
    if kind == "text":
        return text(str(said.get("content", "")))
    if kind in ("reasoning", "thinking"):
        return tag(
            "div",
            tag("div", "reasoning", class_="sub"),
            text(str(said.get("content", ""))),
            class_="reasoning",
        )
    if kind == "tool_call":
        name = tag(
            "div",
            "calls ",
            tag("b", said.get("name")),
            tag("span", f" {said.get('id') or ''}", class_="quiet mono"),
        )
        return tag("div", name, data(said.get("arguments")), class_="toolcall")
    if kind == "tool_call_response":
        name = tag("div", "result of ", tag("span", said.get("id") or "a tool", class_="mono"))
        return tag("div", name, data(said.get("response", said.get("result"))), class_="toolcall")
    if kind in ("blob", "file", "uri"):
        return tag("div", "▦ ", blob(said), class_="blob")
    return data(said)


def blob(said: dict[str, Any]) -> str:
    """A picture or a file in words: what, how large, which."""
    size = said.get("bytes")
    size = size if isinstance(size, int) else None
    words = [
        said.get("modality") or said.get("type"),
        said.get("mime_type"),
        f"{size:,} bytes" if size is not None else None,
        said.get("uri") or said.get("file_id"),
        f"sha256 {str(said['sha256'])[:12]}…" if said.get("sha256") else None,
    ]
    return " · ".join(str(w) for w in words if w)


def text(content: str) -> Html:
    """As it is, with its line breaks; a long one is folded."""
    if len(content) <= LONG:
        return tag("div", content, class_="text")
    more = tag("summary", f"all {len(content):,} characters")
    head = tag("div", content[: LONG // 2] + " …", class_="text preview")
    return tag("div", head, tag("details", more, tag("div", content, class_="text")), class_="long")


def data(value: Any) -> Html:
    """Structured data, indented; a text that is JSON counts as that."""
    found = loaded(value)
    if found is None:
        return tag("div", "nothing", class_="quiet")
    if isinstance(found, str):
        return text(found)
    return tag("pre", json.dumps(found, indent=2, ensure_ascii=False), class_="mono")


def section(title: str, *body: object, opened: bool = True, count: int | None = None) -> Html:
    """A part of the pane that can be folded."""
    summary = tag("summary", title, tag("span", f" {count}", class_="quiet") if count is not None else None)
    return tag(
        "details", summary, join(*body), class_="section", id=f"s-{title}", open="" if opened else None
    )
