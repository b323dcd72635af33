"""Imported books, kept in the user's folder (``books/SCHEME/NAME``), and the user's index built from them.

A book is groups.json or titles.tsv, and book.json saying where it came from. A new book is kept only when the index could be
built with it; one process at a time builds.
"""

import csv
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from crosswalk import places
from crosswalk.errors import DataError, IndexFolderError, UsageError
from crosswalk.jobs.indexing import ISCO_08, build_index, shipped_isco_08
from crosswalk.manifest import write_json
from crosswalk.model import Classification, IndexTitle, Item

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}\Z")
_PATIENCE_SECONDS = 60.0


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


@dataclass(frozen=True)
class Book:
    """A book's record and contents."""

    record: BookRecord
    version: str
    items: tuple[Item, ...]
    titles: tuple[IndexTitle, ...]
    notes: tuple[str, ...] = ()
    """What had to be assumed when its file was read."""


@dataclass(frozen=True)
class Built:
    """An index that was built: its folder, its titles, and by book the titles that fit no unit group (any more)."""

    folder: Path
    titles: int
    dropped: Mapping[str, int]


def keep(scheme: str, new: Sequence[Book]) -> Built:
    """Build the scheme's index with new books and keep them; where it cannot be built nothing changes."""
    named = {book.record.name: book for book in new}
    with _building(scheme), tempfile.TemporaryDirectory(dir=_root(scheme), prefix=".new.") as staged:
        for book in named.values():
            _write(book, Path(staged) / book.record.name)
        before = [_read(scheme, record) for record in imported(scheme) if record.name not in named]
        built = _build(scheme, [*before, *named.values()])
        for name in named:
            folder = _root(scheme) / name
            if folder.exists():
                folder.rename(Path(staged) / f"{name}.old")
            (Path(staged) / name).rename(folder)
    return built


def rebuild(scheme: str = ISCO_08, encoder: str | None = None) -> Built:
    """Build the user's index of a scheme from the shipped book and every imported one, with the shipped encoder or another."""
    with _building(scheme):
        return _build(scheme, [_read(scheme, record) for record in imported(scheme)], encoder)


def remove(scheme: str, name: str | None) -> Built | None:
    """Take one book, or all of a scheme, out again; None when nothing but the shipped index is left.

    Raises UsageError for books that are not there, and for the groups of a scheme that has other books.
    """
    root, index = _root(scheme), places.user_folder() / "indexes" / scheme
    there = sorted(path.name for path in root.glob("[!.]*") if path.is_dir())
    if not there or (name is not None and name not in there):
        known = ", ".join(there) or "none"
        raise UsageError(
            f"no book {name!r} was imported for {scheme}" if name else f"nothing was imported for {scheme}", hint=f"its books: {known}"
        )
    if name is None or there == [name]:
        with _building(scheme):
            shutil.rmtree(index, ignore_errors=True)
            shutil.rmtree(root)
        return None
    if scheme != ISCO_08 and (root / name / "groups.json").is_file():
        raise UsageError(
            f"{name!r} holds the groups that the other books of {scheme} belong to", hint=f"crosswalk index remove {scheme} removes all"
        )
    return _without(scheme, name)


def _without(scheme: str, name: str) -> Built:
    with _building(scheme), tempfile.TemporaryDirectory(dir=_root(scheme), prefix=".old.") as aside:
        moved = (_root(scheme) / name).rename(Path(aside) / name)
        try:
            return _build(scheme, [_read(scheme, record) for record in imported(scheme)])
        except BaseException:
            moved.rename(_root(scheme) / name)
            raise


def imported(scheme: str = ISCO_08) -> list[BookRecord]:
    """The imported books of a scheme, by name. Raises DataError for a damaged record."""
    return [_record(path) for path in sorted(_root(scheme).glob("[!.]*/book.json"))]


def schemes() -> list[str]:
    """Schemes for which something was imported, and ISCO-08."""
    root = places.user_folder() / "books"
    return sorted({ISCO_08, *(path.name for path in root.glob("[!.]*") if any(path.glob("[!.]*/book.json")))})


def unit_groups(scheme: str) -> set[str]:
    """Codes that index titles of a scheme may have. Raises UsageError when its classification is not imported yet."""
    if scheme == ISCO_08:
        return {item.code for item in shipped_isco_08()[0].unit_groups}
    structure = next((record for record in imported(scheme) if record.groups), None)
    if structure is None:
        raise UsageError(
            f"the classification {scheme!r} is not imported yet", hint=f"crosswalk import classification FILE --scheme {scheme}"
        )
    return {item.code for item in Classification(scheme, "", _read(scheme, structure).items).unit_groups}


