"""The command line. Each command is a module of its own, imported when it is called."""

import gc
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path

import click

from crosswalk import __version__
from crosswalk.errors import CrosswalkError
from crosswalk.text import one_line

COMMANDS = {
    "lookup": "Code titles, now.",
    "map": "Map a classification to ISCO-08.",
    "code": "Code the answers of a survey or a census.",
    "fit": "Train a classifier of your own from coded answers.",
    "review": "Decide by keys what a run left to people.",
    "queue": "Show how far the people are.",
    "agreement": "Report how coders agree.",
    "evaluate": "Measure quality against known codes.",
    "quality": "Quality of coded runs: who decided, drift, reports.",
    "export": "Write a run to a file.",
    "import": "Import official files: ISCO-08, indexes, ESCO, classifications.",
    "index": "Build and list the books of titles.",
    "discover": "Find new index titles and new occupations in job ads.",
    "diff": "Compare two versions of a classification.",
    "compose": "Chain correspondence tables, invert them, convert coded data.",
    "carry": "Carry decisions to the run of a new version.",
    "release": "Make a new version of a classification from accepted proposals.",
    "runs": "List what was done.",
    "privacy": "Show what of a file would leave this machine.",
    "serve": "Serve look-ups, batches and OpenRefine over HTTP.",
    "store": "Move, back up and verify stores.",
    "bundle": "Write a folder to install from without a network.",
    "train": "Train the models that crosswalk ships.",
}

_GO_ON = {"map", "code"}  # commands that find what they had done before they were stopped


class _Commands(click.Group):
    """Lists the commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"crosswalk.cli.{cmd_name}_command").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(f"no command {args[0]!r}" + (f"; did you mean {near[0]!r}?" if near else "; see crosswalk --help"))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="crosswalk")
def cli() -> None:
    """Link job titles and national classifications of occupations to ISCO-08, offline.

    \b
    Try:
      crosswalk lookup "data analyst" "chauffeur de bus"
      crosswalk map my-classification.xlsx -o mapped.xlsx
      crosswalk code survey.csv --text-column occupation -o coded.csv
    """


def main() -> None:
    """Run a command; errors end in one line on stderr and the exit code of their kind."""
    _ready_streams()
    _catch_signals()
    gc.set_threshold(50_000)  # what an index is made of stays: looking through it for what may go took a twentieth of a look-up
    try:
        answer = cli(standalone_mode=False)
        sys.stdout.flush()
        code = answer if isinstance(answer, int) else 0
    except (SystemExit, BrokenPipeError):  # click exits so when the reader of a pipe has gone
        code = 0
    except (CrosswalkError, click.Abort, click.ClickException, OSError, MemoryError) as error:
        code = _explain(error)
    except Exception as error:  # noqa: BLE001  (a fault of ours; its message may hold a person's answer, so only its place is told)
        code = _tell_of_fault(error)
    _leave(code)


def _explain(error: Exception) -> int:
    """Say what went wrong; gives the exit code."""
    if isinstance(error, CrosswalkError):
        return _tell(str(error), error.hint, error.exit_code)
    if isinstance(error, click.Abort):
        stopped_by = error.__cause__.args[0] if error.__cause__ and error.__cause__.args else 2
        goes_on = "the same command goes on from here" if _GO_ON.intersection(sys.argv[1:2]) else "give the same command again"
        return _tell("stopped", f"nothing that was saved is lost; {goes_on}", 128 + int(stopped_by))
    if isinstance(error, click.ClickException):
        return _tell_of_usage(error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else "the output cannot be written: "
        return _tell(f"{where}{error.strerror or error}", "check that the file or folder is there, its permissions, and the disk", 3)
    return _tell("there is not enough memory", "close other programs, or cut the file into several", 1)


def _tell_of_usage(error: click.ClickException) -> int:
    """click's own refusals, in our words: what was typed may hold anything."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return error.exit_code
    context = getattr(error, "ctx", None)
    return _tell(error.format_message(), f"{context.command_path} --help" if context else "", error.exit_code)


def _tell_of_fault(error: Exception) -> int:
    """A fault of the program: its kind and where in our code, without the values, which are people's answers."""
    if os.environ.get("CROSSWALK_TRACEBACK"):
        raise error
    trace, places = error.__traceback__, []
    while trace:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} in {code.co_name}")
        trace = trace.tb_next
    hint = "what was saved is kept; please report this line. To see values too, which may be people's answers: CROSSWALK_TRACEBACK=1"
    return _tell(f"crosswalk broke ({type(error).__name__} at {' < '.join(reversed(places[-3:]))})", hint, 1)


def _tell(message: str, hint: str, code: int) -> int:
    with suppress(OSError):
        click.echo(click.style("error: ", fg="red", bold=True) + one_line(message), err=True)
        if hint:
            click.echo(f"  next: {one_line(hint)}", err=True)
    return code


def _ready_streams() -> None:
    """Closed streams swallow what is written; characters the terminal's encoding lacks are written as escapes."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _catch_signals() -> None:
    """SIGTERM and SIGHUP end a command as Ctrl+C does: progress bars give the cursor back, and it is said how to go on."""

    def interrupt(number: int, _frame: object) -> None:
        raise KeyboardInterrupt(number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, interrupt)


def _leave(code: int) -> None:
    """Exit; what can no longer be written to stdout is dropped, since Python would complain of it after all is said."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)
