import json
from pathlib import Path

import pytest

from crosswalk.errors import DataError
from crosswalk.model import Item, check_items
from tests.conftest import SHARED, Run, needs_shared
from tests.promises import promise


def test_imported_titles_are_used_from_then_on(crosswalk: Run, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("code,title\n9611,snoggleflux operator\n9999,nobody\n")
    before = json.loads(crosswalk("lookup", "snoggleflux operator", "--json").stdout)[0]
    done = crosswalk("import", "titles", path, "--language", "en")
    assert "1 left out" in done.stderr
    after = json.loads(crosswalk("lookup", "snoggleflux operator", "--json").stdout)[0]
    assert after["codes"][0]["code"] == "9611"
    assert after["codes"][0]["probability"] > before["codes"][0]["probability"]
    assert "own.csv" in crosswalk("index", "info").stdout


def test_a_classification_of_ones_own_can_be_coded_to(crosswalk: Run, tmp_path: Path) -> None:
    path = tmp_path / "scheme.csv"
    path.write_text("code,title\nA,People who drive\nA1,Bus driver\nA2,Lorry driver\nB,People who cook\nB1,Pastry cook\n")
    crosswalk("import", "classification", path, "--scheme", "mine", "--version", "1")
    found = json.loads(crosswalk("lookup", "driver of a lorry", "--scheme", "mine", "--json").stdout)[0]
    assert found["codes"][0]["code"] == "A2"


@promise("C1", "a classification that contradicts itself is refused with all its faults listed")
def test_every_fault_of_a_classification_is_listed() -> None:
    items = [Item("1", "a", 1), Item("1", "b", 1), Item("2", "c", 2, "9"), Item("3", "d", 1, "4"), Item("4", "e", 1, "3")]
    with pytest.raises(DataError) as caught:
        check_items(items, where="x.csv")
    for said in ("'1' stands twice", "parent '9' that does not exist", "own ancestors"):
        assert said in caught.value.message


def test_a_file_of_another_kind_is_refused(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("code,title\n1,x\n")
    assert "no column" in crosswalk("import", "esco", tmp_path / "a.csv", code=3).stderr
    assert "none of its" in crosswalk("import", "titles", tmp_path / "a.csv", code=3).stderr
    refused = crosswalk("import", "isco-08", tmp_path / "a.csv", code=3)
    assert "not the groups of ISCO-08" in refused.stderr


@needs_shared
def test_the_official_files_are_imported(crosswalk: Run) -> None:
    workbook = next((SHARED / "isco-08").glob("*.xlsx"))
    assert "619 groups" in crosswalk("import", "isco-08", workbook).stderr
    assert "titles" in crosswalk("import", "isco-index", SHARED / "isco-08" / "index_en.csv").stderr
    done = crosswalk("import", "esco", SHARED / "esco/v1.0.8/occupations_da.csv.gz", SHARED / "esco/v1.0.8/occupations_ga.csv.gz")
    assert "esco-da" in done.stderr
    assert "esco-ga" in done.stderr
    found = json.loads(crosswalk("lookup", "Abbess", "--json").stdout)[0]
    assert found["codes"][0]["code"] == "2636"
    assert len(crosswalk("index", "info").stdout.splitlines()) == 6
