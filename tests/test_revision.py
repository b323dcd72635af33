import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.errors import DataError
from crosswalk.jobs.revision.chains import as_maps, compose, invert
from crosswalk.jobs.revision.changes import REAL, Change, find_changes
from crosswalk.jobs.revision.editions import Edition, flat_edition
from crosswalk.jobs.revision.links import find_links, links_of_table
from crosswalk.jobs.revision.tables import with_shares
from crosswalk.model import Map
from tests.conftest import ROOT, Run
from tests.promises import promise


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def kinds(changes: list[Change]) -> dict[tuple[str, str], set[str]]:
    return {(c.old.code if c.old else "", c.new.code if c.new else ""): set(c.kinds) for c in changes}


def diff(old: Edition, new: Edition) -> dict[tuple[str, str], set[str]]:
    return kinds(find_changes(old, new, find_links(old, new)))


OLD = [("11", "Nurses"), ("12", "Web designers and developers"), ("13", "Lamplighters"), ("14", "Bakers"), ("15", "Cooks")]


def test_names_codes_additions_and_removals() -> None:
    new = [("11", "Registered nurses"), ("12", "Web designers and developers"), ("24", "Bakers"), ("15", "Cooks"), ("16", "Drone pilots")]
    found = diff(flat_edition("a", OLD), flat_edition("b", new))
    assert found["11", "11"] == {"renamed"}
    assert found["12", "12"] == set()
    assert found["13", ""] == {"removed"}
    assert found["14", "24"] == {"recoded"}
    assert found["", "16"] == {"added"}


def test_a_title_that_moved_takes_its_code_with_it_even_where_the_code_is_used_again() -> None:
    found = diff(flat_edition("a", [("1", "Bakers"), ("2", "Cooks")]), flat_edition("b", [("1", "Cooks"), ("2", "Bakers")]))
    assert found == {("1", "2"): {"recoded"}, ("2", "1"): {"recoded"}}


def test_index_titles_that_wander_are_the_evidence_of_a_breakdown() -> None:
    old = flat_edition(
        "a", [("12", "Web designers and developers")] + [("12", f"{what} {n}") for what in ("site painter", "coder") for n in "abcd"]
    )
    new = flat_edition("b", [("31", "Layout artists"), ("32", "Programmers")]
                       + [("31", f"site painter {n}") for n in "abcd"] + [("32", f"coder {n}") for n in "abcd"])  # fmt: skip
    changes = find_changes(old, new, find_links(old, new))
    assert kinds(changes) == {("12", "31"): {"broken down"}, ("12", "32"): {"broken down"}}
    assert {change.evidence for change in changes} == {"4 of 8 index titles"}


def test_terms_of_change_with_the_offices_own_table() -> None:
    old = flat_edition(
        "2016", [("1", "Cable workers"), ("2", "Line workers"), ("3", "Butchers and fishmongers"), ("4", "Aides"), ("5", "Bakers")]
    )
    items = [("2", "Line workers"), ("31", "Butchers"), ("32", "Fishmongers"), ("4", "Aides"), ("6", "Prompters"), ("5", "Bakers")]
    new = flat_edition("2021", items)
    pairs = [("1", "2"), ("2", "2"), ("3", "31"), ("3", "32"), ("4", "4"), ("4", "6"), ("5", "5"), ("4", "5")]
    found = kinds(find_changes(old, new, links_of_table(pairs, old, new)))
    assert found["1", "2"] == {"taken over"}
    assert found["2", "2"] == {"taken over"}
    assert found["4", "6"] == {"split off"}
    assert found["4", "5"] == {"transferred"}
    assert found["4", "4"] == {"split off", "transferred"}
    assert not found["5", "5"] & set(REAL)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz"), st.integers(1, 9)), min_size=1, max_size=12))
def test_shares_of_a_chain_sum_to_one(links: list[tuple[str, str, int]]) -> None:
    first = with_shares({(a, b): float(n) for a, b, n in links}, {})
    second = with_shares({(b, f"{b}{n % 2}"): float(n) for _, b, n in links}, {})
    total: dict[str, float] = {}
    for link in compose([first, second]):
        total[link.source_code] = total.get(link.source_code, 0.0) + link.share
    assert all(share == pytest.approx(1) for share in total.values())
    back: dict[str, float] = {}
    for turned in invert(as_maps(compose([first, second]))):
        back[turned.source_code] = back.get(turned.source_code, 0.0) + turned.share
    assert all(share == pytest.approx(1) for share in back.values())


