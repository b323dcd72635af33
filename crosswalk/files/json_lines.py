"""JSON Lines as tables: one object a line, its keys the columns."""

import json
from collections.abc import Iterator, Sequence
from math import isinf
from pathlib import Path

from crosswalk.errors import DataError
from crosswalk.files.delimited import open_text
from crosswalk.files.encodings import bounded_lines, choose_encoding
from crosswalk.files.table import Table, named_columns
from crosswalk.text import clean


def read_json_lines(path: Path, encoding: str | None) -> Table:
    """Open a file of JSON objects. All its lines are looked at first, so that a key of a later line is no less a column."""
    notes: list[str] = []
    chosen = choose_encoding(path, encoding, notes)
    keys: dict[str, int] = {}
    begun = 0
    for line, row in _objects(path, chosen):
        begun = begun or line
        for key in row:
            keys.setdefault(key, line)
    if not keys:
        raise DataError("the file holds no rows", where=str(path), hint="check that it was written completely")
    late = [f"{clean(key)!r} (line {line})" for key, line in keys.items() if line != begun]
    if late:
        notes.append(f"keys that the first line lacks: {', '.join(late[:8])}; blank where a line does not have them")
    rows = ([clean(_cell(row.get(key))) for key in keys] for _, row in _objects(path, chosen))
    return Table(path, named_columns([*keys], str(path)), rows, tuple(notes), first_row=1)


def _objects(path: Path, encoding: str) -> Iterator[tuple[int, dict[str, object]]]:
    """The objects with the numbers of their lines."""
    with open_text(path, encoding) as stream:
        for number, line in enumerate(bounded_lines(stream, path), start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line, object_pairs_hook=_unique, parse_float=_AsWritten, parse_constant=_refuse_constant)
            except (ValueError, RecursionError) as error:
                raise DataError(f"not JSON ({error})", where=f"{path}, line {number}", hint="one JSON object a line") from None
            if not isinstance(row, dict):
                raise DataError("not a JSON object", where=f"{path}, line {number}", hint="one JSON object a line")
            yield number, row


class _AsWritten(float):
    """A number that knows how it was written: the code 1111.10 is not 1111.1."""

    def __new__(cls, text: str) -> "_AsWritten":
        value = super().__new__(cls, text)
        if isinf(value):
            raise ValueError(f"the number {text[:20]} is too large")
        value.text = text
        return value

    text: str


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    row = dict(pairs)
    if len(row) < len(pairs):
        twice = next(key for place, (key, _) in enumerate(pairs) if key in {earlier for earlier, _ in pairs[:place]})
        raise ValueError(f"the key {clean(twice)!r} stands twice")
    return row


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON value; write null")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, _AsWritten):
        return value.text
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
