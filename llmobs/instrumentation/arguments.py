"""Messages of a prompt file as the arguments of an SDK call: OpenAI chat and responses, Anthropic messages.

Options keep the names that prompty's own table gives them for each (`maxOutputTokens` is
`max_completion_tokens`, `max_output_tokens`, `max_tokens`). Messages of a thread go as the caller gave them.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from llmobs.instrumentation.promptfile import Message, PromptFile

SYSTEM = ("system", "developer")
NO_MODEL = SimpleNamespace(id="", provider=None, api_type=None, options=None)  # the call itself names it


def arguments(file: PromptFile, messages: list[Message], provider: str | None) -> dict[str, Any]:
    """For the SDK of `provider`, or of the provider that the file names; OpenAI's shape for all others."""
    model = file.agent.model or NO_MODEL
    shape = "anthropic" if (provider or model.provider) == "anthropic" else "openai"
    if shape == "openai" and model.api_type == "responses":
        shape = "responses"
    elif model.api_type not in (None, "chat"):
        raise ValueError(
            f"Prompt {file.path}: apiType {model.api_type!r} takes no messages. Known: chat, responses."
        )
    wire = model.options.to_wire(shape) if model.options else {}
    more = (model.options.additional_properties or {}) if model.options else {}
    options = {name: value for name, value in {**more, **wire}.items() if value not in (None, [])}
    named = {"model": model.id} if model.id else {}
    return {**named, **SHAPES[shape](file, messages), **options}


def chat(file: PromptFile, messages: list[Message]) -> dict[str, Any]:
    return {"messages": [said(file, each, openai_image) for each in messages]}


def responses(file: PromptFile, messages: list[Message]) -> dict[str, Any]:
    return {"input": [said(file, each, responses_image, "input_text") for each in messages]}


def anthropic(file: PromptFile, messages: list[Message]) -> dict[str, Any]:
    """The system's words stand apart there."""
    system = [each.text for each in messages if each.given is None and each.role in SYSTEM]
    others = [each for each in messages if each.given is not None or each.role not in SYSTEM]
    apart = {"system": "\n\n".join(system)} if system else {}
    return {**apart, "messages": [said(file, each, anthropic_image) for each in others]}


SHAPES = {"openai": chat, "responses": responses, "anthropic": anthropic}


def said(file: PromptFile, message: Message, image: Callable[[Any], Any], text: str = "text") -> Any:
    """One message; content is a list only where it has more than text."""
    if message.given is not None:
        return message.given
    if all(part.kind == "text" for part in message.parts):
        return {"role": message.role, "content": message.text}
    content = []
    for part in message.parts:
        if part.kind == "text":
            content.append({"type": text, "text": part.value})
        elif part.kind == "image":
            content.append(image(part))
        else:
            raise ValueError(
                f"Prompt {file.path}: inputs of kind {part.kind!r} are not passed on. Known: image."
            )
    return {"role": message.role, "content": content}


def openai_image(part: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": part.source}}


def responses_image(part: Any) -> dict[str, Any]:
    return {"type": "input_image", "image_url": part.source, "detail": "auto"}


def anthropic_image(part: Any) -> dict[str, Any]:
    """Anthropic takes `data:` URLs apart: type here, base64 there."""
    head, found, data = part.source.partition(";base64,")
    if found and head.startswith("data:"):
        media = {"type": "base64", "media_type": head.removeprefix("data:"), "data": data}
        return {"type": "image", "source": media}
    return {"type": "image", "source": {"type": "url", "url": part.source}}
