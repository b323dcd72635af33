"""Text files of rows and columns: encodings never guessed silently, separators found, every broken row named."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from crosswalk.errors import DataError, UsageError
from crosswalk.files.table import Table, find_header
from crosswalk.text import clean

_LONGEST_CELL = 2_000_000
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def read_delimited(path: Path, kind: str, encoding: str | None, delimiter: str | None) -> Table:
    """Open a text file as a table; encoding and separator are found where they are not given, and said."""
    notes: list[str] = []
    chosen = choose_encoding(path, encoding, notes)
    with open_text(path, chosen) as stream:
        head = stream.read(65536)
    separator = delimiter or ("\t" if kind in {".tsv", ".tab"} else _separator(head))
    if delimiter is None and separator != ("\t" if kind == ".tsv" else ","):
        notes.append(f"columns are separated by {_SEPARATORS.get(separator, repr(separator))}")
    lines = _delimited_rows(path, chosen, separator)
    skip, header = find_header(lines, path)
    rows = _checked_rows(_delimited_rows(path, chosen, separator), skip, len(header), path)
    return Table(path, header, _clean_rows(rows), tuple(notes), first_row=skip + 2)


@contextmanager
def open_text(path: Path, encoding: str) -> Iterator[IO[str]]:
    """The file as text. Raises DataError for bytes the encoding does not have and for damaged gzip files."""
    with path.open("rb") as raw, _unpacking(path), io.TextIOWrapper(_unzipped(raw), encoding=encoding, newline="") as stream:
        try:
            yield stream
        except UnicodeError as error:
            byte = f"byte 0x{error.object[error.start]:02x}" if isinstance(error, UnicodeDecodeError) else "the file"
            raise DataError(
                f"{byte} cannot be read as {encoding}",
                where=str(path),
                hint="name the file's encoding, for instance --encoding cp1252, or save it as UTF-8",
            ) from None


@contextmanager
def _unpacking(path: Path) -> Iterator[None]:
    """A gzipped file that is cut off or damaged is told so."""
    try:
        yield
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"the file cannot be unpacked ({error})", where=str(path), hint="copy it again from its source") from None


def _unzipped(raw: IO[bytes]) -> IO[bytes]:
    """The stream, unpacked where it is gzipped."""
    zipped = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    return cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if zipped else raw


def choose_encoding(path: Path, encoding: str | None, notes: list[str]) -> str:
    """The encoding to read with: the one given, else UTF-8 or a byte-order mark's, else cp1252, and said."""
    if encoding:
        try:
            "".encode(encoding)
        except LookupError:
            raise UsageError(f"unknown encoding {encoding!r}", hint="try utf-8, cp1252, cp1250, latin-1 or utf-16") from None
        return encoding
    with path.open("rb") as raw, _unpacking(path):
        data = _unzipped(raw)
        head = data.read(4)
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
        data.seek(0)
        return "utf-8-sig" if _is_utf8(data) else _assume_cp1252(path, data, notes)


def _is_utf8(stream: IO[bytes]) -> bool:
    from codecs import getincrementaldecoder

    decoder = getincrementaldecoder("utf-8")()
    try:
        while block := stream.read(1 << 20):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _assume_cp1252(path: Path, stream: IO[bytes], notes: list[str]) -> str:
    """Not UTF-8: show how lines with accents read in cp1252, so that a person can say if that is wrong."""
    stream.seek(0)
    lines = (line.decode("cp1252", "replace").strip() for line in stream if not line.isascii())
    shown = [clean(line)[:60] for _, line in zip(range(3), lines, strict=False)]
    notes.append(
        f"{path.name} is not UTF-8: read as cp1252 (Western European). It then reads: {' / '.join(shown)}. "
        "If that is wrong, give --encoding (cp1250, cp1254, iso-8859-2, mac-roman ...)"
    )
    return "cp1252"


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
        reader = csv.reader((line.replace("\0", "\u2400") for line in stream), delimiter=separator, strict=True)
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
        yield [cell if cell.isascii() and cell.isprintable() else clean(cell) for cell in row]
