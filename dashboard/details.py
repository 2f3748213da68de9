"""All that one span says: error, conversation, prompt parts, tool, documents, at last the raw."""

from typing import Any

import formats
import scope
from conversation import conversation, data, listed, loaded, section, text
from markup import Html, join, tag
from waterfall import kind

# Shown in sections of their own; the raw attributes below have them all.
SAID = ("gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages")
FACTS = {
    "gen_ai.provider.name": "Provider",
    "gen_ai.request.model": "Model",
    "gen_ai.response.model": "Answered by",
    "server.address": "Endpoint",
    "http.response.status_code": "HTTP status",
    "llmobs.attempts": "Attempts",
    "llmobs.stream.end": "Stream ended",
    "llmobs.usage.source": "Usage from",
    "gen_ai.request.temperature": "Temperature",
    "gen_ai.request.max_tokens": "Token limit",
    "gen_ai.agent.name": "Agent",
    "gen_ai.tool.name": "Tool",
    "gen_ai.tool.type": "Tool type",
    "gen_ai.data_source.id": "Index",
    "gen_ai.prompt.name": "Prompt",
    "gen_ai.prompt.version": "Prompt version",
    "user.id": "User",
}
TOKENS = {
    "in": ("gen_ai.usage.input_tokens",),
    "cached": ("gen_ai.usage.cache_read.input_tokens",),
    "cache written": ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
    "out": ("gen_ai.usage.output_tokens",),
    "reasoning": ("gen_ai.usage.reasoning.output_tokens",),
}


def details(one: Any, span: Any, trace: str) -> Html:
    """`one`: the row of trace_span; `span`: that of trace_spans."""
    said = loaded(one.attributes)
    said = said if isinstance(said, dict) else {}
    return tag(
        "div",
        headline(one, span),
        wrong(one, said),
        facts(said, span),
        talk(said),
        prompt(said),
        tool(said),
        documents(said),
        events(one),
        links(one),
        section("Tools offered", data(said["gen_ai.tool.definitions"]), opened=False)
        if said.get("gen_ai.tool.definitions")
        else None,
        section(
            "Attributes", data({k: shown(v) for k, v in sorted(said.items())}), opened=False, count=len(said)
        ),
        section("Resource", data(one.resource), scoped(one, trace), opened=False),
        class_="pane",
    )


def headline(one: Any, span: Any) -> Html:
    state = tag(
        "span",
        one.status if span.status == "ok" else span.status,
        class_="badge " + ("bad" if span.status == "error" else "good"),
    )
    numbers = [
        formats.seconds(one.duration_s) if not formats.missing(one.duration_s) else "no end",
        None
        if formats.missing(span.first_content_s)
        else f"first content {formats.seconds(span.first_content_s)}",
        cost(span),
        "unpriced" if span.cost_status == "unpriced" else None,
    ]
    name = tag(
        "div",
        tag("b", class_=f"mark {kind(one.operation)}"),
        tag("span", one.name, class_="title"),
        state,
        class_="headline",
    )
    return join(name, tag("div", " · ".join(n for n in numbers if n), class_="quiet num"))


def cost(span: Any) -> str | None:
    if formats.missing(span.cost_usd):
        return None
    status = "" if formats.missing(span.cost_status) else f" ({span.cost_status})"
    return f"{formats.usd(span.cost_usd)}{status}"


def wrong(one: Any, said: dict[str, Any]) -> Html | None:
    """What failed, in the words that came."""
    if one.status != "error" and formats.missing(one.error_type):
        return None
    words = [w for w in (one.error_type, one.status_message) if not formats.missing(w) and w]
    return tag(
        "div", tag("b", words[0] if words else "failed"), [tag("div", w) for w in words[1:]], class_="error"
    )


def facts(said: dict[str, Any], span: Any) -> Html | None:
    found = [(label, said[name]) for name, label in FACTS.items() if said.get(name) not in (None, "")]
    tokens = [
        (word, next((said[n] for n in names if said.get(n) is not None), None))
        for word, names in TOKENS.items()
    ]
    used = " · ".join(f"{int(n):,} {word}" for word, n in tokens if isinstance(n, int | float))
    if used:
        found.insert(2, ("Tokens", used))
    finish = said.get("gen_ai.response.finish_reasons")
    if finish:
        found.append(("Finish", ", ".join(map(str, finish)) if isinstance(finish, list) else finish))
    if not found:
        return None
    return tag(
        "dl", [tag("div", tag("dt", label), tag("dd", str(value))) for label, value in found], class_="facts"
    )


def talk(said: dict[str, Any]) -> Html | None:
    system, asked, answered = (said.get(name) for name in SAID)
    if not any((system, asked, answered)):
        return None
    return section("Conversation", conversation(system, asked, answered))


