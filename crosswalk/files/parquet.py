"""Parquet files as tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crosswalk.errors import DataError, UsageError
from crosswalk.files.table import Table, named_columns, widened
from crosswalk.text import clean


def read_parquet(path: Path) -> Table:
    """Open a Parquet file. Raises DataError for damaged files and for bytes that are no text."""
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise UsageError("Parquet needs one more package", where=str(path), hint="pip install 'isco-crosswalk[parquet]'") from None
    try:
        file = parquet.ParquetFile(path, page_checksum_verification=True)  # where the writer put any
        names = file.schema_arrow.names
    except (ValueError, OSError) as error:
        raise _damaged(path, error) from None
    columns = widened(named_columns(names, str(path)), len(names))
    return Table(path, columns, _rows(file, columns, path), first_row=1)


def _rows(file: Any, columns: tuple[str, ...], path: Path) -> Iterator[list[str]]:
    try:
        for batch in file.iter_batches():
            cells = [_texts(column, name, path) for column, name in zip(batch.columns, columns, strict=True)]
            yield from (list(row) for row in zip(*cells, strict=True))
    except (ValueError, OSError) as error:
        raise _damaged(path, error) from None


def _texts(column: Any, name: str, path: Path) -> list[str]:
    """One column of a batch as clean text; binary columns must hold UTF-8."""
    try:
        return [clean(_text(cell)) for cell in column.to_pylist()]
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise DataError(
            f"byte 0x{byte:02x} is no UTF-8 text", where=f"{path}, column {name!r}", hint="write the column as UTF-8 text"
        ) from None


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return cell.decode("utf-8") if isinstance(cell, bytes) else str(cell)


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"not a readable Parquet file ({error})", where=str(path), hint="write the file again")
