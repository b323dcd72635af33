"""Tables from outside: CSV, TSV, XLSX/XLS, Parquet, JSON Lines, the text ones also gzipped.

Every cell comes out as clean text: codes keep what the file shows of them, "NA" stays "NA", control characters are made
visible. What had to be assumed (encoding, separator, sheet, header row) is said in ``Table.notes``.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from crosswalk.errors import DataError, UsageError
from crosswalk.files import workbook
from crosswalk.files.delimited import choose_encoding, open_text, read_delimited
from crosswalk.files.table import Table, find_header, named_columns, second_header
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
        return _read_parquet(path)
    if kind in {".jsonl", ".ndjson"}:
        return _read_json_lines(path, encoding)
    return read_delimited(path, kind, encoding, delimiter)


def _kind(path: Path) -> str:
    """What a file is, by its content where that tells, else by its name."""
    if not path.exists():
        near = _nearest_file(path)
        raise DataError("there is no such file", where=str(path), hint=f"did you mean {near}?" if near else "check the path")
    if path.is_dir() or not path.is_file():
        raise DataError("this is not a file", where=str(path), hint="name one file")
    try:
        with path.open("rb") as stream:
            head = stream.read(8)
    except PermissionError:
        raise DataError("no permission to read this file", where=str(path), hint="ask its owner, or copy it") from None
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
    return found[0] if found else ""


def _read_workbook(path: Path, sheet: str | None) -> Table:
    opened = workbook.open_sheet(path, sheet)
    skip, header = find_header(iter(opened.rows), path)
    skip += second_header(opened.rows, skip)
    rows = ([clean(cell) for cell in row[: len(header)]] for row in opened.rows[skip + 1 :] if any(cell.strip() for cell in row))
    return Table(path, header, rows, opened.notes, first_row=skip + 2 + opened.offset, sheet=opened.name)


def _read_parquet(path: Path) -> Table:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise UsageError("Parquet needs one more package", where=str(path), hint="pip install 'isco-crosswalk[parquet]'") from None
    try:
        file = parquet.ParquetFile(path)
    except (ValueError, OSError) as error:
        raise DataError(f"not a readable Parquet file ({error})", where=str(path), hint="write the file again") from None
    header = named_columns(file.schema_arrow.names, str(path))
    rows = (
        [clean("" if cell is None else str(cell)) for cell in row]
        for batch in file.iter_batches()
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    )
    return Table(path, header, rows, first_row=1)


def _read_json_lines(path: Path, encoding: str | None) -> Table:
    notes: list[str] = []
    chosen = choose_encoding(path, encoding, notes)
    first = next(_json_rows(path, chosen), None)
    if first is None:
        raise DataError("the file holds no rows", where=str(path), hint="check that it was written completely")
    header = named_columns(list(first), str(path))
    rows = ([clean(_json_cell(row.get(name))) for name in first] for row in _json_rows(path, chosen))
    return Table(path, header, rows, tuple(notes), first_row=1)


def _json_rows(path: Path, encoding: str) -> Iterator[dict[str, object]]:
    with open_text(path, encoding) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"not JSON ({error})", where=f"{path}, line {number}", hint="one JSON object a line") from None
            if not isinstance(row, dict):
                raise DataError("not a JSON object", where=f"{path}, line {number}", hint="one JSON object a line")
            yield row


def _json_cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