def prompt(said: dict[str, Any]) -> Html | None:
    """The parts that the prompt was put together from."""
    found = listed(said.get("llmobs.prompt.parts"))
    if not found:
        return None
    rows = [
        tag(
            "div",
            tag("span", p.get("name") or p.get("kind") or "part", class_="role"),
            tag(
                "span",
                " · ".join(str(p[k]) for k in ("kind", "source", "hash") if p.get(k)),
                class_="quiet mono",
            ),
            tag("span", f"{p['tokens']:,} tokens", class_="n") if isinstance(p.get("tokens"), int) else None,
            text(str(p["content"])) if p.get("content") else None,
            class_="promptpart",
        )
        for p in found
        if isinstance(p, dict)
    ]
    return section("Prompt parts", rows, count=len(found))


def tool(said: dict[str, Any]) -> Html | None:
    shown = [
        join(tag("div", title, class_="sub"), data(said[name]))
        for title, name in (
            ("arguments", "gen_ai.tool.call.arguments"),
            ("result", "gen_ai.tool.call.result"),
        )
        if said.get(name) is not None
    ]
    return section("Tool", shown) if shown else None


def documents(said: dict[str, Any]) -> Html | None:
    """What the search was and what it found."""
    found, asked = listed(said.get("gen_ai.retrieval.documents")), said.get("gen_ai.retrieval.query.text")
    age = said.get("llmobs.retrieval.index_age")
    if not found and not asked:
        return None
    notes = (
        tag("div", f"the index was {formats.span(float(age))} old", class_="quiet")
        if isinstance(age, int | float)
        else None
    )
    listing = [document(number, d) for number, d in enumerate(found, 1)]
    return section("Documents", text(str(asked)) if asked else None, notes, listing, count=len(found))


def document(number: int, found: Any) -> Html:
    if not isinstance(found, dict):
        return tag("div", tag("b", f"{number}."), text(str(found)), class_="document")
    words = next((found[k] for k in ("content", "text", "page_content") if found.get(k)), None)
    score = found.get("score")
    head = [
        tag("b", f"{number}. {found.get('id') or found.get('source') or ''}"),
        tag("span", f"score {score:.3f}", class_="n quiet") if isinstance(score, int | float) else None,
    ]
    rest = {k: v for k, v in found.items() if k not in ("id", "score", "content", "text", "page_content")}
    return tag(
        "div",
        tag("div", head, class_="who"),
        text(str(words)) if words else None,
        data(rest) if rest else None,
        class_="document",
    )


def events(one: Any) -> Html | None:
    """Retries, exceptions and whatever else happened meanwhile."""
    found = [e for e in listed(one.events) if isinstance(e, dict)]
    if not found:
        return None
    rows = [
        tag("div", event(e, one), data(e["attributes"]) if e.get("attributes") else None, class_="document")
        for e in found
    ]
    return section("Events", rows, count=len(found))


def event(one_event: dict[str, Any], one: Any) -> Html:
    when = tag("span", after(one_event, one), class_="n quiet")
    return tag("div", tag("b", one_event.get("name")), when, class_="who")


def after(event: dict[str, Any], one: Any) -> str:
    """How long after the start of the span."""
    try:
        return f"+{formats.seconds(int(event['time_unix_nano']) / 1e9 - one.started_at.timestamp())}"
    except (KeyError, TypeError, ValueError):
        return ""


def links(one: Any) -> Html | None:
    found = [each for each in listed(one.links) if isinstance(each, dict) and each.get("trace_id")]
    if not found:
        return None
    rows = [
        tag(
            "div",
            tag(
                "a",
                each["trace_id"],
                class_="link mono",
                href=scope.link("trace", id=each["trace_id"], span=each.get("span_id")),
            ),
        )
        for each in found
    ]
    return section("Links", rows, count=len(found))


def shown(value: Any) -> Any:
    """JSON inside of JSON, opened."""
    return loaded(value) if isinstance(value, str) and value[:1] in "[{" else value


def scoped(one: Any, trace: str) -> Html:
    """Who wrote the span, and how to ask for it."""
    scope_name = (
        ""
        if formats.missing(one.scope_name)
        else f"{one.scope_name} {'' if formats.missing(one.scope_version) else one.scope_version}"
    )
    return tag(
        "div",
        tag("div", f"instrumentation: {scope_name}") if scope_name.strip() else None,
        tag("div", f"trace {trace} · span {one.span_id}", class_="mono"),
        tag("div", f"received {formats.moment(one.received_at)} UTC"),
        class_="quiet",
    )
