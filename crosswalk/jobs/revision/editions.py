"""One version of a classification as it is compared: its items, the groups they stand in, the titles that belong to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crosswalk.coding.autocoder import find_index
from crosswalk.errors import DataError, UsageError
from crosswalk.files.columns import guess_code, guess_description, guess_title, named_column
from crosswalk.files.readers import read_table
from crosswalk.files.table import Table
from crosswalk.jobs import books
from crosswalk.jobs.hierarchy import groups
from crosswalk.jobs.importing import with_levels
from crosswalk.model import Item
from crosswalk.search.book import Book
from crosswalk.search.groups import load_classification
from crosswalk.text import is_code, normalise

_KEYS = ("conceptUri", "uri")
_GROUPS = ("iscoGroup", "parent", "parent code", "group", "broader")
_OTHER_TITLES = ("altLabels", "alternative titles", "index titles", "synonyms")


@dataclass(frozen=True)
class Edition:
    """A version: items in the order of the file, and for each code the normal forms of its index titles (its own title not among them)."""

    name: str
    items: tuple[Item, ...]
    titles: Mapping[str, frozenset[str]]

    def forms(self) -> dict[str, str]:
        """Code -> the normal form of the item's own title."""
        return {item.code: normalise(item.title) for item in self.items}

    @property
    def has_identifiers(self) -> bool:
        """Whether its codes are identifiers for good (URIs), so that an item without its own is another item."""
        return all("://" in item.code for item in self.items)


@dataclass(frozen=True)
class EditionColumns:
    """Columns of a file that holds a version; what is None is guessed from the names."""

    code: str | None = None
    title: str | None = None
    group: str | None = None
    index_title: str | None = None
    sheet: str | None = None


def read_edition(source: Path, columns: EditionColumns) -> Edition:
    """A version from a file of codes and titles (several rows a code are its index titles), or an imported scheme by its name.

    Raises DataError for files without codes, UsageError for columns and schemes that are not there.
    """
    if not source.is_file() and str(source) in books.schemes():
        return _imported(str(source))
    table = read_table(source, sheet=columns.sheet)
    code, title = _chosen(table, columns)
    group = _column(table, columns.group, _GROUPS, "--group-column")
    others, note = _column(table, columns.index_title, _OTHER_TITLES, "--index-title-column"), guess_description(table.columns)
    rows = [dict(zip(table.columns, cells, strict=True)) for cells in table.rows]
    first: dict[str, tuple[str, str, str]] = {}
    titles: dict[str, set[str]] = {}
    parents: dict[str, str] = {}
    for row in rows:
        key = row[code].strip()
        if not is_code(key):
            continue
        first.setdefault(key, (key, row[title].strip(), row[note] if note else ""))
        parents.setdefault(key, row[group].strip() if group else "")
        more = [row[title], *(row[others].split("\n") if others else ())]
        titles.setdefault(key, set()).update(filter(None, map(normalise, more)))
    if not first:
        raise DataError("the file holds no codes", where=str(source), hint="check --code-column and --sheet")
    return Edition(source.stem, _items(list(first.values()), parents if group else {}), _without_own(first.values(), titles))


def read_two(
    old: Path, new: Path, codes: Sequence[str], titles: Sequence[str], group: str | None, index_title: str | None
) -> tuple[Edition, Edition]:
    """Two versions; columns are named once for both, or twice. Raises UsageError for more."""
    if len(codes) > 2 or len(titles) > 2:
        raise UsageError("a column can be named once (for both versions) or twice", where="--code-column, --title-column")
    first, second = (
        EditionColumns(codes[place] if codes else None, titles[place] if titles else None, group, index_title) for place in (0, -1)
    )
    before, after = read_edition(old, first), read_edition(new, second)
    return (
        (before, after)
        if before.name != after.name
        else (replace(before, name=_named(before, first)), replace(after, name=_named(after, second)))
    )


def _named(edition: Edition, columns: EditionColumns) -> str:
    return f"{edition.name} {columns.code}" if columns.code else edition.name


def _items(rows: Sequence[tuple[str, str, str]], parents: Mapping[str, str]) -> tuple[Item, ...]:
    if parents:
        return tuple(Item(code, title, 1, parents[code] or None, notes) for code, title, notes in rows)
    if not groups(code for code, _, _ in rows):
        return tuple(Item(code, title, 1, None, notes) for code, title, notes in rows)
    return tuple(with_levels(rows))


def _without_own(rows: Iterable[tuple[str, str, str]], titles: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {code: frozenset(titles[code] - {normalise(title)}) for code, title, _ in rows}


def flat_edition(name: str, rows: Iterable[tuple[str, str]]) -> Edition:
    """A version from rows of code and title, without groups; further titles of a code are its index titles."""
    first: dict[str, tuple[str, str, str]] = {}
    titles: dict[str, set[str]] = {}
    for code, title in rows:
        first.setdefault(code, (code, title, ""))
        titles.setdefault(code, set()).add(normalise(title))
    items = tuple(Item(code, title, 1) for code, title, _ in first.values())
    return Edition(name, items, _without_own(first.values(), titles))


def _imported(scheme: str) -> Edition:
    folder = find_index(scheme)
    classification, book = load_classification(folder), Book.load(folder)
    titles: dict[str, set[str]] = {item.code: set() for item in classification.items}
    for form, code in zip(book.normalised(), book.codes.tolist(), strict=True):
        titles[book.code_names[code]].add(form)
    rows = [(item.code, item.title, item.notes) for item in classification.items]
    return Edition(scheme, classification.items, _without_own(rows, titles))


def _chosen(table: Table, columns: EditionColumns) -> tuple[str, str]:
    code = _column(table, columns.code, _KEYS, "--code-column") or guess_code(table.columns)
    title = _column(table, columns.title, (), "--title-column") or guess_title(table.columns, code)
    if code is None or title is None:
        raise UsageError(
            "which column is the code, which the title?",
            where=str(table.path),
            hint=f"give --code-column and --title-column; columns: {', '.join(table.columns)}",
        )
    return code, title


def _column(table: Table, wanted: str | None, usual: Sequence[str], option: str) -> str | None:
    """The column the user named, else the first of the usual names that is there."""
    if wanted:
        return named_column(table.columns, wanted, option=option)
    plain = {column.casefold().replace("_", " "): column for column in table.columns}
    return next((plain[name.casefold()] for name in usual if name.casefold() in plain), None)
