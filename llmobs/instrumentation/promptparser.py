"""Where the messages of a prompt file begin: prompty's parser, with the values out of its reach.

In prompty 2.1.0 (read on 2026-11-22) a value with a line such as `user:` breaks the call in strict mode,
begins a message of its own otherwise, and loses line ends either way. Here a message begins only at a mark
that is put into the template before any value is, with a nonce that nobody can guess; a value stays text, to
the letter.
"""

import functools
import re
from collections.abc import Iterable
from importlib import import_module
from typing import Any

PARSER = "llmobs"  # the name in prompty's registry
ROLE = re.compile(r'(\w+)\[nonce="[0-9a-f]{16}"\]:\n')  # how prompty rewrites a line that names a role


def prompty() -> Any:
    """The library, with our parser in its registry; ImportError that says what to install."""
    try:
        library = import_module("prompty")
        import_module("jinja2")
    except ImportError as missing:
        raise ImportError(
            f"Prompt files need {missing.name}, which is not installed. Install it with: "
            f"pip install 'llmobs[prompts]'"
        ) from missing
    register(library)
    return library


@functools.cache
def register(library: Any) -> None:
    library.register_parser(PARSER, Parser(library))


def use(library: Any, agent: Any, threads: Iterable[str]) -> None:
    """Sets our parser, and strict mode whatever the file says: only then are marks made."""
    agent.instructions = Parser(library).apart(agent.instructions, threads)
    agent.template = agent.template or library.Template()
    agent.template.format = agent.template.format or library.FormatConfig(kind="jinja2")
    agent.template.format.strict = True
    agent.template.parser = library.ParserConfig(kind=PARSER)


class Parser:
    """prompty calls `pre_render` before values come in, `parse` afterwards.

    Empty lines around a message belong to the layout of the file and go; those of a value stay. Where a
    message begins or ends with a statement (`{% ... %}`) the two cannot be told apart, and go.
    """

    def __init__(self, library: Any) -> None:
        self._library = library
        self._roles = import_module("prompty.parsers.prompty").PromptyChatParser()

    def apart(self, template: str, threads: Iterable[str]) -> str:
        """The template with each thread in a message of its own: prompty strips the text beside one."""
        told, _ = self._roles.pre_render(template)
        names = "|".join(map(re.escape, threads))

        def alone(found: re.Match[str]) -> str:
            role = ["system", *ROLE.findall(told[: found.start()])][-1]
            return f"\n{role}:\n{found[0]}\n{role}:\n"

        return re.sub(rf"{{{{-?\s*(?:{names})\s*-?}}}}", alone, told) if names else template

    def pre_render(self, template: str) -> tuple[str, dict[str, Any]]:
        """The template with a mark in place of each line that names a role, and what `parse` needs."""
        told, found = self._roles.pre_render(template)
        nonce = found["nonce"]
        pieces = ROLE.split(told)
        texts = [text.strip("\r\n") for text in (pieces[0], *pieces[2::2])]
        marked = "".join(f"<{nonce}:{place}>{text}" for place, text in enumerate(texts))
        return marked, {"nonce": nonce, "roles": ["system", *pieces[1::2]], "texts": texts}

    def parse(
        self, agent: Any, rendered: str, *, nonce: str, roles: list[str], texts: list[str]
    ) -> list[Any]:
        """prompty's messages, cut at our marks and nowhere else."""
        messages = []
        for piece in rendered.split(f"<{nonce}:")[1:]:
            number, _, text = piece.partition(">")
            place = int(number)
            if nonce in text.lower():
                raise ValueError("a line that names a role lies within a filter. Filter the values instead.")
            if texts[place].startswith(("{%", "{#")):
                text = text.lstrip("\r\n")
            if texts[place].endswith(("%}", "#}")):
                text = text.rstrip("\r\n")
            # place 0 is what stands before the first role: as a rule nothing
            if texts[place] and (place or text.strip()):
                part = self._library.TextPart(value=text)
                messages.append(self._library.Message(role=roles[place], parts=[part]))
        return messages
