"""Erasing what a respondent wrote: which answers are meant, and what became of it."""

from collections.abc import Sequence
from pathlib import Path

from crosswalk.errors import DataError, UsageError
from crosswalk.store.erasing import Found, Wanted
from crosswalk.store.sessions import os_user
from crosswalk.store.store import Store
from crosswalk.text import clean, is_plain_name

_LONGEST_REASON = 500


def wanted_answers(keys: Sequence[str], texts: Sequence[str], file: Path | None, parts: Sequence[str], run: str | None) -> Wanted:
    """Which answers are to be erased. Raises UsageError where nothing says so, DataError for a file that cannot be read."""
    every = [*texts, *(_lines(file) if file else ())]
    wholes, words = (frozenset(clean(text).casefold() for text in some) - {""} for some in (every, parts))
    if not (keys or wholes or words):
        raise UsageError("which answers are to be erased?", hint="give --text, --texts, --containing or --key")
    return Wanted(frozenset(keys), wholes, tuple(words), run or "")


def find_answers(store: Store, wanted: Wanted) -> list[Found]:
    """The answers that are meant. Raises UsageError for a run that is not there."""
    if wanted.run:
        store.run(wanted.run)
    return store.erasing.find(wanted)


def erase_answers(store: Store, found: Sequence[Found], name: str | None, reason: str) -> None:
    """Erase them and write the store anew; nothing of them is left in it when this returns.

    Raises UsageError for a name that cannot be, StoreError while others have the store open (then the command is to be given again).
    """
    who = name or os_user() or "unknown"
    if not is_plain_name(who) or len(who) > 100:
        raise UsageError(f"{who[:60]!r} cannot be a coder's name", hint="give --coder a name of at most 100 characters")
    if found:
        store.erasing.erase(found, store.sessions.begin(who), clean(reason)[:_LONGEST_REASON])
    store.erasing.scrub()


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DataError(f"the file cannot be read ({said})", where=str(file), hint="name a text file with an answer a line") from None
