"""Tables from outside: CSV, TSV, XLSX/XLS, Parquet, JSON Lines, the text ones also gzipped.

Every cell comes out as clean text: codes keep what the file shows of them, "NA" stays "NA", control characters are made
visible. What had to be assumed (encoding, separator, sheet, header row) is said in ``Table.notes``.
"""

from pathlib import Path

from crosswalk.errors import DataError, UsageError
from crosswalk.files import workbook
from crosswalk.files.delimited import read_delimited
from crosswalk.files.json_lines import read_json_lines
from crosswalk.files.parquet import read_parquet
from crosswalk.files.table import Table, find_header, second_header, used_width, widened
from crosswalk.text import clean

_EXCEL = {".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"}


def read_table(path: Path, *, sheet: str | None = None, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """Open a table. Raises DataError when the file cannot be read as one, UsageError for a sheet it does not have."""
    kind = _kind(path)
    if sheet is not None and kind not in _EXCEL:
        raise UsageError("only workbooks have sheets", where=str(path), hint="leave out --sheet")
    if kind in _EXCEL:
        return _read_workbook(path, sheet)
    if kind == ".parquet":
        return read_parquet(path)
    if kind in {".jsonl", ".ndjson"}:
        return read_json_lines(path, encoding)
    return read_delimited(path, kind, encoding, delimiter)


def _kind(path: Path) -> str:
    """What a file is, by its content where that tells, else by its name."""
    try:
        if not path.exists():
            near = _nearest_file(path)
            raise DataError("there is no such file", where=str(path), hint=f"did you mean {near}?" if near else "check the path")
        if path.is_dir() or not path.is_file():
            raise DataError("this is not a file", where=str(path), hint="name one file")
        with path.open("rb") as stream:
            head = stream.read(8)
    except PermissionError:
        raise DataError("no permission to read this file", where=str(path), hint="ask its owner, or copy it") from None
    except OSError as error:
        raise DataError(f"the file cannot be opened ({error.strerror})", where=str(path), hint="check the path") from None
    if not head:
        raise DataError("the file is empty", where=str(path), hint="check that it was saved or copied completely")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if head.startswith(b"PK\x03\x04"):
        return ".ods" if suffixes[-1:] == [".ods"] else ".xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return ".xls"
    if head.startswith(b"PAR1"):
        return ".parquet"
    named = [suffix for suffix in suffixes if suffix != ".gz"][-1:]
    if named and named[0] in _EXCEL | {".parquet"}:
        raise DataError(
            f"the name says {named[0][1:]}, the content is something else (a web page or text saved under that name?)",
            where=str(path),
            hint="open it in a spreadsheet program and save it as .xlsx or .csv",
        )
    return named[0] if named else ".csv"


def _nearest_file(path: Path) -> str:
    from rapidfuzz import process

    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()][:2000]
    except OSError:
        return ""
    found = process.extractOne(path.name, names, score_cutoff=70)
    return str(path.with_name(found[0])) if found else ""


def _read_workbook(path: Path, sheet: str | None) -> Table:
    opened = workbook.open_sheet(path, sheet)
    header = find_header(iter(opened.rows), path)
    skip, notes = header.skip, [*opened.notes, *header.notes]
    if second_header(opened.rows, skip):
        skip += 1
        second = " / ".join(clean(cell)[:40] for cell in opened.rows[skip] if cell.strip())
        notes.append(f"the row after the header is a second row of names, and skipped: {second}")
    columns = widened(header.columns, used_width(opened.rows[skip + 1 :]))
    rows = ([clean(cell) for cell in row[: len(columns)]] for row in opened.rows[skip + 1 :] if any(cell.strip() for cell in row))
    return Table(path, columns, rows, tuple(notes), first_row=skip + 2 + opened.offset, sheet=opened.name)
