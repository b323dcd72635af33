"""Writes docs/reference.md from the commands themselves: python docs/make_reference.py"""

from pathlib import Path

import click

from crosswalk.cli import COMMANDS, cli

EXIT_CODES = """## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | there is not enough memory |
| 2 | the command cannot mean what was typed |
| 3 | a file cannot be used as it is |
| 4 | an index folder is missing or damaged |
| 5 | an encoder, classifier or LLM cannot be used |
| 6 | the store cannot be read or written |
| 130, 143, 129 | stopped by Ctrl+C, SIGTERM, SIGHUP |
"""


def reference() -> str:
    """The reference as Markdown: every command, argument and option, in the order of the help."""
    parts = ["# Reference\n\nMade from the commands by `python docs/make_reference.py`; a test keeps it so.\n"]
    context = click.Context(cli, info_name="crosswalk")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        parts += _sections(command, click.Context(command, parent=context, info_name=name))
    return "\n".join([*parts, EXIT_CODES])


def _sections(command: click.Command, context: click.Context) -> list[str]:
    text = f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    inner = [command.commands[name] for name in sorted(command.commands)] if isinstance(command, click.Group) else []
    return [text, *(part for each in inner for part in _sections(each, click.Context(each, parent=context, info_name=each.name)))]


if __name__ == "__main__":
    Path(__file__).with_name("reference.md").write_text(reference(), encoding="utf-8")
