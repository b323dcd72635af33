"""Tables that come back: decisions made in a spreadsheet, official correspondences, relations learned from experts."""

import csv
import json
from pathlib import Path

import pytest

from crosswalk.errors import DataError, ModelError, UsageError
from crosswalk.files.readers import read_table
from crosswalk.jobs.decided_files import apply_changes, changes
from crosswalk.jobs.export import Form, export_run
from crosswalk.jobs.official import import_correspondence, load_official, with_prior
from crosswalk.jobs.relations import FEATURES, RELATIONS, features, load_relation_model
from crosswalk.model import CodeProbability, Coding, Query
from crosswalk.store.store import Store
from tests.conftest import Run
from tests.promises import promise
from tests.test_correspondence import TARGET, sssom_report, store  # noqa: F401  (a fixture)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write(path: Path, cells: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(cells[0]))
        writer.writeheader()
        writer.writerows(cells)
    return path


@promise("E11", "a table that went out comes back as the same decisions")
def test_a_table_changed_in_a_spreadsheet_comes_back_as_decisions(store: Store, tmp_path: Path) -> None:  # noqa: F811
    with store:
        export_run(store, "soc", TARGET, tmp_path / "soc.csv")
        cells = rows(tmp_path / "soc.csv")
        assert changes(read_table(tmp_path / "soc.csv"), store, "soc", TARGET) == []
        for row in cells:
            match row["source_code"]:
                case "11":
                    row["status"] = "Accepted"
                case "12":
                    row["target_code"] = "2221"
                case "13":
                    row["share"] = {"2221": "25%", "3221": "75%"}[row["target_code"]]
                case "14":
                    row["target_code"] = ""
                case "15/a|b":
                    row["status"] = "new occupation"
        file = write(tmp_path / "changed.csv", cells)
        found = changes(read_table(file), store, "soc", TARGET)
        assert [(c.source_code, c.decision.action) for c in found] == [
            ("11", "accept"), ("12", "amend"), ("13", "split"), ("14", "reject"), ("15/a|b", "new"),
        ]  # fmt: skip
        assert (found[2].before, found[2].after) == ("2221 50%, 3221 50%", "split: 2221 25%, 3221 75%")
        assert apply_changes(store, "soc", "Ana", found, TARGET).kept == 5
        assert changes(read_table(file), store, "soc", TARGET) == []
        assert store.decisions.verify() == 5
        export_run(store, "soc", TARGET, tmp_path / "after.csv")
        export_run(store, "soc", TARGET, tmp_path / "after.sssom.tsv", Form("sssom"))
    after = {row["source_code"]: row for row in rows(tmp_path / "after.csv")}
    assert [after[code]["status"] for code in ("11", "12", "13", "14", "15/a|b")] == [
        "accepted", "amended", "amended", "rejected", "new occupation",
    ]  # fmt: skip
    assert after["12"]["target_code"] == "2221"
    lines = [line for line in (tmp_path / "after.sssom.tsv").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    published = {row["subject_id"]: row for row in csv.DictReader(lines, delimiter="\t")}
    assert [published["source:11"][name] for name in ("confidence", "reviewer_label", "reviewer_agreement")] == ["0.9700", "Ana", "1.0"]
    assert [published["source:14"][name] for name in ("object_id", "confidence", "reviewer_agreement")] == ["isco08:8331", "0.5500", "-1.0"]
    assert published["source:12"]["mapping_justification"] == "semapv:ManualMappingCuration"
    assert published["source:12"]["confidence"] == ""
    assert sssom_report(tmp_path / "after.sssom.tsv") == "[]"


@pytest.mark.parametrize(("column", "value", "said"), [("target_code", "9999", "no code of isco-08"), ("share", "lots", "no share")])
def test_what_cannot_be_is_refused_with_its_row(store: Store, tmp_path: Path, column: str, value: str, said: str) -> None:  # noqa: F811
    with store:
        export_run(store, "soc", TARGET, tmp_path / "soc.csv")
        cells = rows(tmp_path / "soc.csv")
        cells[1][column] = value
        with pytest.raises(DataError, match=said) as refused:
            changes(read_table(write(tmp_path / "changed.csv", cells)), store, "soc", TARGET)
        assert "row 3" in str(refused.value)


def test_a_table_of_another_run_is_refused(store: Store, tmp_path: Path) -> None:  # noqa: F811
    with store, pytest.raises(DataError, match="no item of the run"):
        changes(read_table(write(tmp_path / "x.csv", [{"source_code": "77", "target_code": "2221"}])), store, "soc", TARGET)


def test_an_official_table_is_kept_a_prior_and_a_reason(home: Path, tmp_path: Path) -> None:
    (tmp_path / "official.csv").write_text("code,isco08\n11,2221\n11,2222\n12,9999\n13,8331|8332\n")
    official, left = import_correspondence(tmp_path / "official.csv", "soc-2010", TARGET, None, None, None)
    assert left == 1
    assert load_official("soc-2010") == official
    assert official.targets == {"11": frozenset(["2221", "2222"]), "13": frozenset(["8331", "8332"])}
    coding = Coding(Query("t"), (CodeProbability("3221", 0.5), CodeProbability("2221", 0.3)), 0.2)
    after = with_prior(coding, official.targets["11"])
    assert [entry.code for entry in after.codes] == ["2221", "3221"]
    assert sum(entry.probability for entry in after.codes) + after.p_none == pytest.approx(1)
    assert with_prior(coding, frozenset()) == coding
    with pytest.raises(UsageError, match="was imported"):
        load_official("../../etc/passwd")
    (home / "correspondences" / "soc-2010.json").write_text("{}")
    with pytest.raises(DataError, match="damaged"):
        load_official("soc-2010")


def test_a_person_maps_with_an_official_table_and_decides_in_a_spreadsheet(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("code,title\n11,Bus driver\n12,Registered nurse\n")
    (tmp_path / "official.csv").write_text("code,isco08\n11,8331\n12,3221\n")
    crosswalk("import", "correspondence", tmp_path / "official.csv", "--scheme", "old")
    common = ["--store", tmp_path / "s.db"]
    crosswalk("map", tmp_path / "in.csv", *common, "--run", "r", "--official", "old", "-o", tmp_path / "out.csv")
    found = {row["source_code"]: row for row in rows(tmp_path / "out.csv")}
    assert "in the official table (8331)" in found["11"]["reasons"]
    assert "the official table says 3221" in found["12"]["reasons"] or found["12"]["target_code"] == "3221"
    cells = rows(tmp_path / "out.csv")
    cells[0]["status"] = "accepted"
    write(tmp_path / "out.csv", cells)
    shown = crosswalk("import", "decisions", tmp_path / "out.csv", *common, "--run", "r", "--dry-run")
    assert "accept: 8331" in shown.stdout
    done = crosswalk("import", "decisions", tmp_path / "out.csv", *common, "--run", "r", "--coder", "Ana")
    assert "1 decisions of Ana are kept" in done.stderr
    again = crosswalk("import", "decisions", tmp_path / "out.csv", *common, "--run", "r", "--coder", "Ana")
    assert "nothing was changed" in again.stderr


def test_features_say_what_the_titles_and_the_table_look_like() -> None:
    found = dict(zip(FEATURES, features("Bus Driver", ["driver", "bus drivers"], 1, 2), strict=True))
    assert found["same"] == 0
    assert found["many_to_one"] == 1
    assert 0.9 < found["similarity"] < 1
    assert dict(zip(FEATURES, features("bus driver", ["Bus driver"], 1, 1), strict=True))["same_and_one_to_one"] == 1
    assert features("x", [], 1, 1)[1] == 0


def test_the_learned_relations_are_what_an_expert_expects_of_clear_cases() -> None:
    model = load_relation_model()
    clear = [
        features("Bus driver", ["bus driver"], 1, 1),
        features("Senior maker of small wooden toys", ["toy maker"], 1, 12),
        features("Health workers", ["nursing assistant"], 9, 1),
    ]
    assert model.relations(clear) == ["exact", "broad", "narrow"]
    assert model.relations([]) == []


@promise("X13")
def test_a_damaged_relation_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "relations.json").write_text(json.dumps({"weights": {relation: {} for relation in RELATIONS}}))
    with pytest.raises(ModelError, match="relation model"):
        load_relation_model(tmp_path / "relations.json")
