import gzip
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.errors import CrosswalkError, DataError, UsageError
from crosswalk.files.columns import guess_code, guess_qualifiers, guess_title, named_column
from crosswalk.files.readers import read_table
from tests.promises import promise


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(path: Path, **options: str) -> list[list[str]]:
    return list(read_table(path, **options).rows)  # type: ignore[arg-type]


def test_codes_and_the_word_na_stay_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "code,title\n0110,NA\n0210,None\n")
    assert rows(path) == [["0110", "NA"], ["0210", "None"]]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(tmp_path: Path, separator: str) -> None:
    path = write(tmp_path / "a.txt", separator.join(["code", "title"]) + "\n" + separator.join(["1", "cook"]) + "\n")
    assert rows(path) == [["1", "cook"]]


def test_a_gzipped_file_reads_as_the_plain_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv.gz", gzip.compress(b"code,title\n1,cook\n"))
    assert rows(path) == [["1", "cook"]]


@promise("F3", "a byte-order mark is no part of the header")
def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    assert read_table(write(tmp_path / "a.csv", b"\xef\xbb\xbfcode,title\n1,x\n")).columns == ("code", "title")


def test_utf_16_is_read(tmp_path: Path) -> None:
    assert rows(write(tmp_path / "a.csv", "code,title\n1,kökspersonal\n".encode("utf-16"))) == [["1", "kökspersonal"]]


def test_an_assumed_encoding_is_said_with_examples(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / "a.csv", "code,title\n1,Müller\n".encode("cp1252")))
    assert "cp1252" in table.notes[0]
    assert "Müller" in table.notes[0]
    assert "--encoding" in table.notes[0]


def test_bytes_that_the_given_encoding_lacks_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "code,title\n1,Müller\n".encode("cp1252"))
    with pytest.raises(DataError, match="utf-8"):
        rows(path, encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n\n", "blank lines"),
        (b"code,code\n1,2\n", "same name"),
        (b"code,title\n1,a,b,c\n", "4 cells"),
        (b'code,title\n1,"never closed\n2,b\n', "quotation mark"),
        (b"<html><body></body></html>", "something else"),
    ],
)
def test_broken_files_are_refused_with_a_reason(tmp_path: Path, content: bytes, said: str) -> None:
    name = "a.xlsx" if content.startswith(b"<html") else "a.csv"
    with pytest.raises(DataError, match=said) as caught:
        rows(write(tmp_path / name, content))
    assert caught.value.hint
    assert str(tmp_path) in str(caught.value)


def test_a_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    write(tmp_path / "occupations.csv", "a\n1\n")
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / "ocupations.csv")
    assert "occupations.csv" in caught.value.hint


@promise("T3", "a NUL becomes a visible symbol at the reader, the same in every store")
def test_control_characters_become_visible(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"code,title\n1,cook\x1b]52;c;aGk=\x07\x00\n")
    title = rows(path)[0][1]
    assert title == "cook␛]52;c;aGk=␇␀"


def test_a_cell_of_a_megabyte_is_read(tmp_path: Path) -> None:
    assert len(rows(write(tmp_path / "a.csv", "code,title\n1," + "x" * 1_000_000 + "\n"))[0][1]) == 1_000_000


def test_json_lines(tmp_path: Path) -> None:
    lines = [{"code": "0110", "title": "officer"}, {"code": "1", "title": None}]
    path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)))
    assert rows(path) == [["0110", "officer"], ["1", ""]]
    with pytest.raises(DataError, match="not JSON"):
        rows(write(tmp_path / "b.jsonl", '{"code": 1}\n{broken\n'))


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    parquet.write_table(pyarrow.table({"code": ["0110"], "title": ["officer"]}), tmp_path / "a.parquet")
    assert rows(tmp_path / "a.parquet") == [["0110", "officer"]]


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        for name, cells in sheets.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(cells):
                page.write_row(number, 0, row)
    return path


def test_the_longest_sheet_is_taken_its_preamble_skipped_and_said(tmp_path: Path) -> None:
    data = [["Classification of occupations"], [], ["Code", "Title"], *[[f"{n}", f"job {n}"] for n in range(30)]]
    table = read_table(workbook(tmp_path / "a.xlsx", notes=[["read me"]], data=data))
    assert table.columns == ("Code", "Title")
    assert next(table.rows) == ["0", "job 0"]
    assert table.first_row == 4
    assert "'data'" in table.notes[0]


def test_cells_that_say_blank_are_empty_and_it_is_said(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx", s=[["Code", "Title", "Tasks"], ["<blank>", "Managers", "<blank>"], [1111, "Chief executives", "x"]]
    )
    table = read_table(path, sheet="s")
    assert [*table.rows] == [["", "Managers", ""], ["1111", "Chief executives", "x"]]
    assert "read as empty: 2" in table.notes[-1]


def test_a_wrong_sheet_names_the_nearest(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", index=[["a"], ["1"]])
    with pytest.raises(UsageError) as caught:
        read_table(path, sheet="indx")
    assert "index" in caught.value.hint


@promise("F11", "numbers in workbooks come out as they look")
def test_numbers_in_workbooks_come_out_as_they_look(tmp_path: Path) -> None:
    assert rows(workbook(tmp_path / "a.xlsx", s=[["code", "title"], [110, "x"], [1.5, "y"]])) == [["110", "x"], ["1.5", "y"]]


@promise("F12", "a workbook that would unpack to more than a laptop has is refused from its directory, unopened")
def test_a_workbook_that_would_fill_the_memory_is_refused_from_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 200_000_000)
    with pytest.raises(DataError, match="unpack"):
        read_table(path)


@given(st.binary(max_size=400), st.sampled_from([".csv", ".tsv", ".xlsx", ".jsonl", ".csv.gz", ".parquet"]))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused_never_a_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes, ending: str) -> None:
    path = write(tmp_path_factory.mktemp("fuzz") / f"a{ending}", content)
    try:
        for row in read_table(path).rows:
            assert all("\x1b" not in cell for cell in row)
    except CrosswalkError as error:
        assert error.hint


def test_columns_of_the_british_coding_index_are_guessed() -> None:
    columns = ["UNIQUE ID", "RECNO", "SOC_90", "SOC_2000", "SOC_2010", "SOC_2020", "SOC_2020_ext", "INDEXOCC", "ADD", "IND", "SEE",
               "ISCO-08 code based on SOC2020", "SOC2020_unit_group_title"]  # fmt: skip
    assert guess_code(columns) == "SOC_2020"
    assert guess_title(columns, "SOC_2020") == "INDEXOCC"
    assert guess_qualifiers(columns) == ("ADD", "IND")


@pytest.mark.parametrize(
    ("columns", "code", "title"),
    [
        (["national_code", "title", "isco08_any"], "national_code", "title"),
        (["conceptUri", "iscoGroup", "preferredLabel"], "iscoGroup", "preferredLabel"),
        (["SSOC 2024", "SSOC 2024 Title", "Detailed Definitions"], "SSOC 2024", "SSOC 2024 Title"),
        (["Código", "Denominación"], "Código", "Denominación"),
    ],
)
def test_columns_are_guessed_from_their_names(columns: list[str], code: str, title: str) -> None:
    assert guess_code(columns) == code
    assert guess_title(columns, code) == title


def test_a_column_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        named_column(["job_title", "code"], "job titel", option="--title-column")
    assert "did you mean 'job_title'?" in caught.value.hint
