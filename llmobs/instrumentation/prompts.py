"""Prompts: from the prompt library, or put together in one's own code; either way one span says of what.

    client.chat.completions.create(**llmobs.prompt("greet", name="Ada"))

    with llmobs.assemble("answer") as prompt:
        prompt.part("instructions", INSTRUCTIONS)
        prompt.part("documents", documents, source="handbook")
        prompt.part("user", question)
    client.chat.completions.create(model="gpt-4o-mini", messages=prompt.messages())

The model calls that follow carry the prompt's name and version; how long is said in `context`.
"""

from typing import Any

from llmobs.instrumentation import content, context
from llmobs.instrumentation.arguments import arguments
from llmobs.instrumentation.fence import fenced
from llmobs.instrumentation.parts import SYSTEM, WRITTEN, Part, described, digest, of_messages
from llmobs.instrumentation.promptfile import Message, PromptFile, fill, find
from llmobs.instrumentation.span import Kind, Span
from llmobs.signals.prompt import SIGNAL as PROMPT

VERSION = PROMPT.fields["prompt_version"].attribute
HASH = PROMPT.fields["prompt_hash"].attribute
PARTS = PROMPT.fields["prompt_parts"].attribute
VARIABLE = "gen_ai.prompt.variable."
VARIABLE_CHARACTERS = 2_048  # the whole text stands on the call

ASSEMBLIES = Kind(
    "assemble_prompt",
    PROMPT.fields["prompt_name"].attribute,
    given=lambda arguments: {},
    returned=lambda value: {},
    keeps_prompt=False,
)


def prompt(name: str, provider: str | None = None, /, **variables: Any) -> dict[str, Any]:
    """The arguments of an SDK call, from `prompts/<name>.prompty` with `variables` in their places.

    They are `model`, `messages` and the options that the file sets, in the shape of the provider that it
    names (Anthropic, OpenAI chat, OpenAI responses with `apiType: responses`), or of `provider`. Whatever a
    value says, it stays text within its message.

    Raises FileNotFoundError where there is no such file, TypeError where a variable lacks or is not known,
    ValueError where the file is no prompt, ImportError where the extra `prompts` is not installed.
    """
    with Span(ASSEMBLIES, name, {}) as span:
        file = find(name)
        messages = fill(file, variables)
        ready = arguments(file, messages, provider)
        _record(span, file, messages, variables)
    context.assembled(file.name, file.version)
    return ready


def assemble(name: str, version: str | None = None) -> "Assembly":
    """A `with` block in which one's own code puts a prompt together, part by part.

    Without `version` it is a hash of the parts that its author wrote: those of kind system, developer,
    instructions, template and examples.
    """
    return Assembly(ASSEMBLIES, name, {VERSION: version})


class Assembly(Span):
    """A prompt in the making."""

    def __init__(self, kind: Kind, name: str | None, facts: dict[str, Any], arguments: Any = None) -> None:
        super().__init__(kind, name, facts, arguments)
        self._parts: list[Part] = []

    def part(self, kind: str, text: str, *, source: str | None = None, name: str | None = None) -> str:
        """Adds a part, and gives its text back.

        kind: system, instructions, examples, documents, history, user, assistant or your own word.
        source: where the text is from, such as a file or an index. name: if it has one of its own.
        """
        self._parts.append(Part(name or kind, kind, text, source))
        return text

    @property
    def text(self) -> str:
        """All parts, an empty line between each."""
        return "\n\n".join(part.text for part in self._parts)

    def messages(self) -> list[dict[str, str]]:
        """The parts as messages: system for what instructs, assistant for its own, user for all others;
        neighbours of one role are one message."""
        found: list[dict[str, str]] = []
        for part in self._parts:
            role = "system" if part.kind in SYSTEM else "assistant" if part.kind == "assistant" else "user"
            if found and found[-1]["role"] == role:
                found[-1]["content"] += "\n\n" + part.text
            else:
                found.append({"role": role, "content": part.text})
        return found

    def end(self, error: BaseException | None = None) -> None:
        self._describe()
        super().end(error)
        if error is None:
            self._apply()

    @fenced
    def _describe(self) -> None:
        written = [text for part in self._parts if part.kind in WRITTEN for text in (part.kind, part.text)]
        if written:
            hashed = digest(written)
            self._facts.setdefault(VERSION, hashed[:8])
            self.attribute(HASH, hashed)
            self.attribute(VERSION, self._facts[VERSION])
        self.attribute(PARTS, described(self._parts))

    @fenced
    def _apply(self) -> None:
        context.assembled(self._name or "", self._facts.get(VERSION))


@fenced
def _record(span: Span, file: PromptFile, messages: list[Message], variables: dict[str, Any]) -> None:
    span.attribute(VERSION, file.version)
    span.attribute(HASH, file.hash)
    span.attribute(PARTS, described(of_messages(file, messages, variables)))
    if content.captured():
        for name, value in variables.items():
            text = value if isinstance(value, str) else content.render(value)
            span.attribute(VARIABLE + name, content.say(text or "", VARIABLE_CHARACTERS))