def test_relations_chain_and_doubt_is_said() -> None:
    first = with_shares({("A", "M"): 1.0, ("B", "M"): 99.0, ("B", "N"): 1.0}, {})
    second = [Map("M", "X", "narrow", 0.97, 1.0), Map("M", "Y", "narrow", 0.03, 1.0), Map("N", "Z", "exact", 1.0, 1.0)]
    chain = {(link.source_code, link.target_code): link for link in compose([first, second])}
    assert "need not meet" in chain["A", "Y"].doubt
    assert not chain["A", "X"].doubt
    assert chain["A", "X"].relation == "close"
    assert chain["B", "Z"].share == pytest.approx(0.01)


def test_tables_that_do_not_meet_are_refused() -> None:
    with pytest.raises(DataError, match="do not meet"):
        compose([[Map("1", "2", "exact", 1.0, 1.0)], [Map("3", "4", "exact", 1.0, 1.0)]])


def test_a_chain_that_breaks_off_says_where() -> None:
    broken = compose([[Map("1", "2", "exact", 1.0, 1.0), Map("9", "8", "exact", 1.0, 1.0)], [Map("2", "4", "exact", 1.0, 1.0)]])
    assert [link.target_code for link in broken] == ["4", ""]
    assert "ends at 8" in broken[1].doubt


