"""The classification that a book's codes belong to, kept beside the book as a TSV a person can read."""

import csv
from pathlib import Path

from crosswalk.errors import IndexFolderError
from crosswalk.manifest import replacing
from crosswalk.model import Classification, Item

FILE = "groups.tsv"
_HEADER = ["code", "level", "parent", "title", "notes"]


def save_classification(folder: Path, classification: Classification) -> None:
    """Write groups.tsv; its first line holds scheme and version."""
    with replacing(folder / FILE) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow([classification.scheme, classification.version])
        writer.writerow(_HEADER)
        writer.writerows([item.code, item.level, item.parent or "", item.title, item.notes] for item in classification.items)


def load_classification(folder: Path) -> Classification:
    """Read groups.tsv. Raises IndexFolderError when it is not whole."""
    try:
        with (folder / FILE).open(encoding="utf-8", newline="") as stream:
            csv.field_size_limit(2**31 - 1)  # notes of a group are as long as their file had them
            reader = csv.reader(stream, delimiter="\t")
            scheme, version = next(reader)
            next(reader)
            items = tuple(Item(code, title, int(level), parent or None, notes) for code, level, parent, title, notes in reader)
    except (OSError, ValueError, csv.Error, StopIteration) as error:
        raise IndexFolderError(f"{FILE} cannot be read ({error!r})", where=str(folder), hint="build the index again") from None
    return Classification(scheme, version, items)
