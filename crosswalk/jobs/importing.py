"""Official files into the user's folder: ISCO-08's structure, index titles, ESCO labels, any classification.

Every import becomes a book (``books/SCHEME/NAME``: groups.tsv or titles.tsv, and book.json saying where it came from);
the user's index of the scheme is then built from the shipped book and all imported ones.
"""

import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from crosswalk import places
from crosswalk.errors import DataError, UsageError
from crosswalk.files.columns import guess_code, guess_description, guess_title, named_column
from crosswalk.files.readers import read_table
from crosswalk.files.table import Table
from crosswalk.jobs.indexing import ISCO_08, build_index, shipped_isco_08
from crosswalk.manifest import replacing, sha256_of, write_json
from crosswalk.model import Classification, IndexTitle, Item, check_items

KINDS = ("isco-08", "isco-index", "esco", "titles", "classification")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}\Z")


@dataclass(frozen=True)
class BookRecord:
    """Where an imported book came from and what it holds."""

    name: str
    kind: str
    scheme: str
    file: str
    sha256: str
    imported: str
    groups: int
    titles: int
    left_out: int


def import_isco_08(path: Path, sheet: str | None = None) -> BookRecord:
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
    return _keep("structure", "isco-08", ISCO_08, path, items, [], 0)


def import_titles(
    path: Path,
    kind: str,
    *,
    scheme: str = ISCO_08,
    language: str = "",
    sheet: str | None = None,
    code_column: str | None = None,
    title_column: str | None = None,
) -> BookRecord:
    """A list of index titles with codes of the scheme, the ILO's index among them."""
    table = read_table(path, sheet=sheet)
    code = (
        named_column(table.columns, code_column, option="--code-column")
        if code_column
        else _isco_column(table) or guess_code(table.columns)
    )
    title = named_column(table.columns, title_column, option="--title-column") if title_column else guess_title(table.columns, code)
    if code is None or title is None:
        raise UsageError(
            "which column is the code, which the title?",
            where=str(path),
            hint=f"give --code-column and --title-column; columns: {', '.join(table.columns)}",
        )
    name = _book_name(path)
    source = "ILO index" if kind == "isco-index" else name
    titles = [IndexTitle(cells[title], cells[code], language or ("en" if kind == "isco-index" else ""), source) for cells in _dicts(table)]
    return _keep_titles(name, kind, scheme, path, titles)


def import_esco(path: Path) -> BookRecord:
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
    return _keep_titles(f"esco-{language or _book_name(path)}", "esco", ISCO_08, path, titles)


def import_classification(
    path: Path, scheme: str, *, version: str = "", sheet: str | None = None, code_column: str | None = None, title_column: str | None = None
) -> BookRecord:
    """Any classification as a table of codes and titles; levels are read off the codes."""
    if not _NAME.match(scheme):
        raise UsageError(f"{scheme!r} cannot be a scheme's name", hint="use small letters, digits, '-' and '.', for instance ssoc-2024")
    table = read_table(path, sheet=sheet)
    code = named_column(table.columns, code_column, option="--code-column") if code_column else guess_code(table.columns)
    title = named_column(table.columns, title_column, option="--title-column") if title_column else guess_title(table.columns, code)
    if code is None or title is None:
        raise UsageError(
            "which column is the code, which the title?",
            where=str(path),
            hint=f"give --code-column and --title-column; columns: {', '.join(table.columns)}",
        )
    note = guess_description(table.columns)
    rows = [(cells[code], cells[title], cells[note] if note else "") for cells in _dicts(table) if cells[code]]
    items = with_levels(rows)
    check_items(items, where=str(path))
    return _keep("structure", "classification", scheme, path, items, [], 0, version=version)


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