@promise("C4", "every code that moved between two versions is listed at the lowest level")
def test_diff_from_files_to_a_workbook(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("code,title\n1111,Nurses\n1112,Lamplighters\n1113,Cooks\n")
    (tmp_path / "new.csv").write_text("code,title\n1111,Registered nurses\n1113,Cooks\n1114,Drone pilots\n")
    done = crosswalk("diff", tmp_path / "old.csv", tmp_path / "new.csv", "--json", "-o", tmp_path / "changes.csv")
    answer = json.loads(done.stdout)
    assert answer["counts"] == {"unchanged": 1, "added": 1, "removed": 1, "renamed": 1}
    assert [change["old_code"] for change in answer["changes"]] == ["1111", "1112", ""]
    assert "nearest: " in answer["changes"][2]["evidence"]
    assert len(rows(tmp_path / "changes.csv")) == 4
    refused = crosswalk("diff", tmp_path / "old.csv", tmp_path / "new.csv", "-o", tmp_path / "old.csv", code=2)
    assert "overwrite the old version" in refused.stderr


@promise("C7", "a code with several targets is decided by the text or by shares, never by chance")
def test_coded_data_goes_over_by_the_table_and_splits_by_the_text(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("old_code,new_code\nA,2221\nB,9611\nB,8331\n")
    (tmp_path / "data.csv").write_text("person,code,job\n1,A,whatever\n2,B,bin man\n3,B,\n4,C,cook\n5,B,bus driver\n")
    crosswalk("compose", tmp_path / "table.csv", "--convert", tmp_path / "data.csv", "--code-column", "code", "--text-column", "job",
              "-o", tmp_path / "out.csv")  # fmt: skip
    found = {row["person"]: (row["new_code"], row["method"]) for row in rows(tmp_path / "out.csv")}
    assert found == {
        "1": ("2221", "table"),
        "2": ("9611", "recoded"),
        "3": ("", "review"),
        "4": ("", "not in the table"),
        "5": ("8331", "recoded"),
    }


def test_compose_and_invert_from_files(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("source_code,target_code,share\nN1,S1,0.75\nN1,S2,0.25\nN2,S2,1\n")
    (tmp_path / "b.csv").write_text("soc,isco\nS1,1111\nS2,2222|3333\n")
    crosswalk("compose", tmp_path / "a.csv", tmp_path / "b.csv", "--json", "--from-column", "x", code=2)
    chain = json.loads(crosswalk("compose", tmp_path / "a.csv", tmp_path / "b.csv", "--json").stdout)
    assert {(row["source_code"], row["target_code"]): row["share"] for row in chain}["N1", "2222"] == "0.1250"
    back = json.loads(crosswalk("compose", tmp_path / "a.csv", "--invert", "--json").stdout)
    assert [(row["source_code"], row["target_code"], row["share"]) for row in back][1:] == [("S2", "N2", "0.8000"), ("S2", "N1", "0.2000")]
    ours = crosswalk("compose", ROOT / "data" / "isco-88" / "isco-88-to-08.tsv", "--json")
    assert "from the codes of column 'isco88' to those of 'isco08'" in ours.stderr


@promise("C2", "decisions are carried to a new version, and those whose code changed wait for a person")
def test_decisions_are_carried_and_only_what_changed_is_left(crosswalk: Run, tmp_path: Path) -> None:
    from crosswalk.jobs.review import ReviewQueue
    from crosswalk.model import CodeShare, Decision
    from crosswalk.store.store import Store

    (tmp_path / "old.csv").write_text("code,title\nA1,bus driver\nA2,lamplighter of the docks\nA3,bin man\n")
    (tmp_path / "new.csv").write_text("code,title\nB1,bus driver\nB3,bin man\nB4,drone pilot\n")
    db = tmp_path / "s.db"
    for name in ("old", "new"):
        crosswalk("map", tmp_path / f"{name}.csv", "--run", name, "--store", db)
    with Store(db) as store, ReviewQueue(store, "old", "anna") as queue:
        while case := queue.next():
            queue.decide(case, Decision("amend", (CodeShare("8331"),), note="seen"), seconds=1.0)
    done = crosswalk("carry", "old", "new", "--coder", "ben", "--store", db)
    assert "from 'old' to 'new': 2" in done.stderr
    assert "the item is gone or has changed): 1" in done.stderr
    with Store(db) as store:
        settled = store.decisions.settled("new")
        assert set(settled) == {"B1", "B3"}
        assert settled["B1"].coder == "ben"
        assert "by anna" in settled["B1"].note
        assert [case.key for case in ReviewQueue(store, "new", "cleo").page(9)] == ["B4"]
    again = crosswalk("carry", "old", "new", "--coder", "ben", "--store", db)
    assert "decided in the new run already): 2" in again.stderr


def test_a_classification_as_skos_is_read_back_and_its_bytes_repeat(tmp_path: Path) -> None:
    from rdflib import SKOS, Graph, Literal, URIRef

    from crosswalk.files.skos import write_classification
    from crosswalk.model import Classification, IndexTitle, Item

    items = (Item("3", "Technicians", 1), Item("31", 'Drone pilots "and" <b>operators</b>', 2, "3"))
    titles = [IndexTitle("dronepilot", "31", "da"), IndexTitle("drone flyer", "31", "en,fr")]
    for name in ("a", "b"):
        write_classification(tmp_path / name, Classification("own", "2027", items), titles, {"31": "12 job ads"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    graph, node = Graph().parse(tmp_path / "a", format="turtle"), URIRef("urn:crosswalk:own:2027:31")
    assert graph.value(node, SKOS.prefLabel) == Literal(items[1].title)
    assert graph.value(node, SKOS.broader) == URIRef("urn:crosswalk:own:2027:3")
    assert set(graph.objects(node, SKOS.altLabel)) == {Literal("dronepilot", lang="da"), Literal("drone flyer")}
    assert graph.value(node, SKOS.historyNote) == Literal("12 job ads")


def test_new_occupations_get_free_codes_and_accepted_titles_their_groups() -> None:
    from crosswalk.errors import UsageError
    from crosswalk.jobs.revision.version import next_version
    from crosswalk.model import Classification, CodeShare, Item
    from crosswalk.store.candidates import KeptCandidate
    from crosswalk.store.decision_rows import KeptDecision

    items = [Item("31", "Technicians", 1), Item("311", "Pilots", 2, "31"), Item("319", "Other", 2, "31"), Item("32", "Nurses", 1)]
    base = Classification("own", "1", tuple(items))

    def entry(kind: str, name: str, action: str, code: str = "") -> tuple[KeptCandidate, KeptDecision]:
        candidate = KeptCandidate("r", name, kind, name, "311", (name,), 9, 2.0, "en", "why")  # type: ignore[arg-type]
        codes = (CodeShare(code),) if code else ()
        when = "2027-01-02T00:00:00"
        return candidate, KeptDecision(1, "r", "review", name, action, codes, "", "", "anna", "a", when, 1.0, True, {}, 0, False, 0, "")  # type: ignore[arg-type]

    decided = [
        entry("occupation", "drone pilots", "new"),
        entry("index title", "aviator", "accept", "311"),
        entry("occupation", "x", "reject"),
    ]
    new = next_version(base, "own-2", "2", decided, frozenset(), {})
    assert [item.code for item in new.classification.items] == ["31", "311", "312", "319", "32"]
    assert {(title.text, title.code) for title in new.titles} == {("drone pilots", "312"), ("aviator", "311")}
    assert [change.kinds for change in new.changes if change.kinds] == [("added",)]
    assert "9 job ads, 2.0 times as many in the later half" in new.notes["312"]
    with pytest.raises(UsageError, match="belongs to"):
        next_version(base, "own-2", "2", decided, frozenset(), {"drone pilots": "319"})
    with pytest.raises(UsageError, match="no proposal"):
        next_version(base, "own-2", "2", decided[2:], frozenset(), {})
