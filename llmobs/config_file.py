"""The configuration file: YAML whose keys are the names of the server's settings.

A wrong file is refused with file, line, key and what was expected; nothing is guessed. `yes`, `no`, `on`
and `off` are true and false in YAML 1.1, which PyYAML 6.0 speaks: a text that looks so must be quoted.
"""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmobs.config import NUMBERS, SETTINGS, Setting, value

SERVER = {name: s for name, s in SETTINGS.items() if s.half == "server"}
# What a number may be, by the unit of its setting.
RANGES: dict[str, tuple[float, float]] = {
    "port": (1, 65_535),
    "bytes": (65_536, 2**50),
    "days": (0.01, 36_500),
    "s": (0.1, 86_400),
}
# How a text has to look, by the unit of its setting, and that in words.
FORMS: dict[str, tuple[str, str]] = {
    "URL": (r"https?://[^\s/].*", "an address such as https://llmobs.example.com"),
    "size": (r"(?i)\d+(\.\d+)? ?[kmgt]i?b", "a size such as 512MB or 2GB"),
}
WORDS = {**NUMBERS, str: "text", bool: "true or false"}


class WrongSetting(ValueError):
    """A setting that cannot be used; the text says where it stands and what was expected."""


def load(path: str | Path | None = None, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Every server setting, from `arguments` (None for not given), environment, file and default.

    Files and folders come back absolute: those named in the configuration file count from its folder,
    all others from the current one.
    """
    file = read(Path(path)) if path else {}
    settings = {}
    for name, setting in SERVER.items():
        try:
            found = value(name, (arguments or {}).get(name), file)
        except ValueError as wrong:
            raise WrongSetting(str(wrong)) from wrong
        if expected := problem(setting, found):
            raise WrongSetting(
                f"{name} = {found!r}: expected {expected}. It was given as --{name.replace('_', '-')} "
                f"or {setting.env}."
            )
        settings[name] = absolute(setting, found, Path.cwd())
    return settings


def read(path: Path) -> dict[str, Any]:
    """The settings in `path`, checked. WrongSetting names file, line and key."""
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as wrong:
        raise WrongSetting(
            f"{path}: cannot be read ({wrong.strerror}). --config names a YAML file."
        ) from wrong
    except UnicodeDecodeError as wrong:
        raise WrongSetting(f"{path}: is not UTF-8 text ({wrong.reason} at byte {wrong.start}).") from wrong
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as wrong:
        # a token that was begun and not ended is noticed later: its beginning is the line to mend
        scanning = (wrong.context or "").startswith("while scanning")
        mark = wrong.context_mark if scanning else wrong.problem_mark
        raise WrongSetting(f"{path}:{mark.line + 1 if mark else 1}: is not YAML: {wrong.problem}.") from wrong
    except yaml.YAMLError as wrong:  # a control character: it has no line
        raise WrongSetting(f"{path}: is not YAML: {wrong}.") from wrong
    if tree is None:
        return {}
    if not isinstance(tree, yaml.MappingNode):
        raise WrongSetting(f"{path}:{tree.start_mark.line + 1}: expected lines such as `http_port: 4318`.")
    return checked(path, tree)


def checked(path: Path, tree: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for key_node, value_node in tree.value:
        key, where = str(key_node.value), f"{path}:{key_node.start_mark.line + 1}"
        if key not in SERVER:
            raise WrongSetting(f"{where}: there is no setting {key!r}. {nearest(key)}")
        if key in settings:
            raise WrongSetting(f"{where}: {key} stands twice in this file. Keep one of them.")
        found = loaded(where, value_node)
        if SERVER[key].parse is float and type(found) is int:
            found = float(found)
        if expected := problem(SERVER[key], found):
            raise WrongSetting(f"{where}: {key}: {found!r} is not {expected}.")
        settings[key] = absolute(SERVER[key], found, path.resolve().parent)
    return settings


def loaded(where: str, node: Any) -> Any:
    import yaml

    try:
        return yaml.SafeLoader("").construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError) as wrong:  # a tag of Python's, or 2026-13-45
        raise WrongSetting(f"{where}: {node.value!r} cannot be read as {node.tag}. Quote it.") from wrong


def problem(setting: Setting, found: Any) -> str | None:
    """What was expected, where `found` cannot be a value of `setting`; None where it can."""
    wanted = type(setting.default)
    low, high = RANGES.get(setting.unit, (float("-inf"), float("inf")))
    word = WORDS.get(wanted, wanted.__name__)
    expected = f"{word} ({setting.says[0].lower()}{setting.says[1:].rstrip('.')})"
    if setting.unit in RANGES:
        unit = "" if setting.unit == "port" else f" {setting.unit}"
        expected = f"{word} from {low:.16g} to {high:.16g}{unit}"
    if setting.unit in FORMS:
        form, expected = FORMS[setting.unit]
        fits = isinstance(found, str) and re.fullmatch(form, found)
        return None if fits or found == setting.default else expected
    if type(found) is not wanted:
        return expected
    return expected if wanted in (int, float) and not low <= found <= high else None


def nearest(key: str) -> str:
    close = difflib.get_close_matches(key.lower().replace("-", "_"), SERVER, n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(sorted(SERVER))}."


def absolute(setting: Setting, found: Any, folder: Path) -> Any:
    if setting.unit not in ("file", "folder") or not found:
        return found
    return str((folder / Path(found).expanduser()).absolute())
