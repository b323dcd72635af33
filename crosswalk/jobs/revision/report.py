"""Changes between two versions as tables: the change table, and how many there are of each kind."""

from collections.abc import Sequence
from pathlib import Path

from crosswalk.files.tabular import Sheet, write_tables
from crosswalk.jobs.revision.changes import GSIM, Change, counts
from crosswalk.model import Item

CHANGE_COLUMNS = ("old_code", "old_title", "change", "gsim", "new_code", "new_title", "evidence")

BRIEF_COLUMNS = tuple(name for name in CHANGE_COLUMNS if name != "gsim")


def change_cells(change: Change) -> list[str]:
    """A row of the change table."""
    return [
        *_item_cells(change.old),
        ", ".join(change.kinds) or "unchanged",
        ", ".join(GSIM[kind] for kind in change.kinds),
        *_item_cells(change.new),
        change.evidence,
    ]


def brief_cells(change: Change) -> list[str]:
    """A row without GSIM's letters, for a terminal."""
    return [cell for name, cell in zip(CHANGE_COLUMNS, change_cells(change), strict=True) if name != "gsim"]


def write_changes(path: Path, changes: Sequence[Change]) -> list[Path]:
    """Write the change table and its counts (two sheets, or two files)."""
    return write_tables(path, [changes_sheet(changes), counts_sheet(changes)])


def changes_sheet(changes: Sequence[Change]) -> Sheet:
    """All rows, those that changed nothing too: the sheet is a whole correspondence table."""
    return Sheet("changes", CHANGE_COLUMNS, (change_cells(change) for change in changes))


def counts_sheet(changes: Sequence[Change]) -> Sheet:
    """Rows of each kind of change, with GSIM's terms."""
    return Sheet("counts", ("change", "gsim", "rows"), ([kind, gsim_term(kind), str(rows)] for kind, rows in counts(changes).items()))


def changes_as_json(old: str, new: str, changes: Sequence[Change]) -> dict[str, object]:
    """What ``diff --json`` prints."""
    rows = [
        dict(zip(CHANGE_COLUMNS, change_cells(change), strict=True)) | {"change": list(change.kinds)} for change in changes if change.kinds
    ]
    return {"old": old, "new": new, "counts": counts(changes), "changes": rows}


def gsim_term(kind: str) -> str:
    """GSIM's term for a kind of change, blank for "unchanged"."""
    return next((term for known, term in GSIM.items() if known == kind), "")


def _item_cells(item: Item | None) -> tuple[str, str]:
    return (item.code, item.title) if item else ("", "")
