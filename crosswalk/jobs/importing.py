"""Official files into the user's folder: ISCO-08's structure, index titles, ESCO labels, any classification.

Each function reads one file to a book; ``jobs.books`` keeps it and builds the user's index with it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crosswalk.errors import DataError, UsageError
from crosswalk.files.columns import guess_code, guess_description, guess_title, named_column
from crosswalk.files.readers import read_table
from crosswalk.files.table import Table
from crosswalk.jobs.books import Book, BookRecord, unit_groups
from crosswalk.jobs.indexing import ISCO_08, shipped_isco_08
from crosswalk.manifest import sha256_of
from crosswalk.model import IndexTitle, Item, check_items
from crosswalk.text import clean

KINDS = ("isco-08", "isco-index", "esco", "titles", "classification")


@dataclass(frozen=True)
class Reading:
    """How files to be imported are read, as far as the user said."""

    scheme: str = ISCO_08
    version: str = ""
    language: str = ""
    sheet: str | None = None
    code_column: str | None = None
    title_column: str | None = None


def scheme_of(kind: str, scheme: str | None, files: int) -> str:
    """The scheme that files of a kind belong to. Raises UsageError where that cannot be meant."""
    if kind in ("isco-08", "classification") and files > 1:
        raise UsageError(f"a scheme has one structure, and here are {files} files", hint="give one file")
    if kind in ("isco-08", "esco") and scheme not in (None, ISCO_08):
        raise UsageError(f"{kind} belongs to {ISCO_08}", where="--scheme", hint="leave out --scheme")
    if kind == "classification" and scheme in (None, ISCO_08):
        raise UsageError(
            "a classification needs a name of its own (ISCO-08 is there already)", where="--scheme", hint="for instance --scheme ssoc-2024"
        )
    return scheme or ISCO_08


def read_book(kind: str, path: Path, how: Reading) -> Book:
    """Read a file of one of ``KINDS``. Raises DataError for files that are something else, UsageError for unknown columns."""
    if kind == "isco-08":
        return import_isco_08(path, how.sheet)
    if kind == "esco":
        return import_esco(path)
    return import_classification(path, how) if kind == "classification" else import_titles(path, kind, how)


def import_isco_08(path: Path, sheet: str | None = None) -> Book:
    """The ILO's ISCO-08 workbook: structure, definitions, tasks, inclusions and exclusions. Titles of groups are compared with ours."""
    table = read_table(path, sheet=sheet)
    code, title = _column(table, ("ISCO 08 Code", "code")), _column(table, ("Title EN", "title_en", "title"))
    notes = [column for column in table.columns if column not in (code, title) and not column.casefold().startswith("level")]
    items = []
    for cells in _dicts(table):
        text = "\n\n".join(f"{name}: {cells[name]}" for name in notes if cells[name])
        items.append(Item(cells[code], cells[title], len(cells[code]), cells[code][:-1] or None, text))
    check_items(items, where=str(path))
    shipped = {item.code for item in shipped_isco_08()[0].items}
    if {item.code for item in items} != shipped:
        missing, strange = sorted(shipped - {i.code for i in items}), sorted({i.code for i in items} - shipped)
        raise DataError(
            f"these are not the groups of ISCO-08 (missing: {_some(missing)}; unknown: {_some(strange)})",
            where=str(path),
            hint="is this ISCO-88, or have the codes lost their zeros?",
        )
    return _book("structure", "isco-08", ISCO_08, table, items=items)


def import_titles(path: Path, kind: str, how: Reading) -> Book:
    """A list of index titles with codes of the scheme, the ILO's index among them."""
    table = read_table(path, sheet=how.sheet)
    code, title = _code_and_title(table, how, _isco_column(table))
    name = _book_name(path)
    language, source = (how.language or "en", "ILO index") if kind == "isco-index" else (how.language, name)
    titles = [IndexTitle(cells[title], cells[code], language, source) for cells in _dicts(table)]
    return _title_book(name, kind, how.scheme, table, titles)


def import_esco(path: Path) -> Book:
    """An ESCO occupations CSV in any language: preferred and alternative labels, coded by their ISCO group."""
    table = read_table(path)
    needed = [_column(table, (name,)) for name in ("iscoGroup", "preferredLabel", "altLabels")]
    group, preferred, alternative = needed
    match = re.search(r"occupations_([a-z]{2})\b", path.name)
    language = match.group(1) if match else ""
    titles = [
        IndexTitle(label.strip(), cells[group].removeprefix("C"), language, "ESCO")
        for cells in _dicts(table)
        for label in [cells[preferred], *cells[alternative].split("\n")]
        if label.strip()
    ]
    return _title_book(f"esco-{language or _book_name(path)}", "esco", ISCO_08, table, titles)


