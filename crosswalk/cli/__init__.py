"""The command line. Each command is a module of its own, imported when it is called."""

import sys
from importlib import import_module

import click

from crosswalk import __version__
from crosswalk.errors import CrosswalkError

COMMANDS = {
    "lookup": "Code titles, now.",
    "map": "Map a classification to ISCO-08.",
    "code": "Code the answers of a survey or a census.",
    "evaluate": "Measure quality against known codes.",
    "export": "Write a run to a file.",
    "import": "Import official files: ISCO-08, indexes, ESCO, classifications.",
    "index": "Build and list the books of titles.",
    "runs": "List what was done.",
    "train": "Train the models that crosswalk ships.",
}


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
    try:
        cli(standalone_mode=False)
    except CrosswalkError as error:
        _tell(str(error), error.hint)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as finished:
        sys.exit(finished.exit_code)
    except click.Abort:
        _tell("stopped", "nothing that was saved is lost; the same command goes on from here")
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


def _tell(message: str, hint: str) -> None:
    click.echo(click.style("error: ", fg="red", bold=True) + message, err=True)
    if hint:
        click.echo(f"  next: {hint}", err=True)
