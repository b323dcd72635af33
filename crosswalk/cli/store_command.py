"""crosswalk store copy, backup, verify, erase"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crosswalk.cli import options

if TYPE_CHECKING:
    from crosswalk.store.verifying import Verified


@click.group("store")
def command() -> None:
    """Move stores between files and PostgreSQL, back them up, verify them, erase answers."""


@command.command("copy")
@click.argument("source", type=options.PLACE)
@click.argument("target", type=options.PLACE)
def copy(source: options.Place, target: options.Place) -> None:
    """Copy a whole store into an empty one, and back: runs, answers, decisions with their chain.

    A store is a file, or the address of a PostgreSQL database. Nobody should write to SOURCE meanwhile.

    \b
    Examples:
      crosswalk store copy crosswalk.db postgresql://coder@server/coding
      crosswalk store copy postgresql://coder@server/coding copy.db
    """
    from crosswalk import output
    from crosswalk.store.copying import copy_store
    from crosswalk.store.store import Store

    with Store(source, create=False) as old, Store(target) as new:
        with output.progress("copying", "rows") as progress:
            counts = copy_store(old, new, progress)
        shown = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        output.say(f"copied to {new.path}: {shown or 'an empty store'}")


@command.command("backup")
@click.argument("target", type=options.FILE)
@options.store
def backup(target: Path, store_path: options.Place | None) -> None:
    """Write the store as it is now into a new file, while others go on working.

    Never copy the file of a store yourself: what was decided last stands in a second file beside it. The backup is verified before
    it gets its name; it is a store like any other (give it with --store).

    \b
    Example:
      crosswalk store backup monday.db
    """
    from crosswalk import output
    from crosswalk.store.copying import back_up
    from crosswalk.store.store import Store

    with Store(options.store_file(store_path), create=False) as store:
        output.say(f"backed up to {target}: {_in_words(back_up(store, target))}, verified")


@command.command("verify")
@options.store
def verify(store_path: options.Place | None) -> None:
    """Read all of a store and say whether it is as it was written.

    Every decision is bound to the one before it by a hash: a changed one, by a hand or by a disk, is named with its number. What the
    program found by itself is checked for its structure only, since the same command makes it again.

    \b
    Example:
      crosswalk store verify --store monday.db
    """
    import shlex

    from crosswalk import output
    from crosswalk.store.store import Store
    from crosswalk.store.verifying import verify_store

    with Store(options.store_file(store_path), create=False) as store:
        output.say(f"{store.path} is whole: {_in_words(verify_store(store))}")
        if store.read_by_all():
            output.say(f"everybody on this machine can read it (chmod 600 {shlex.quote(str(store.path))} makes it yours)")


@command.command("erase")
@click.option("--text", "texts", multiple=True, help="An answer, whole and in any case; as it stood in one of its columns.")
@click.option("--texts", "texts_file", type=options.FILE, help="File with an answer a line, so that none stands in your shell's history.")
@click.option("--containing", "parts", multiple=True, help="Words that stand in an answer, or in what a coder wrote of it.")
@click.option("--key", "keys", multiple=True, help="Key of an answer, as shown here.")
@click.option("--run", "run_name", help="Of this run alone (default: of all).")
@click.option("--reason", default="", help="Why, for the log; do not repeat the answer.")
@click.option("--coder", help="Who erases (default: your account).")
@click.option("--yes", is_flag=True, help="Erase; without it the answers are only shown.")
@options.store
def erase(
    texts: tuple[str, ...],
    texts_file: Path | None,
    parts: tuple[str, ...],
    keys: tuple[str, ...],
    run_name: str | None,
    reason: str,
    coder: str | None,
    yes: bool,
    store_path: options.Place | None,
) -> None:
    """Erase what respondents wrote from answers, cases, comments and a language model's replies, for good.

    Codes, counts and decisions stay, and 'store verify' still finds the log whole. The file is written anew, so that no byte of it is
    left: nobody else may have the store open. Files you wrote, backups and look-up tables are not reached.

    \b
    Examples:
      crosswalk store erase --texts withdrawn.txt
      crosswalk store erase --texts withdrawn.txt --reason "request 17" --yes
    """
    from crosswalk import output
    from crosswalk.jobs.erasing import erase_answers, find_answers, wanted_answers
    from crosswalk.store.store import Store

    wanted = wanted_answers(keys, texts, texts_file, parts, run_name)
    with Store(options.store_file(store_path), create=False) as store:
        found = find_answers(store, wanted)
        if yes:
            erase_answers(store, found, coder, reason)
        else:
            output.print_table(["run", "key", "rows", "text"], [[one.run, one.key, str(one.rows), one.text] for one in found])
    answers = f"{len(found):,} answer{'' if len(found) == 1 else 's'}" if found else "no answer"
    output.say(f"{answers} erased, the store written anew" if yes else f"{answers} would be erased: give --yes to erase")


def _in_words(verified: "Verified") -> str:
    return f"{verified.runs:,} runs, {verified.cases:,} cases, {verified.decisions:,} decisions"
