"""Millions of rows out, streamed: CSV and TSV (also gzipped) and Parquet, never half-written, the same bytes every time."""

import csv
import gzip
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

from crosswalk.errors import DataError, UsageError
from crosswalk.files.tabular import FORMULA, harmless
from crosswalk.manifest import replacing

_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
_PARQUET_ROWS = 100_000
_GZIP_LEVEL = 4
_RISKY = frozenset(FORMULA)

Row = tuple[Sequence[str], tuple[str, ...]]
"""A row in two parts: cells from outside, made harmless here, and cells that are harmless already."""


def check_ending(path: Path) -> None:
    """Refuse, before the work begins, a name whose ending cannot be written. Raises UsageError."""
    kind = _ending(path)
    if kind == ".parquet":
        _pyarrow(path)


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Row], numbers: frozenset[str] = frozenset()) -> None:
    """Write rows under a temporary name, then rename. ``numbers`` names columns that Parquet keeps as numbers.

    Raises UsageError for other endings and DataError when the disk refuses.
    """
    kind = _ending(path)
    try:
        with replacing(path) as temporary:
            if kind == ".parquet":
                _write_parquet(temporary, columns, rows, numbers, _pyarrow(path))
            else:
                _write_text(temporary, kind, columns, rows)
    except OSError as error:
        raise DataError(
            f"the file cannot be written ({error.strerror or error})", where=str(path), hint="check the folder and the space on its disk"
        ) from None


def _ending(path: Path) -> str:
    name = path.name.lower()
    kind = next((ending for ending in reversed(_ENDINGS) if name.endswith(ending)), "")
    if not kind:
        raise UsageError(
            f"cannot write {path.suffix or 'a file without an ending'}", where=str(path), hint=f"end the name in {', '.join(_ENDINGS)}"
        )
    return kind


def _write_text(path: Path, kind: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    tabs = kind.startswith(".tsv")
    with _text_stream(path, kind.endswith(".gz"), "utf-8" if tabs else "utf-8-sig") as stream:
        writer = csv.writer(stream, delimiter="\t" if tabs else ",", lineterminator="\n" if tabs else "\r\n")
        writer.writerow([harmless(name) for name in columns])
        writer.writerows((*_made_harmless(cells), *ours) for cells, ours in rows)


def _made_harmless(cells: Sequence[str]) -> list[str]:
    return [cell if cell[:1] not in _RISKY else harmless(cell) for cell in cells]


@contextmanager
def _text_stream(path: Path, zipped: bool, encoding: str) -> Iterator[IO[str]]:
    """A text file to write; a gzipped one carries no name and no time, so that equal rows give equal bytes."""
    if not zipped:
        with path.open("w", encoding=encoding, newline="") as stream:
            yield stream
        return
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding=encoding, newline="", write_through=False) as stream,
    ):
        yield stream


def _write_parquet(path: Path, columns: Sequence[str], rows: Iterable[Row], numbers: frozenset[str], pyarrow: Any) -> None:
    from pyarrow import parquet

    schema = pyarrow.schema([(name, pyarrow.float64() if name in numbers else pyarrow.string()) for name in columns])
    parts: Iterator[Row] = iter(rows)
    makers: list[Callable[[Sequence[str]], Any]] = [as_numbers if name in numbers else list for name in columns]
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while block := [(*cells, *ours) for cells, ours in islice(parts, _PARQUET_ROWS)]:
            arrays = [
                pyarrow.array(make(column), field.type)
                for make, column, field in zip(makers, zip(*block, strict=True), schema, strict=True)
            ]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))


def as_numbers(column: Sequence[str]) -> list[float | None]:
    """Cells as numbers, None where they are blank."""
    return [float(cell) if cell else None for cell in column]


def _pyarrow(path: Path) -> Any:
    try:
        import pyarrow
    except ImportError:
        raise UsageError("Parquet needs one more package", where=str(path), hint="pip install 'isco-crosswalk[parquet]'") from None
    return pyarrow