def _build(scheme: str, books: Sequence[Book], encoder: str | None = None) -> Built:
    classification, titles = shipped_isco_08() if scheme == ISCO_08 else (None, [])
    books = sorted(books, key=lambda book: book.record.name)
    for book in books:
        if book.items:
            classification = Classification(scheme, book.version, book.items)
    if classification is None:
        raise UsageError(f"nothing has been imported for the scheme {scheme!r}", hint="crosswalk import classification FILE --scheme NAME")
    units = {item.code for item in classification.unit_groups}
    dropped = {book.record.name: sum(title.code not in units for title in book.titles) for book in books}
    titles += [title for book in books for title in book.titles if title.code in units]
    if scheme != ISCO_08:
        titles += [IndexTitle(item.title, item.code, "", "group titles") for item in classification.unit_groups if item.title]
    target = places.user_folder() / "indexes" / scheme
    sources = ["shipped with crosswalk", *(f"{book.record.name}: {book.record.file}" for book in books)]
    count = build_index(target, classification, titles, sources, places.shipped("indexes", ISCO_08), encoder)
    return Built(target, count, {name: number for name, number in dropped.items() if number})


@contextmanager
def _building(scheme: str) -> Iterator[None]:
    """One process at a time builds a scheme; what a killed one left behind is swept. Raises IndexFolderError after a minute."""
    from filelock import FileLock, Timeout

    indexes, root = places.user_folder() / "indexes", _root(scheme)
    indexes.mkdir(parents=True, exist_ok=True)
    root.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(indexes / f".{scheme}.lock", timeout=_PATIENCE_SECONDS):
            for left in [*_left_behind(indexes, re.escape(scheme)), *_left_behind(root, "new|old")]:
                shutil.rmtree(left, ignore_errors=True)
            yield
    except Timeout:
        raise IndexFolderError(
            "another process is building this index", where=str(indexes / scheme), hint="try again when it is done"
        ) from None
    finally:
        if root.is_dir() and not any(root.iterdir()):
            root.rmdir()


def _left_behind(folder: Path, names: str) -> list[Path]:
    """Temporary folders of ``tempfile``: a name between dots, then eight characters."""
    temporary = re.compile(rf"\.(?:{names})\.[a-z0-9_]{{8}}\Z")
    return [path for path in folder.iterdir() if path.is_dir() and temporary.match(path.name)]


def _root(scheme: str) -> Path:
    if not _NAME.match(scheme):
        raise UsageError(
            f"{scheme[:60]!r} cannot be a scheme's name", hint="use small letters, digits, '-' and '.', for instance ssoc-2024"
        )
    return places.user_folder() / "books" / scheme


def _write(book: Book, folder: Path) -> None:
    folder.mkdir()
    if book.items:
        write_json(folder / "groups.json", {"version": book.version, "items": [asdict(item) for item in book.items]})
    if book.titles:
        with (folder / "titles.tsv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, delimiter="\t", lineterminator="\n").writerows([t.text, t.code, t.language, t.source] for t in book.titles)
    write_json(folder / "book.json", asdict(book.record))


def _record(path: Path) -> BookRecord:
    with _whole(path):
        record = BookRecord(**json.loads(path.read_text(encoding="utf-8")))
        if not all(isinstance(getattr(record, field.name), str if field.type is str else int) for field in fields(record)):
            raise TypeError("a value of another kind")
        if record.name != path.parent.name:
            raise ValueError(f"the name {record.name!r} of another book")
        return record


def _read(scheme: str, record: BookRecord) -> Book:
    """The contents of a book. Raises DataError when they are damaged."""
    folder = _root(scheme) / record.name
    version, items, titles = "", tuple[Item, ...](), tuple[IndexTitle, ...]()
    if record.groups:
        with _whole(folder / "groups.json"):
            raw = json.loads((folder / "groups.json").read_text(encoding="utf-8"))
            version, items = str(raw["version"]), tuple(Item(**item) for item in raw["items"])
    if record.titles:
        with _whole(folder / "titles.tsv"), (folder / "titles.tsv").open(encoding="utf-8", newline="") as stream:
            csv.field_size_limit(2**31 - 1)
            titles = tuple(IndexTitle(text, code, language, source) for text, code, language, source in csv.reader(stream, delimiter="\t"))
    if (len(items), len(titles)) != (record.groups, record.titles):
        raise _damaged(folder, "it does not hold what its record says")
    return Book(record, version, items, titles)


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, csv.Error, RecursionError) as error:
        raise _damaged(path, repr(error)) from None


def _damaged(path: Path, said: str) -> DataError:
    folder = path if path.is_dir() else path.parent
    return DataError(
        f"an imported book is damaged ({said})",
        where=str(path),
        hint=f"take it out with 'crosswalk index remove {folder.parent.name} {folder.name}', then import its file again",
    )
