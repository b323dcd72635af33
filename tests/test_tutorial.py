"""The tutorial's commands, run as they are written, give the codes that it shows."""

import csv
import re
import shlex
from pathlib import Path

from tests.conftest import ROOT, Run

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def given(begin: str) -> list[str]:
    """The words of the tutorial's command that begins so."""
    line = next(line for line in TUTORIAL.splitlines() if line.startswith(f"crosswalk {begin}"))
    return shlex.split(line)[1:]


def test_the_table_of_the_mapping_is_what_map_prints(crosswalk: Run, tmp_path: Path) -> None:
    crosswalk(*given("map")[:-1], tmp_path / "mapped.csv", cwd=ROOT)
    with (tmp_path / "mapped.csv").open(encoding="utf-8-sig", newline="") as stream:
        found = {row["source_code"]: row["target_code"] for row in csv.DictReader(stream)}
    shown = dict(re.findall(r"^(\d{4})    \S.*?  ?(\d{4})  ", TUTORIAL, flags=re.MULTILINE))
    assert len(shown) == 7
    assert {code: found[code] for code in shown} == shown


def test_the_survey_is_coded_as_the_tutorial_says(crosswalk: Run, tmp_path: Path) -> None:
    crosswalk(*given("code")[:-1], tmp_path / "coded.csv", cwd=ROOT)
    with (tmp_path / "coded.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["answer"]: row for row in csv.DictReader(stream)}
    shown = dict(re.findall(r"^  (model|review|non-occupation) +(\d+) rows?", TUTORIAL, flags=re.MULTILINE))
    methods = [row["method"] for row in rows.values()]
    assert {method: str(methods.count(method)) for method in shown} == shown
    assert rows["farmer"]["coarser_code"] == "6"
    assert (rows["helps the dentist"]["method"], rows["helps the dentist"]["code_1"]) == ("review", "2261")
