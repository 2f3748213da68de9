"""The flags of the commands. Those for settings come from the table in `config`."""

import argparse
from collections.abc import Callable
from typing import NamedTuple

from llmobs import config_file

Parser = argparse.ArgumentParser


class Sub(NamedTuple):
    """A sub-command: what it runs, what its help says and shows, its flags."""

    name: str
    run: Callable[[argparse.Namespace], int]
    says: str
    examples: tuple[str, ...] = ()
    flags: tuple[Callable[[Parser], None], ...] = ()


def settings(one: Parser) -> None:
    """Every server setting."""
    add_settings(one, tuple(config_file.SERVER))


def where(one: Parser) -> None:
    """What one needs to find a collector or its data."""
    add_settings(one, ("data", "host", "http_port"))


def telling(one: Parser) -> None:
    """The same, and whom alerts are told to."""
    add_settings(one, ("data", "host", "http_port", "webhook"))


def add_settings(one: Parser, names: tuple[str, ...]) -> None:
    group = one.add_argument_group("settings")
    group.add_argument("--config", metavar="FILE", help="YAML file with any of the settings below")
    named_units = ("port", "file", "folder", "URL")
    for name in names:
        setting = config_file.SERVER[name]
        unit = f" [{setting.unit}]" if setting.unit and setting.unit not in named_units else ""
        default = f" (default {setting.default})" if setting.default != "" else ""
        group.add_argument(
            f"--{name.replace('_', '-')}",
            type=setting.parse,
            metavar=setting.unit.upper() if setting.unit in named_units else "VALUE",
            help=f"{setting.says.rstrip('.')}{unit}{default}".replace("%", "%%"),
        )


def parent(one: Parser) -> None:
    one.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)


def demo(one: Parser) -> None:
    one.add_argument("--fresh", action="store_true", help="forget the demo's earlier data (never the real)")
    one.add_argument("--speed", type=positive, default=1.0, metavar="FACTOR", help="live traffic (default 1)")
    one.add_argument("--no-history", action="store_true", help="live traffic without two days before it")
    one.add_argument("--seed", type=int, default=7, metavar="NUMBER", help="other traffic (default 7)")
    one.add_argument("--duration", type=positive, metavar="SECONDS", help="end by itself after so long")


def positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return number


def sql(one: Parser) -> None:
    one.add_argument("sql", nargs="?", metavar="SQL", help="one read-only statement; - for what is piped in")
    one.add_argument("--format", choices=("table", "json", "csv", "parquet"), default="table")
    one.add_argument("-o", "--output", metavar="FILE", help="write there instead of to standard output")


def program(one: Parser) -> None:
    one.add_argument(
        "program", nargs=argparse.REMAINDER, metavar="-- PROGRAM", help="python app.py and its arguments"
    )


def alerts(one: Parser) -> None:
    one.add_argument("--all", action="store_true", help="also those that are resolved")
    one.add_argument("--test", action="store_true", help="send a test message over every channel")
    one.add_argument("--dry-run", action="store_true", help="show the test message, send nothing")
    one.add_argument("--format", choices=("table", "json", "csv"), default="table")
