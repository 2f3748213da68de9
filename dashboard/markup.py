"""HTML from Python, escaped unless it is already `Html`: prompts and answers are other people's text.

tag("a", "ask <me>", href="/traces?q=x", class_="chip")
"""

import re
from html import escape


class Html(str):
    """Markup that is ready to be shown."""


def tag(name: str, *children: object, **attributes: object) -> Html:
    """One element. Strings are escaped, None is left out, lists are flattened; `class_` is HTML's class."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Html(f"<{name}{said}>{join(*children)}</{name}>")


def plain(text: str) -> str:
    """`text` for Markdown, where what somebody put into a link could else fetch a picture from elsewhere."""
    return re.sub(r"([^\w\s/])", r"\\\1", text if len(text) <= 80 else text[:79] + "…")


def join(*children: object) -> Html:
    """Children one after the other, escaped where they are plain text."""
    parts = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, Html):
            parts.append(child)
        elif isinstance(child, str | int | float):
            parts.append(escape(str(child)))
        else:
            parts.append(join(*child))
    return Html("".join(parts))
