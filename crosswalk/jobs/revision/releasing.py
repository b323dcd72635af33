"""A new version released: its files in a folder, its index beside the old one's, a line in the store."""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from crosswalk.coding.autocoder import find_index
from crosswalk.errors import UsageError
from crosswalk.files.skos import write_classification
from crosswalk.files.tabular import Sheet, write_tables
from crosswalk.jobs import books
from crosswalk.jobs.books import Book as ImportedBook
from crosswalk.jobs.books import BookRecord, Built
from crosswalk.jobs.revision.report import changes_sheet, counts_sheet
from crosswalk.jobs.revision.version import NewVersion
from crosswalk.manifest import replacing
from crosswalk.model import Classification, IndexTitle
from crosswalk.search.book import Book
from crosswalk.store.store import Store
from crosswalk.text import counted

FILES = ("classification.csv", "classification.xlsx", "classification.ttl", "release-notes.md")


def refuse_taken(scheme: str, folder: Path, store: Store) -> None:
    """Refuse a name under which something is kept already, and a folder that holds something: a release is never written over."""
    if scheme in books.schemes() or scheme in store.releases():
        raise UsageError(f"there is a scheme {scheme!r} already", where="--scheme", hint="give the new version a name of its own")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("this is there already", where=str(folder), hint="name a new folder with -o")


def base_titles(scheme: str) -> list[IndexTitle]:
    """The book of the version that the new one is based on."""
    book = Book.load(find_index(scheme))
    return [book.title(place) for place in range(len(book))]


def release(new: NewVersion, based_on: str, titles: Sequence[IndexTitle], folder: Path, store: Store) -> Built:
    """Write the new version's files, build its index and note the release; all of it or nothing. The old version is not touched."""
    scheme, version = new.classification.scheme, new.classification.version
    whole = [*titles, *new.titles]
    try:
        _write_files(new, based_on, whole, folder)
        built = books.keep(scheme, list(_books(new.classification, whole)))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    store.note_release(scheme, version, based_on, [change.new.code for change in new.changes if change.new and not change.old])
    return built


def _write_files(new: NewVersion, based_on: str, titles: Sequence[IndexTitle], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_classification(folder / FILES[2], new.classification, new.titles, new.notes)
    write_tables(folder / FILES[0], [_items_sheet(new.classification)])
    sheets = [_items_sheet(new.classification), changes_sheet(new.changes), counts_sheet(new.changes), _titles_sheet(titles)]
    write_tables(folder / FILES[1], sheets)
    with replacing(folder / FILES[3]) as temporary:
        temporary.write_text("\n".join(_notes(new, based_on)) + "\n", encoding="utf-8")


def _books(classification: Classification, titles: Sequence[IndexTitle]) -> Iterator[ImportedBook]:
    """Structure and book of titles, as if they had been imported."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    mark = hashlib.sha256(repr((classification.items, [tuple(map(str, (t.text, t.code))) for t in titles])).encode()).hexdigest()
    for name, items, texts in (("structure", classification.items, ()), ("index-titles", (), tuple(titles))):
        record = BookRecord(
            name, "release", classification.scheme, f"release of {classification.scheme}", mark, when, len(items), len(texts), 0
        )
        yield ImportedBook(record, classification.version, items, texts)


def _items_sheet(classification: Classification) -> Sheet:
    rows = ([item.code, str(item.level), item.parent or "", item.title, item.notes] for item in classification.items)
    return Sheet("classification", ("code", "level", "parent", "title", "notes"), rows)


def _titles_sheet(titles: Sequence[IndexTitle]) -> Sheet:
    return Sheet("index titles", ("title", "code", "language", "source"), ([t.text, t.code, t.language, t.source] for t in titles))


def _notes(new: NewVersion, based_on: str) -> Iterator[str]:
    """The release notes, in Markdown that a person finishes."""
    classification = new.classification
    added = [change for change in new.changes if change.new and not change.old]
    yield f"# {classification.scheme} {classification.version}".rstrip()
    count = f"{counted(len(added), 'new item')}, {counted(len(new.titles), 'new index title')}"
    yield f"\nBased on {based_on}. {count}; nothing was removed, renamed or moved."
    yield "\n## New items\n"
    for change in added:
        if change.new:
            yield f"- **{change.new.code} {_plain(change.new.title)}**: {_plain(change.evidence)}"
    yield "\n## New index titles\n"
    for title in new.titles:
        yield f"- {_plain(title.text)} → {title.code} {_plain(classification.title(title.code))} ({_plain(title.source)})"


def _plain(text: str) -> str:
    """Text from a file on one line of Markdown, where it is no markup."""
    return "".join(f"\\{mark}" if mark in "\\`*_[]<>#|" else mark for mark in " ".join(text.split()))
