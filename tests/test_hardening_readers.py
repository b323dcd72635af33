"""What a tester found by attacking the readers: each test is a finding."""

from pathlib import Path

import pytest

from crosswalk.errors import DataError, UsageError
from crosswalk.files.readers import read_table
from tests.conftest import Run
from tests.test_readers import rows, workbook, write

NUMBERS = [["A1", "Nurse", "12"], ["B2", "Cook", ""], ["C3", "Baker", "3"]]


def test_a_header_with_a_year_is_a_header(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "code,title,2019\nA1,Nurse,12\nB2,Cook,\nC3,Baker,3\n")
    assert (read_table(path).columns, rows(path)) == (("code", "title", "2019"), NUMBERS)
    book = workbook(tmp_path / "a.xlsx", s=[["code", "title", "2019"], *NUMBERS])
    assert (read_table(book).columns, rows(book)) == (("code", "title", "2019"), NUMBERS)


def test_rows_are_no_preamble(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "0110,Nurse\n-97,refused\n1111,Cook\n")
    assert rows(path) == [["0110", "Nurse"], ["-97", "refused"], ["1111", "Cook"]]
    assert "no header" in read_table(path).notes[-1]


def test_rows_above_the_header_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Table,2019\n\nkod,nazwa,x\n1111,Nurse,a\n1112,Cook,b\n")
    table = read_table(path)
    assert table.columns == ("kod", "nazwa", "x")
    assert table.notes == ("rows above the table that were skipped: 1",)


def test_a_first_row_is_not_taken_for_a_second_header(tmp_path: Path) -> None:
    below = [[f"A{n}", f"job {n}", str(10 * n)] for n in range(1, 8)]
    path = workbook(tmp_path / "a.xlsx", s=[["code", "title", "employed"], ["A", "Managers", "n/a"], *below])
    assert rows(path)[0] == ["A", "Managers", "n/a"]
    path = workbook(tmp_path / "b.xlsx", s=[["code", "title", "employed"], ["", "(English)", "persons"], *below])
    assert rows(path)[0] == ["A1", "job 1", "10"]
    assert "second row of names, and skipped: (English) / persons" in read_table(path).notes[-1]


def test_a_column_without_a_name_is_kept(tmp_path: Path) -> None:
    cells = [["code", "title", ""], ["1", "Nurse", "keep me"], ["2", "Cook", "and me"]]
    for path in (write(tmp_path / "a.csv", "\n".join(map(",".join, cells))), workbook(tmp_path / "a.xlsx", s=cells)):
        assert read_table(path).columns == ("code", "title", "column 3")
        assert rows(path) == cells[1:]
    assert read_table(write(tmp_path / "b.csv", "code,title,,\n1,Nurse,,\n")).columns == ("code", "title")


def test_json_keys_of_later_lines_are_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"code":"1","title":"Nurse"}\n{"code":"2","title":"Cook","wage":1111.10}\n')
    assert rows(path) == [["1", "Nurse", ""], ["2", "Cook", "1111.10"]]
    assert "'wage' (line 2)" in read_table(path).notes[0]


@pytest.mark.parametrize("line", ['{"code":"1","title":"a","title":"b"}', '{"code":NaN}', '{"code":1e400}', '{"code":' + "9" * 6000 + "}"])
def test_json_that_would_lose_something_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(DataError, match="not JSON"):
        rows(write(tmp_path / "a.jsonl", line))


@pytest.mark.parametrize(("row", "column"), [(1_048_575, 16_383), (200_000, 500)])
def test_one_stray_cell_does_not_fill_the_memory(tmp_path: Path, row: int, column: int) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(tmp_path / "far.xlsx"), {"constant_memory": True}) as book:
        good, far = book.add_worksheet("good"), book.add_worksheet("far")
        good.write_row(0, 0, ["code", "title"])
        good.write_row(1, 0, ["1", "Nurse"])
        far.write(row, column, "x")
    with pytest.raises(DataError, match=f"row {row + 1:,}") as caught:
        read_table(tmp_path / "far.xlsx")
    assert "'far'" in caught.value.where
    assert rows(tmp_path / "far.xlsx", sheet="good") == [["1", "Nurse"]]


@pytest.mark.parametrize("given", ["\\t", "tab", "TAB", "\t"])
def test_a_tab_can_be_named(tmp_path: Path, given: str) -> None:
    assert rows(write(tmp_path / "a.txt", "code\ttitle\n1\tcook, pastry\n"), delimiter=given) == [["1", "cook, pastry"]]


@pytest.mark.parametrize("given", [",,", "", '"', "\n", "tabs"])
def test_a_separator_that_is_none_is_refused(tmp_path: Path, given: str) -> None:
    with pytest.raises(UsageError, match="--delimiter"):
        rows(write(tmp_path / "a.csv", "code,title\n1,cook\n"), delimiter=given)


@pytest.mark.parametrize("given", ["undefined", "hex", "rot13", "base64", "idna", "no-such", "a\0b", ""])
def test_an_encoding_that_is_none_is_refused(tmp_path: Path, given: str) -> None:
    with pytest.raises(UsageError, match="unknown encoding"):
        rows(write(tmp_path / "a.csv", "code,title\n1,cook\n"), encoding=given)


def test_utf8_with_a_bad_byte_is_not_read_as_something_else(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "code,title\n1,Infirmière\n2,Bäcker\n".encode() + "3,Ingénieur\n".encode("cp1252"))
    with pytest.raises(DataError, match="byte 0xe9") as caught:
        read_table(path)
    assert "line 4" in caught.value.where


def test_unmarked_utf_16_and_utf_32_are_told(tmp_path: Path) -> None:
    text = "code,title\n1,Infirmière\n"
    assert rows(write(tmp_path / "a.csv", text.encode("utf-32"))) == [["1", "Infirmière"]]
    for encoding in ("utf-16-le", "utf-16-be"):
        path = write(tmp_path / "b.csv", text.encode(encoding))
        with pytest.raises(DataError, match="UTF-16") as caught:
            read_table(path)
        assert encoding in caught.value.hint
        assert rows(path, encoding=encoding) == [["1", "Infirmière"]]


def test_parquet_text_is_text_or_refused(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table([pa.array(["1"]), pa.array(["é".encode()]), pa.array(["x"])], names=["code", "title", ""]), path)
    assert read_table(path).columns == ("code", "title", "column 3")
    assert rows(path) == [["1", "é", "x"]]
    parquet.write_table(pa.table({"title": pa.array([b"Nu\xffrse"])}), path)
    with pytest.raises(DataError, match="0xff"):
        rows(path)
    text = pa.StringArray.from_buffers(1, pa.array([0, 6], pa.int32()).buffers()[1], pa.py_buffer(b"Nu\xffrse"))
    parquet.write_table(pa.table({"title": text}), path)
    with pytest.raises(DataError, match="0xff"):
        rows(path)


def test_a_header_of_very_many_columns_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"40,001 columns"):
        read_table(write(tmp_path / "a.csv", "code" + ",x" * 40_000 + "\n"))


def test_a_suggested_file_keeps_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "occupations.csv", "code,title\n")
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / "ocupations.csv")
    assert str(tmp_path / "occupations.csv") in caught.value.hint


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        read_table(tmp_path / ("x" * 5000))


def test_titles_that_are_cut_are_counted(crosswalk: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", f"code,title\n1,{'nurse ' * 400}\n2,cook\n")
    said = crosswalk("map", path, "--store", tmp_path / "s.db").stderr
    assert "titles longer than 2,000 characters, of which only these are looked at: 1" in said
