"""Text files of rows and columns: encodings never guessed silently, separators found, every broken row named."""

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from crosswalk.errors import DataError, UsageError
from crosswalk.files.encodings import bounded_lines, choose_encoding, unpacking, unzipped
from crosswalk.files.table import Table, find_header, used_width, widened
from crosswalk.text import clean

_LONGEST_CELL = 2_000_000
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def read_delimited(path: Path, kind: str, encoding: str | None, delimiter: str | None) -> Table:
    """Open a text file as a table; encoding and separator are found where they are not given, and said."""
    notes: list[str] = []
    chosen = choose_encoding(path, encoding, notes)
    with open_text(path, chosen) as stream:
        head = stream.read(65536)
    separator = _given_separator(delimiter) if delimiter is not None else ("\t" if kind in {".tsv", ".tab"} else _separator(head))
    if delimiter is None and separator != ("\t" if kind == ".tsv" else ","):
        notes.append(f"columns are separated by {_SEPARATORS.get(separator, repr(separator))}")
    lines = _delimited_rows(path, chosen, separator)
    header = find_header(lines, path)
    columns = header.columns
    if header.width > len(columns):  # the header ends in blank names: columns only if anything stands below them
        below = (row[: header.width] for number, row in enumerate(_delimited_rows(path, chosen, separator)) if number > header.skip)
        columns = widened(columns, used_width(below))
    rows = _checked_rows(_delimited_rows(path, chosen, separator), header.skip, len(columns), path)
    return Table(path, columns, _clean_rows(rows), (*notes, *header.notes), first_row=header.skip + 2)


def _given_separator(named: str) -> str:
    """The separator a user named: one character, or a word for it (a shell makes no tab of "\\t")."""
    words = {"\\t": "\t", **{word: separator for separator, word in _SEPARATORS.items()}}
    separator = words.get(named.casefold(), named)
    if len(separator) != 1 or separator in '"\r\n\0':
        raise UsageError(f"--delimiter {named!r} is not one character", hint="give one character, or: tab, comma, semicolon, bar")
    return separator


@contextmanager
def open_text(path: Path, encoding: str) -> Iterator[IO[str]]:
    """The file as text. Raises DataError for bytes the encoding does not have and for damaged gzip files."""
    with path.open("rb") as raw, unpacking(path), io.TextIOWrapper(unzipped(raw), encoding=encoding, newline="") as stream:
        try:
            yield stream
        except UnicodeError as error:
            byte = f"byte 0x{error.object[error.start]:02x}" if isinstance(error, UnicodeDecodeError) else "the file"
            raise DataError(
                f"{byte} cannot be read as {encoding}",
                where=str(path),
                hint="name the file's encoding, for instance --encoding cp1252, or save it as UTF-8",
            ) from None


def _separator(head: str) -> str:
    """The separator that gives the most columns alike over the first lines."""
    lines = [line for line in head.splitlines()[:50] if line.strip()]
    lines = lines[:-1] if len(lines) > 1 and len(head) == 65536 else lines
    best, most = ",", 0
    for separator in _SEPARATORS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=separator)]
        except csv.Error:
            continue
        common = max(set(widths), key=widths.count, default=1)
        score = (common > 1) * widths.count(common) * 100 + common
        if score > most and common > 1:
            best, most = separator, score
    return best


def _delimited_rows(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_CELL)
    with open_text(path, encoding) as stream:
        reader = csv.reader((line.replace("\0", "\u2400") for line in bounded_lines(stream, path)), delimiter=separator, strict=True)
        begun = 1
        try:
            for row in reader:
                yield row
                begun = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"the row that begins on line {begun} cannot be read ({error}): a quotation mark is opened and not closed, "
                "or a cell is longer than 2 million characters",
                where=f"{path}, line {begun}",
                hint="correct that line, or save the file again from a spreadsheet program",
            ) from None


def _checked_rows(rows: Iterator[list[str]], skip: int, width: int, path: Path) -> Iterator[list[str]]:
    """Rows after the header, padded when blank cells at the end were left out; longer rows are refused."""
    for number, row in enumerate(rows, start=1):
        if number <= skip + 1:
            continue
        if len(row) == width and row[0].strip():
            yield row
            continue
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > width and any(cell.strip() for cell in row[width:]):
            raise DataError(
                f"the row has {len(row)} cells, the header {width}: a separator inside a cell that is not quoted?",
                where=f"{path}, row {number}",
                hint="quote the cell, or name the separator with --delimiter",
            )
        yield (row + [""] * (width - len(row)))[:width]


def _clean_rows(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    for row in rows:
        together = "".join(row)
        yield list(map(str.strip if together.isascii() and together.isprintable() else clean, row))