def rebuild(scheme: str = ISCO_08) -> tuple[Path, int]:
    """Build the user's index of a scheme from the shipped book and every imported one; gives its folder and titles."""
    classification, titles = shipped_isco_08() if scheme == ISCO_08 else (None, [])
    records = books(scheme)
    for record in records:
        folder = _book_folder(scheme, record.name)
        if (folder / "groups.json").is_file():
            raw = json.loads((folder / "groups.json").read_text(encoding="utf-8"))
            classification = Classification(scheme, raw["version"], tuple(Item(**item) for item in raw["items"]))
        if (folder / "titles.tsv").is_file():
            titles += [IndexTitle(*row) for row in _read_titles(folder / "titles.tsv")]
    if classification is None:
        raise UsageError(f"nothing has been imported for the scheme {scheme!r}", hint="crosswalk import classification FILE --scheme NAME")
    if scheme != ISCO_08:
        titles += [IndexTitle(item.title, item.code, "", "group titles") for item in classification.unit_groups]
    target = places.user_folder() / "indexes" / scheme
    sources = ["shipped with crosswalk", *(f"{record.name}: {record.file}" for record in records)]
    return target, build_index(target, classification, titles, sources, places.shipped("indexes", ISCO_08))


def books(scheme: str = ISCO_08) -> list[BookRecord]:
    """The imported books of a scheme, by name."""
    root = places.user_folder() / "books" / scheme
    return [BookRecord(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted(root.glob("*/book.json"))]


def schemes() -> list[str]:
    """Schemes for which something was imported, and ISCO-08."""
    root = places.user_folder() / "books"
    return sorted({ISCO_08, *(path.name for path in root.glob("*") if path.is_dir())})


def _keep_titles(name: str, kind: str, scheme: str, path: Path, titles: Sequence[IndexTitle]) -> BookRecord:
    known = _units(scheme)
    fitting = [title for title in titles if title.code in known and title.text]
    if not fitting:
        raise DataError(
            f"none of its {len(titles):,} titles has a unit group of {scheme}",
            where=str(path),
            hint="check --code-column, and that codes kept their zeros",
        )
    return _keep(name, kind, scheme, path, [], fitting, len(titles) - len(fitting))


def _units(scheme: str) -> set[str]:
    if scheme == ISCO_08:
        return {item.code for item in shipped_isco_08()[0].unit_groups}
    path = _book_folder(scheme, "structure") / "groups.json"
    if not path.is_file():
        raise UsageError(
            f"the classification {scheme!r} is not imported yet", hint=f"crosswalk import classification FILE --scheme {scheme}"
        )
    items = [Item(**item) for item in json.loads(path.read_text(encoding="utf-8"))["items"]]
    return {item.code for item in Classification(scheme, "", tuple(items)).unit_groups}


def _keep(
    name: str, kind: str, scheme: str, path: Path, items: Sequence[Item], titles: Sequence[IndexTitle], left_out: int, version: str = "2008"
) -> BookRecord:
    folder = _book_folder(scheme, name)
    folder.mkdir(parents=True, exist_ok=True)
    if items:
        write_json(folder / "groups.json", {"version": version, "items": [asdict(item) for item in items]})
    if titles:
        with replacing(folder / "titles.tsv") as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, delimiter="\t", lineterminator="\n").writerows([t.text, t.code, t.language, t.source] for t in titles)
    imported = datetime.now(UTC).isoformat(timespec="seconds")
    record = BookRecord(name, kind, scheme, path.name, sha256_of(path), imported, len(items), len(titles), left_out)
    write_json(folder / "book.json", asdict(record))
    return record


def _book_folder(scheme: str, name: str) -> Path:
    return places.user_folder() / "books" / scheme / name


def _book_name(path: Path) -> str:
    name = re.sub(r"[^a-z0-9._-]+", "-", path.name.split(".")[0].casefold()).strip("-.")[:60]
    return name or "book"


def _read_titles(path: Path) -> Iterable[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream, delimiter="\t"))


def _dicts(table: Table) -> Iterable[dict[str, str]]:
    return (dict(zip(table.columns, row, strict=True)) for row in table.rows)


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
