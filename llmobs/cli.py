"""The command `llmobs`: each sub-command calls one function.

Server and demo are imported inside the commands, so that `llmobs run` and `llmobs doctor` work where only the
instrumentation is installed.
"""

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import Any

from llmobs import __version__, cli_flags, config_file
from llmobs.cli_flags import Sub
from llmobs.config import put

NEEDED = {
    "server": ("duckdb", "pyarrow", "streamlit", "uvicorn", "yaml"),
    "demo": ("anthropic", "openai", "prompty"),
}
EXAMPLES = """
examples:
  llmobs demo                      look at everything with demo data; no key, no network
  llmobs up                        collector, alerts and dashboard; Ctrl-C ends all
  llmobs run -- python app.py      run a program instrumented, with no change of code
  llmobs doctor                    why do I see nothing?
  llmobs sql "SELECT model, count(*), sum(cost_usd) FROM calls GROUP BY model"

Settings: command line over LLMOBS_* variables over --config FILE over defaults.
"""


class Missing(ImportError):
    """An extra is not installed; the text says the command that installs it."""


def up(given: argparse.Namespace) -> int:
    need(given.command, "server")
    from llmobs.server.up import up as run

    return run(settings(given))


def demo(given: argparse.Namespace) -> int:
    need(given.command, "server", "demo")
    from llmobs.demo.run import Options, run

    history = not given.no_history
    chosen = Options(given.fresh, given.speed, history, given.seed, given.duration, given.webhook)
    return run(settings(given), chosen)


def collector(given: argparse.Namespace) -> int:
    need(given.command, "server")
    put({"ARROW_DEFAULT_MEMORY_POOL": "system"})  # Arrow's own keeps 100 MB more at 10,000 spans a second
    from llmobs.server.service import serve

    watch_parent(given)
    serve(settings(given))
    return 0


def dashboard(given: argparse.Namespace) -> int:
    need(given.command, "server")
    from llmobs.server.dashboard import serve

    watch_parent(given)
    serve(settings(given))
    return 0


def watch(given: argparse.Namespace) -> int:
    need(given.command, "server")
    from llmobs.server.alerts import watch as run

    watch_parent(given)
    run(settings(given))
    return 0


def run_program(given: argparse.Namespace) -> int:
    from llmobs.instrumentation.run import main as run

    return run(given.program)


def doctor(given: argparse.Namespace) -> int:
    from llmobs.instrumentation.doctor import report

    print(report())
    return 0


def sql(given: argparse.Namespace) -> int:
    need(given.command, "server")
    from llmobs.server.sql_command import run

    if given.format == "parquet" and not given.output and sys.stdout.isatty():
        raise ValueError("Parquet is not for a terminal. Write it to a file: -o FILE.")
    return run(settings(given), given.sql, given.format, given.output)


def alerts(given: argparse.Namespace) -> int:
    need(given.command, "server")
    from llmobs.server.alerts_command import alerts as run
    from llmobs.server.alerts_command import test

    if given.test or given.dry_run:
        return test(settings(given), given.dry_run)
    return run(settings(given), given.all, given.format)


def rules(given: argparse.Namespace) -> int:
    need(given.command, "server")
    from llmobs.server.alerts_command import rules as run

    return run()


def version(given: argparse.Namespace) -> int:
    print(f"llmobs {__version__}")
    return 0


COMMANDS = (
    Sub(
        "up",
        up,
        "Start collector, alert engine and dashboard; Ctrl-C ends all.",
        ("llmobs up", "llmobs up --http-port 14318 --data /srv/llmobs", "llmobs up --config llmobs.yaml"),
        (cli_flags.settings,),
    ),
    Sub(
        "demo",
        demo,
        "The same with demo traffic, two days of history and incidents to watch.",
        ("llmobs demo", "llmobs demo --fresh --speed 3"),
        (cli_flags.demo, cli_flags.settings),
    ),
    Sub(
        "collector",
        collector,
        "Only the collector: takes OTLP, keeps it, answers questions.",
        ("llmobs collector --host 0.0.0.0",),
        (cli_flags.settings, cli_flags.parent),
    ),
    Sub(
        "dashboard",
        dashboard,
        "Only the dashboard, beside a collector that runs.",
        ("llmobs dashboard --dashboard-port 8600",),
        (cli_flags.settings, cli_flags.parent),
    ),
    Sub(
        "watch",
        watch,
        "Only the alert engine, beside a collector that runs.",
        ("llmobs watch --webhook https://hooks.example.com/llm --alert-interval 30",),
        (cli_flags.settings, cli_flags.parent),
    ),
    Sub(
        "run",
        run_program,
        "Run a program instrumented, with no change of code.",
        ("llmobs run -- python app.py", "llmobs run -- python -m my.service"),
        (cli_flags.program,),
    ),
    Sub("doctor", doctor, "What is installed, patched, failed and why; where spans go."),
    Sub(
        "sql",
        sql,
        "Ask the store in SQL; alone, list the views and their columns.",
        (
            "llmobs sql",
            'llmobs sql "SELECT model, count(*), sum(cost_usd) FROM calls GROUP BY model"',
            'llmobs sql --format parquet -o calls.parquet "FROM calls"',
            "llmobs sql --format csv < question.sql > answer.csv",
        ),
        (cli_flags.sql, cli_flags.where),
    ),
    Sub(
        "alerts",
        alerts,
        "What fires or is about to, and why; or send a test message.",
        ("llmobs alerts", "llmobs alerts --all --format json", "llmobs alerts --test --webhook https://..."),
        (cli_flags.alerts, cli_flags.telling),
    ),
    Sub("rules", rules, "Which alert rules there are, and whether they pass their own examples."),
    Sub("version", version, "Which version this is."),
)


def settings(given: argparse.Namespace) -> dict[str, Any]:
    """Every server setting, with those given on the command line."""
    named = {name: getattr(given, name, None) for name in config_file.SERVER}
    return config_file.load(given.config, named)


def watch_parent(given: argparse.Namespace) -> None:
    """`--with-parent`: started by `llmobs up`, ends when that does."""
    if given.with_parent:
        from llmobs.server.tree import end_with_parent

        end_with_parent()


def need(command: str, *extras: str) -> None:
    """Missing says which extra `command` wants, before anything is started."""
    for name in (module for extra in extras for module in NEEDED[extra]):
        if importlib.util.find_spec(name) is None:
            install = f"pip install 'llmobs[{','.join(extras)}]'"
            raise Missing(f"`llmobs {command}` needs {name}. Install it with: {install}")


def parser() -> argparse.ArgumentParser:
    """All commands with their flags."""
    top = argparse.ArgumentParser(
        prog="llmobs",
        description="Observability for LLM calls: instrument, collect, look, be alerted.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"llmobs {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for sub in COMMANDS:
        one = commands.add_parser(
            sub.name,
            help=sub.says,
            description=sub.says,
            epilog="\n  ".join(("examples:", *sub.examples)) if sub.examples else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one.set_defaults(run=sub.run)
        for add in sub.flags:
            add(one)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 for done, 1 for a failure that standard error explains, 2 for wrong usage."""
    top = parser()
    given = top.parse_args(argv)
    if given.command is None:
        top.print_help()
        return 2
    try:
        code: int = given.run(given)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # `llmobs sql ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, LookupError, OSError, Missing) as wrong:
        print(f"llmobs {given.command}: {wrong}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
