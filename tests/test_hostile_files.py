"""A few hostile files of each family; all of them: python benchmarks/trust.py hostile."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.trust_hostile import WELL, outcome
from crosswalk.errors import DataError
from crosswalk.files.readers import read_table
from tests.hostile_files import HEADER, RIGHT, ROWS, Hostile, cells, corpus, csv_text, workbook
from tests.promises import promise

_FEW = [file for file in corpus(seed=1, some=4) if "MB" not in file.name and "GB" not in file.name]


@promise("F1", "an encoding that is not UTF-8 is never guessed in silence: what was assumed is said with examples")
@promise("F2", "a byte that its encoding does not have is refused with its place")
@promise("F4", "a quote that is never closed is refused with its line, and swallows no rows")
@promise("F5", "a cell of two million characters is read, a longer one is refused with its line")
@promise("F6", "a row with too many cells is refused by its number, one with too few is filled up")
@promise("F7", "a column name that stands twice is refused")
@promise("F8", "the separator is found by one rule and said; cells may hold the others")
@promise("F10", "NA, None and null are words")
@promise("F15", "a file is what its content says, whatever its name")
@promise("F16", "UTF-16, gzip, empty files and blank lines are read or refused with a reason")
@promise("F20", "line ends of all systems give the same rows")
@promise("F21", "JSON that nests too deep, holds NaN or a key twice is refused with its line")
@pytest.mark.parametrize("file", _FEW, ids=lambda file: f"{file.family}: {file.name}")
def test_a_hostile_file_is_refused_or_read_right_and_soon(tmp_path: Path, file: Hostile) -> None:
    path = tmp_path / file.name
    path.write_bytes(file.made())
    begun = time.process_time()
    result = outcome(path, file)
    assert result in WELL
    assert file.expected != RIGHT or result == "right"
    assert time.process_time() - begun < 5


@promise("F13", "XML entities in a workbook, inward or outward, are never followed")
@pytest.mark.parametrize("name", ["billion-laughs", "external", "remote"])
def test_entities_are_not_followed(tmp_path: Path, name: str) -> None:
    file = next(file for file in corpus() if file.name == f"{name}-in-sheet.xlsx")
    path = tmp_path / file.name
    path.write_bytes(file.made())
    try:
        shown = str(list(read_table(path).rows))
    except DataError as refused:
        shown = str(refused)
    assert "root:" not in shown
    assert "haha" not in shown


@promise("F14", "a workbook that claims more cells than it has is read by its cells, one stray cell far out is refused")
def test_a_false_dimension_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook(cells([HEADER, *ROWS]), dimension='<dimension ref="A1:XFD1048576"/>'))
    assert list(read_table(path).rows) == ROWS


@promise("F17", "files of any length are read a piece at a time; a line without end is refused before it fills the memory")
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_line_without_end_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b'{"a": "' + b"x" * 11_000_000)
    with pytest.raises(DataError, match="longer than 10 million"):
        list(read_table(path).rows)


@given(st.lists(st.lists(st.text(max_size=12), min_size=2, max_size=2), min_size=1, max_size=6), st.sampled_from(",;|"))
@settings(deadline=None, max_examples=60)
def test_what_a_careful_program_wrote_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], separator: str) -> None:
    """Rows in are rows out, each cell as it was but for control characters and the blanks round it."""
    from crosswalk.text import clean

    kept = [["".join(c for c in cell if not 0xD800 <= ord(c) < 0xE000) for cell in row] for row in rows]
    path = tmp_path_factory.mktemp("fuzz") / "a.csv"
    path.write_text(csv_text([["code", "title"], ["1", "x"], *kept], separator), encoding="utf-8", newline="")
    expected = [[clean(cell) for cell in row] for row in kept if any(cell.strip() for cell in row)]
    try:
        assert list(read_table(path, delimiter=separator).rows)[1:] == expected
    except DataError as refused:
        assert refused.hint


@promise("F18", "a folder, a device, a pipe, a broken link or a file without permission is refused in a line")
def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "broken.csv").symlink_to(tmp_path / "gone")
    (tmp_path / "circle.csv").symlink_to(tmp_path / "circle.csv")
    for path in (*tmp_path.iterdir(), Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(DataError) as refused:
            read_table(path)
        assert refused.value.hint