def import_classification(path: Path, how: Reading) -> Book:
    """Any classification as a table of codes and titles; levels are read off the codes."""
    table = read_table(path, sheet=how.sheet)
    code, title = _code_and_title(table, how, None)
    note = guess_description(table.columns)
    everything = [(cells[code], cells[title], cells[note] if note else "") for cells in _dicts(table)]
    rows = [row for row in everything if row[0]]
    if not any(title for _, title, _ in rows):
        raise DataError("the file holds no codes with titles", where=str(path), hint="check --code-column, --title-column and --sheet")
    items = with_levels(rows)
    check_items(items, where=str(path))
    return _book("structure", "classification", how.scheme, table, items=items, left_out=len(everything) - len(rows), version=how.version)


def with_levels(rows: Sequence[tuple[str, str, str]]) -> list[Item]:
    """Items with parents found by the longest other code that begins theirs; the level counts from the top."""
    codes = {code for code, _, _ in rows}
    items: list[Item] = []
    levels: dict[str, int] = {}
    for code, title, notes in sorted(rows, key=lambda row: len(row[0])):
        parent = next((code[:length] for length in range(len(code) - 1, 0, -1) if code[:length] in codes), None)
        levels[code] = levels.get(parent, 0) + 1 if parent else 1
        items.append(Item(code, title, levels[code], parent, notes))
    place = {code: number for number, (code, _, _) in enumerate(rows)}
    return sorted(items, key=lambda item: place[item.code])


def _title_book(name: str, kind: str, scheme: str, table: Table, titles: Sequence[IndexTitle]) -> Book:
    known = unit_groups(scheme)
    fitting = [title for title in titles if title.code in known and title.text]
    if not fitting:
        raise DataError(
            f"none of its {len(titles):,} titles has a unit group of {scheme}",
            where=str(table.path),
            hint="check --code-column, and that codes kept their zeros",
        )
    return _book(name, kind, scheme, table, titles=fitting, left_out=len(titles) - len(fitting))


def _book(
    name: str,
    kind: str,
    scheme: str,
    table: Table,
    *,
    items: Sequence[Item] = (),
    titles: Sequence[IndexTitle] = (),
    left_out: int = 0,
    version: str = "2008",
) -> Book:
    imported = datetime.now(UTC).isoformat(timespec="seconds")
    record = BookRecord(name, kind, scheme, clean(table.path.name), sha256_of(table.path), imported, len(items), len(titles), left_out)
    return Book(record, version, tuple(items), tuple(titles), table.notes)


def _book_name(path: Path) -> str:
    """The file's name and a piece of its hash: lists of the same name, or of names in other scripts, are not one book."""
    name = re.sub(r"[^a-z0-9._-]+", "-", path.name.split(".")[0].casefold()).strip("-._")[:40]
    return f"{name or 'book'}-{sha256_of(path)[:6]}"


def _dicts(table: Table) -> Iterable[dict[str, str]]:
    return (dict(zip(table.columns, row, strict=True)) for row in table.rows)


def _code_and_title(table: Table, how: Reading, usual: str | None) -> tuple[str, str]:
    """The columns the user named, else the usual one for the code, else those guessed from their names."""
    code = named_column(table.columns, how.code_column, option="--code-column") if how.code_column else usual or guess_code(table.columns)
    title = named_column(table.columns, how.title_column, option="--title-column") if how.title_column else guess_title(table.columns, code)
    if code is None or title is None:
        raise UsageError(
            "which column is the code, which the title?",
            where=str(table.path),
            hint=f"give --code-column and --title-column; columns: {', '.join(table.columns)}",
        )
    return code, title


def _column(table: Table, names: Sequence[str]) -> str:
    plain = {column.casefold(): column for column in table.columns}
    found = next((plain[name.casefold()] for name in names if name.casefold() in plain), None)
    if found is None:
        raise DataError(f"there is no column {names[0]!r}", where=str(table.path), hint=f"columns: {', '.join(table.columns)}")
    return found


def _isco_column(table: Table) -> str | None:
    """The ISCO-08 code column of an ILO index ("ISCO 08", "isco08")."""
    return next((column for column in table.columns if re.sub(r"\W|_", "", column.casefold()) in {"isco08", "isco08code", "ciuo08"}), None)


def _some(codes: Sequence[str]) -> str:
    return f"{', '.join(codes[:6])}{' ...' if len(codes) > 6 else ''}" if codes else "none"
