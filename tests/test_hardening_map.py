"""What a tester found by attacking map and export: each test is a finding."""

import csv
import os
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.promises import promise


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def source(path: Path, content: str | bytes = "code,title\n11,Bus driver\n12,Registered nurse\n") -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@promise("B2")
def test_another_encoding_or_delimiter_is_another_run(crosswalk: Run, tmp_path: Path) -> None:
    path = source(tmp_path / "in.csv", "code,title\n1,Müller\n2,cook\n".encode("cp1252"))
    crosswalk("map", path, "--store", tmp_path / "s.db", "--encoding", "cp1252", "--run", "r")
    refused = crosswalk("map", path, "--store", tmp_path / "s.db", "--encoding", "cp1251", "--run", "r", code=2)
    assert "contents was" in refused.stderr


@promise("F19", "an output never replaces the input, under whatever name or link")
def test_the_input_is_never_overwritten(crosswalk: Run, tmp_path: Path) -> None:
    path = source(tmp_path / "in.csv")
    titles = source(tmp_path / "soc.titles.csv")
    os.link(path, tmp_path / "linked.csv")
    (tmp_path / "soft.csv").symlink_to(path)
    for file, out in [(path, path), (titles, tmp_path / "soc.csv"), (path, tmp_path / "linked.csv"), (path, tmp_path / "soft.csv")]:
        refused = crosswalk("map", file, "-o", out, "--store", tmp_path / "s.db", code=2)
        assert "overwrite the input" in refused.stderr
    assert path.read_text() == titles.read_text() == "code,title\n11,Bus driver\n12,Registered nurse\n"
    refused = crosswalk("map", path, "-o", tmp_path / "s.csv", "--store", tmp_path / "s.csv", code=2)
    assert "overwrite the store" in refused.stderr
    assert not (tmp_path / "s.csv").exists()


def test_an_out_that_cannot_be_written_is_refused_before_the_work(crosswalk: Run, tmp_path: Path) -> None:
    crosswalk("map", source(tmp_path / "in.csv"), "-o", tmp_path / "x.txt", "--store", tmp_path / "s.db", code=2)
    crosswalk("map", source(tmp_path / "in.csv"), "-o", tmp_path, "--store", tmp_path / "s.db", code=2)
    assert not (tmp_path / "s.db").exists()


def test_export_overwrites_neither_the_input_nor_the_store(crosswalk: Run, tmp_path: Path) -> None:
    path = source(tmp_path / "in.csv")
    crosswalk("map", path, "--store", tmp_path / "s.csv", "--run", "r")
    kept = (tmp_path / "s.csv").read_bytes()
    for out, said in [(path, "the run's input"), (tmp_path / "s.csv", "the store")]:
        assert said in crosswalk("export", "r", "-o", out, "--store", tmp_path / "s.csv", code=2).stderr
    assert (tmp_path / "s.csv").read_bytes() == kept


def test_rows_that_are_merely_numbered_are_all_mapped(crosswalk: Run, tmp_path: Path) -> None:
    path = source(tmp_path / "in.csv", "code,title\n" + "".join(f"{n},cook\n" for n in range(1, 13)))
    done = crosswalk("map", path, "--store", tmp_path / "s.db", "-o", tmp_path / "out.csv")
    assert {row["target_code"] for row in read(tmp_path / "out.csv")} == {"5120"}
    assert "groups" not in done.stderr


@promise("C5", "rows whose code stands twice are all kept, and it is said")
def test_rows_whose_code_is_a_filler_are_no_items(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("code,title\n<blank>,Managers\n}}}},Clerks\n1111,Baker\n", encoding="utf-8")
    crosswalk("map", tmp_path / "a.csv", "-o", tmp_path / "b.csv", "--store", tmp_path / "s.db")
    found = [line.split(",")[:3] for line in (tmp_path / "b.csv").read_text(encoding="utf-8-sig").splitlines()[1:]]
    assert found == [["<blank>", "Managers", ""], ["}}}}", "Clerks", ""], ["1111", "Baker", "7512"]]


def test_groups_and_codes_on_several_rows_are_said(crosswalk: Run, tmp_path: Path) -> None:
    path = source(tmp_path / "in.csv", "code,title\n1,Cooks\n11,cook\n11,chef\n12,baker\n12,pastry cook\n")
    said = crosswalk("map", path, "--store", tmp_path / "s.db").stderr
    assert "they are not mapped themselves): 1 (1)" in said
    assert "2 codes stand on several rows (code 11 on 2): treated as titles of one item" in said


@promise("E6", "files are written under another name, then renamed: whole or not at all")
def test_a_pair_of_files_is_written_whole_or_not_at_all(crosswalk: Run, tmp_path: Path) -> None:
    from crosswalk.errors import DataError
    from crosswalk.files.tabular import Sheet, write_tables

    def broken() -> object:
        yield ["a"]
        raise OSError(28, "No space left on device")

    with pytest.raises(DataError, match="No space"):
        write_tables(tmp_path / "out.csv", [Sheet("maps", ["x"], [["1"]]), Sheet("titles", ["x"], broken())])  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_that_cannot_hold_the_table_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import xlsxwriter

    from crosswalk.errors import DataError
    from crosswalk.files.tabular import Sheet, write_tables

    with pytest.raises(DataError, match="16,384 columns"):
        write_tables(tmp_path / "out.xlsx", [Sheet("maps", [f"c{n}" for n in range(16_385)], [])])
    with pytest.raises(DataError, match="does not fit"):
        write_tables(tmp_path / "out.xlsx", [Sheet("maps", ["a"], [["=" + "x" * 32_767]])])

    def full(book: object) -> None:
        raise xlsxwriter.exceptions.FileCreateError("No space left on device")

    monkeypatch.setattr(xlsxwriter.Workbook, "close", full)
    with pytest.raises(DataError, match="No space"):
        write_tables(tmp_path / "out.xlsx", [Sheet("maps", ["a"], [])])
    assert list(tmp_path.iterdir()) == []
