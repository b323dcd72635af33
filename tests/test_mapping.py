import csv
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.jobs import item_evidence
from crosswalk.jobs.indexing import shipped_isco_08
from crosswalk.jobs.rollup import roll_up
from crosswalk.model import Candidate, CodeProbability, Coding, IndexTitle, Query
from tests.conftest import SHARED, Run, needs_shared
from tests.promises import promise

TARGET = shipped_isco_08()[0]


def coding(code: str, probability: float = 0.8) -> Coding:
    candidate = Candidate(code, IndexTitle("some title", code), {})
    return Coding(Query("t"), (CodeProbability(code, probability, candidate),), 1 - probability)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_titles_that_agree_make_one_map() -> None:
    proposal = roll_up("1", "x", [coding("2221")] * 10, [])
    assert proposal.kind == "map"
    assert [(link.target_code, link.share) for link in proposal.maps] == [("2221", 1.0)]


def test_titles_that_disagree_make_a_split_with_shares() -> None:
    proposal = roll_up("1", "x", [coding("2221")] * 6 + [coding("3221")] * 3 + [coding("9111")] * 1 + [coding("5120")] * 10, [])
    assert proposal.kind == "split"
    assert [link.target_code for link in proposal.maps] == ["5120", "2221", "3221"]
    assert sum(link.share for link in proposal.maps) == pytest.approx(1)
    assert "1 titles say other codes" in proposal.reasons


def test_an_item_nothing_resembles_has_no_target() -> None:
    proposal = roll_up("1", "x", [coding("2221", 0.1)], [])
    assert proposal.kind == "new"
    assert proposal.maps[0].target_code is None


def of(*shares: tuple[str, float], none: float = 0.1) -> Coding:
    entries = tuple(CodeProbability(code, share) for code, share in shares)
    return Coding(Query("t"), entries, none)


def test_a_description_settles_a_doubtful_title_and_leaves_a_clear_one() -> None:
    description = item_evidence.of_text(of(("3221", 0.9), none=0.01), item_evidence.DESCRIPTION, TARGET)
    doubtful, clear = of(("2221", 0.45), ("3221", 0.44)), of(("2221", 0.88), ("3221", 0.02))
    assert item_evidence.weighed(doubtful, [description]).codes[0].code == "3221"
    assert item_evidence.weighed(clear, [description]).codes[0].code == "2221"
    assert item_evidence.weighed(doubtful, [None]) == doubtful
    looked_up = replace(doubtful, method="lookup")
    assert item_evidence.weighed(looked_up, [description]) == looked_up


def test_siblings_lean_an_item_to_where_they_go_and_it_does_not_count_itself() -> None:
    titles = {f"22{n}": [of(("2221", 0.9), none=0.0)] for n in range(4)} | {"224": [of(("5321", 0.5), ("2221", 0.4))]}
    evidence = item_evidence.of_siblings(titles, TARGET)
    assert item_evidence.weighed(titles["224"][0], [evidence["224"]]).codes[0].code == "2221"
    assert evidence["224"].codes["2221"] > 0.6
    assert evidence["224"].codes["5321"] < 0.05
    assert evidence["221"].codes["5321"] > evidence["224"].codes["5321"]
    assert item_evidence.of_siblings({"22": titles["220"]}, TARGET) == {}


@given(st.lists(st.floats(0.001, 1.0), min_size=2, max_size=8), st.lists(st.floats(0.001, 1.0), min_size=2, max_size=8))
def test_evidence_keeps_probabilities_summing_to_one(title: list[float], description: list[float]) -> None:
    def made(weights: list[float]) -> Coding:
        total = sum(weights) * 1.05
        return of(*((f"{2211 + n}", weight / total) for n, weight in enumerate(weights[1:])), none=weights[0] / total)

    evidence = item_evidence.of_text(made(description), item_evidence.DESCRIPTION, TARGET)
    after = item_evidence.weighed(made(title), [evidence])
    assert 0 <= after.p_none <= 1
    assert after.p_none + sum(entry.probability for entry in after.codes) <= 1 + 1e-9
    kept = [round(entry.probability, 6) for entry in after.codes]
    assert kept == sorted(kept, reverse=True)


