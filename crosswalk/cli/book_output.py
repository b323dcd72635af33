"""What imported files brought, for a person."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crosswalk.output import say

if TYPE_CHECKING:
    from crosswalk.jobs.books import BookRecord, Built


def say_imported(record: "BookRecord", before: Sequence["BookRecord"]) -> None:
    """What a file brought, what it replaced, and which book may be an earlier edition of it."""
    why = "they have no code" if record.groups else f"their codes are no unit groups of {record.scheme}"
    left = f"; {record.left_out:,} left out ({why})" if record.left_out else ""
    say(f"imported {record.file} as {record.name!r}: {record.groups:,} groups, {record.titles:,} titles{left}")
    for earlier in before:
        if earlier.name == record.name:
            say(f"it replaces {earlier.file} of {earlier.imported[:10]}")
        elif earlier.file == record.file:
            say(
                f"there is a book of that file name already, with other contents: {earlier.name!r}, of {earlier.imported[:10]}; "
                f"if this one succeeds it: crosswalk index remove {record.scheme} {earlier.name}"
            )


def say_built(scheme: str, built: "Built") -> None:
    """The index that was built, and titles that fit its groups no longer."""
    for name, count in built.dropped.items():
        say(f"{count:,} titles of {name!r} are left out: their codes are no unit groups of {scheme}")
    say(f"{scheme} now has {built.titles:,} index titles ({built.folder})")