def test_titles_listed_in_a_cell_and_descriptions_are_evidence_of_their_item(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(
        "code,title,description,related job titles\n"
        '11,Care people,"They care for patients in hospital wards","~Registered nurse\n\n~Staff nurse; Ward nurse"\n'
        "12,Drivers of buses,They drive buses along set routes,Bus driver|Tram driver\n",
        encoding="utf-8",
    )
    done = crosswalk("map", tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--store", tmp_path / "s.db", "--run", "r")
    assert "further titles from 'related job titles'" in done.stderr
    assert "descriptions from 'description'" in done.stderr
    rows = {row["source_code"]: row for row in read(tmp_path / "out.csv")}
    assert rows["12"]["target_code"] == "8331"
    assert rows["12"]["source_title"] == "Drivers of buses"
    assert "its own title says" in rows["12"]["reasons"]
    assert "its description says" in rows["12"]["reasons"]
    titles = [(row["code"], row["title"]) for row in read(tmp_path / "out.titles.csv")]
    assert titles == [
        ("11", "Care people"), ("11", "Registered nurse"), ("11", "Staff nurse"), ("11", "Ward nurse"),
        ("12", "Drivers of buses"), ("12", "Bus driver"), ("12", "Tram driver"),
    ]  # fmt: skip


def classification(path: Path, extra: str = "") -> Path:
    path.write_text(
        "code,title,remark\n1,Drivers,\n11,Bus driver,keeps=this\n12,Registered Nurse,\n"
        "13,=HYPERLINK(1),\n14,-97,\n}}},Advisor,see Adviser\n" + extra,
        encoding="utf-8",
    )
    return path


def test_the_journey_from_file_to_table(crosswalk: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    done = crosswalk("map", classification(tmp_path / "in.csv"), "-o", out, "--store", tmp_path / "s.db", "--run", "first")
    assert "codes from column 'code'" in done.stderr
    rows = {row["source_code"]: row for row in read(out)}
    assert rows["11"]["target_code"] == "8331"
    assert rows["11"]["target_title"] == "Bus and Tram Drivers"
    assert rows["11"]["status"] == "proposed"
    assert rows["11"]["remark"] == "keeps=this"
    assert rows["12"]["target_code"] == "2221"
    assert rows["1"]["status"] == "group"
    assert rows["14"]["status"] == "not an occupation"
    assert rows["}}}"]["status"] == "not coded"
    assert list(rows["11"])[:9] == [
        "source_code",
        "source_title",
        "target_code",
        "target_title",
        "relation",
        "share",
        "probability",
        "status",
        "reasons",
    ]
    titles = read(tmp_path / "out.titles.csv")
    assert [row["title"] for row in titles] == ["Drivers", "Bus driver", "Registered Nurse", "'=HYPERLINK(1)", "-97", "Advisor"]
    assert titles[1]["matched"] == "bus driver"
    assert "first" in crosswalk("runs", "--store", tmp_path / "s.db").stdout


def test_the_exported_workbook_holds_text_only(crosswalk: Run, tmp_path: Path) -> None:
    import openpyxl

    crosswalk("map", classification(tmp_path / "in.csv"), "--store", tmp_path / "s.db", "--run", "r")
    crosswalk("export", "r", "--format", "xlsx", "-o", tmp_path / "out.xlsx", "--store", tmp_path / "s.db")
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert book.sheetnames == ["maps", "titles", "checks"]
    assert {cell.data_type for page in book for row in page for cell in row if cell.value is not None} == {"s"}
    assert book["maps"].freeze_panes == "A2"


@promise("E10", "exporting twice gives the same bytes")
def test_exporting_twice_gives_the_same_bytes(crosswalk: Run, tmp_path: Path) -> None:
    crosswalk("map", classification(tmp_path / "in.csv"), "--store", tmp_path / "s.db", "--run", "r", "-o", tmp_path / "a.csv")
    crosswalk("export", "r", "-o", tmp_path / "b.csv", "--store", tmp_path / "s.db")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@promise("F9", "codes that lost their zeros are told, and repaired only when asked")
def test_lost_zeros_are_said_and_repaired_when_asked(crosswalk: Run, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("code,title\n110,officer\n" + "".join(f"{n},cook {n}\n" for n in range(2000, 2030)))
    done = crosswalk("map", path, "-o", tmp_path / "out.csv", "--store", tmp_path / "s.db")
    assert "--pad-codes 4" in done.stderr
    crosswalk("map", path, "-o", tmp_path / "out.csv", "--store", tmp_path / "s.db", "--pad-codes", 4)
    assert read(tmp_path / "out.csv")[0]["source_code"] == "0110"


@promise("B2", "a run is taken up only with the same file, columns, index and rules; otherwise it is refused, saying what differs")
def test_a_run_is_not_mixed_with_another_file(crosswalk: Run, tmp_path: Path) -> None:
    crosswalk("map", classification(tmp_path / "in.csv"), "--store", tmp_path / "s.db", "--run", "r")
    classification(tmp_path / "in.csv", extra="15,Welder,\n")
    refused = crosswalk("map", tmp_path / "in.csv", "--store", tmp_path / "s.db", "--run", "r", code=2)
    assert "input was" in refused.stderr
    assert "--run" in refused.stderr


def test_a_table_without_rows_is_refused(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("code,title\n")
    assert "no rows" in crosswalk("map", tmp_path / "in.csv", "--store", tmp_path / "s.db", code=3).stderr


@pytest.mark.slow
@promise("B1")
def test_killed_at_any_moment_a_run_is_completed_as_if_unbroken(crosswalk: Run, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    nouns, places = ["driver", "cook", "nurse", "clerk", "teacher", "welder", "guard"], ["school", "ship", "hotel", "mine", "bank", "farm"]
    source.write_text("code,title\n" + "".join(f"{n // 50},{nouns[n % 7]} {places[n % 6]} {n}\n" for n in range(12_000)))
    crosswalk("map", source, "-o", tmp_path / "whole.csv", "--store", tmp_path / "whole.db", "--run", "r")
    command = [sys.executable, "-c", "from crosswalk.cli import main; main()", "map", str(source), "--run", "r",
               "--store", str(tmp_path / "broken.db"), "-o", str(tmp_path / "broken.csv")]  # fmt: skip
    for seconds in (0.6, 1.0, 1.4, 1.9):
        broken = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ.copy())
        time.sleep(seconds)
        broken.send_signal(signal.SIGKILL)
        broken.wait()
    crosswalk("map", source, "-o", tmp_path / "broken.csv", "--store", tmp_path / "broken.db", "--run", "r")
    assert (tmp_path / "broken.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert (tmp_path / "broken.titles.csv").read_bytes() == (tmp_path / "whole.titles.csv").read_bytes()


@pytest.mark.slow
@needs_shared
def test_national_tables_with_their_own_shapes_are_mapped(crosswalk: Run, tmp_path: Path) -> None:
    for name, code in [("france_rome/appellations.csv.gz", "F1402"), ("indonesia_kbji2014/titles.csv.gz", "1111.01")]:
        crosswalk("map", SHARED / "national" / name, "-o", tmp_path / "out.csv", "--store", tmp_path / "s.db")
        assert code in {row["source_code"] for row in read(tmp_path / "out.csv")}
