"""Correspondence tables as experts publish them: checks, CSV, workbook, SSSOM, XKOS, against golden files."""

import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.files.publication import Publication, own_scheme
from crosswalk.files.sssom import write_sssom
from crosswalk.jobs.checks import check_table
from crosswalk.jobs.export import Form, export_run
from crosswalk.jobs.publishing import associations
from crosswalk.jobs.rollup import roll_up, with_relations
from crosswalk.model import Candidate, Classification, CodeProbability, Coding, CorrespondenceTable, IndexTitle, Item, Query
from crosswalk.store.store import KeptProposal, SourceRow, Store
from tests.conftest import ROOT, Run
from tests.promises import promise

GOLDEN = ROOT / "tests" / "golden"

TARGET = Classification(
    "isco-08",
    "2008",
    tuple(
        Item(code, title, len(code), code[:-1] or None)
        for code, title in [
            ("2", "Professionals"), ("22", "Health professionals"), ("222", "Nursing and midwifery professionals"),
            ("2221", "Nursing professionals"), ("2222", "Midwifery professionals"), ("3", "Technicians"),
            ("32", "Health associate professionals"), ("322", "Nursing and midwifery associate professionals"),
            ("3221", "Nursing associate professionals"), ("8", "Operators"), ("83", "Drivers"), ("833", "Heavy truck and bus drivers"),
            ("8331", "Bus and tram drivers"), ("8332", "Heavy truck and lorry drivers"),
        ]
    ),
)  # fmt: skip

TITLES = [
    ("1", "Health workers", "", 0.0),
    ("11", "Nursing professionals", "2221", 0.97),
    ("12", "Midwife; 'wise woman'", "2222", 0.91),
    ("13", "nurse, general", "2221", 0.9),
    ("13", "nurse aide\twith tab", "3221", 0.6),
    ("14", "=HYPERLINK(1)", "8331", 0.55),
    ("15/a|b", 'Étoile "gazing"', "", 0.1),
]


def coding(title: str, code: str, probability: float) -> Coding:
    if not code:
        return Coding(
            Query(title), (CodeProbability("8332", probability, Candidate("8332", IndexTitle("lorry", "8332"), {})),), 1 - probability
        )
    return Coding(Query(title), (CodeProbability(code, probability, Candidate(code, IndexTitle(title, code), {})),), 1 - probability)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A finished run made by hand: nothing of the model is in it, so the golden files outlive the model."""
    rows = [
        SourceRow(n, code, title, f"k{n}", {"code": code, "title": title}, "group" if code == "1" else "")
        for n, (code, title, *_) in enumerate(TITLES)
    ]
    kept = Store(tmp_path / "s.db")
    kept.begin_run("soc", "map", "f", {"input": "0"}, rows, {f"k{n}": Query(title) for n, (_, title, *_) in enumerate(TITLES) if n})
    codings = {f"k{n}": coding(title, code, p) for n, (_, title, code, p) in enumerate(TITLES) if n}
    kept.save_codings("soc", list(codings.items()))
    by_code = {code: [codings[row.text_key] for row in rows if row.source_code == code and not row.outcome] for code, *_ in TITLES}
    proposals = [
        roll_up(code, next(t for c, t, *_ in TITLES if c == code), found, ["group"] if code == "1" else [])
        for code, found in by_code.items()
    ]
    table = with_relations(CorrespondenceTable("soc", "isco-08", tuple(proposals)), TARGET)
    kept.save_proposals("soc", [KeptProposal(proposal) for proposal in table.proposals])
    kept.finish_run("soc")
    return kept


def test_exports_are_the_golden_files_byte_for_byte(store: Store, tmp_path: Path) -> None:
    published = {"kind": "sssom", "source_iri": "https://stats.example/soc/", "licence": "https://creativecommons.org/licenses/by/4.0/"}
    with store:
        export_run(store, "soc", TARGET, tmp_path / "soc.csv")
        export_run(store, "soc", TARGET, tmp_path / "soc.sssom.tsv", Form(**published))
        export_run(store, "soc", TARGET, tmp_path / "soc.ttl", Form(**{**published, "kind": "xkos"}))
    for name in ("soc.csv", "soc.titles.csv", "soc.checks.csv", "soc.sssom.tsv", "soc.ttl"):
        assert (tmp_path / name).read_bytes() == (GOLDEN / name).read_bytes(), name


def test_the_workbook_has_maps_titles_and_checks(store: Store, tmp_path: Path) -> None:
    import openpyxl

    with store:
        export_run(store, "soc", TARGET, tmp_path / "soc.xlsx")
    book = openpyxl.load_workbook(tmp_path / "soc.xlsx")
    for name, file in (("maps", "soc.csv"), ("titles", "soc.titles.csv"), ("checks", "soc.checks.csv")):
        with (GOLDEN / file).open(encoding="utf-8-sig", newline="") as stream:
            expected = list(csv.reader(stream))
        assert [[cell.value or "" for cell in row] for row in book[name]] == expected
        assert book[name].freeze_panes == "A2"
        assert book[name].auto_filter.ref
        assert all(cell.number_format == "@" for row in book[name].iter_rows(min_row=2) for cell in row if cell.value)


def sssom_report(path: Path) -> str:
    """What sssom-py's own validator says of a file."""
    code = (
        "import sys; from sssom.parsers import parse_sssom_table; from sssom.validators import validate\n"
        "reports = validate(parse_sssom_table(sys.argv[1]), fail_on_error=False)\n"
        "print([result.message for report in reports.values() for result in report.results])"
    )
    return subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True).stdout.strip()


@promise("E8", "SSSOM passes its official validator")
def test_sssom_validates_with_sssom_py_and_the_validator_would_notice(tmp_path: Path) -> None:
    assert sssom_report(GOLDEN / "soc.sssom.tsv") == "[]"
    spoilt = (GOLDEN / "soc.sssom.tsv").read_text(encoding="utf-8").replace("\t0.9700\t", "\t1.7\t")
    (tmp_path / "spoilt.sssom.tsv").write_text(spoilt, encoding="utf-8")
    assert "1.7 is greater than the maximum" in sssom_report(tmp_path / "spoilt.sssom.tsv")


def test_sssom_says_none_with_no_term_found_and_keeps_the_machines_confidence(tmp_path: Path) -> None:
    lines = [line for line in (GOLDEN / "soc.sssom.tsv").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = {row["subject_id"]: row for row in csv.DictReader(lines, delimiter="\t")}
    assert rows["source:15%2Fa%7Cb"]["object_id"] == "sssom:NoTermFound"
    assert rows["source:15%2Fa%7Cb"]["mapping_cardinality"] == "1:0"
    assert rows["source:11"]["predicate_id"] == "skos:exactMatch"
    assert rows["source:11"]["confidence"] == "0.9700"
    assert rows["source:11"]["reviewer_label"] == rows["source:11"]["reviewer_agreement"] == ""


def test_turtle_parsed_back_has_the_same_associations() -> None:
    from rdflib import RDF, SKOS, Graph, Literal, Namespace, URIRef

    xkos = Namespace("http://rdf-vocabulary.ddialliance.org/xkos#")
    graph = Graph().parse(GOLDEN / "soc.ttl")
    (table,) = graph.subjects(RDF.type, xkos.Correspondence)
    assert len(list(graph.objects(table, xkos.compares))) == 2
    found = set()
    for node in graph.objects(table, xkos.madeOf):
        assert (node, RDF.type, xkos.ConceptAssociation) in graph
        source, target = graph.value(node, xkos.sourceConcept), graph.value(node, xkos.targetConcept)
        found.add((str(graph.value(source, SKOS.notation)), str(graph.value(target, SKOS.notation)) if target else None))
    assert found == {("11", "2221"), ("12", "2222"), ("13", "2221"), ("13", "3221"), ("14", "8331"), ("15/a|b", None)}
    soc, isco = "https://stats.example/soc/", "http://data.europa.eu/esco/isco/C"
    assert (URIRef(f"{soc}13"), SKOS.narrowMatch, URIRef(f"{isco}3221")) in graph
    assert (URIRef(f"{soc}15%2Fa%7Cb"), SKOS.prefLabel, Literal('Étoile "gazing"')) in graph


@given(st.text(min_size=1, max_size=30), st.text(max_size=60))
def test_any_code_and_title_stay_one_row_of_sssom(tmp_path_factory: pytest.TempPathFactory, code: str, title: str) -> None:
    path = tmp_path_factory.mktemp("sssom") / "a.sssom.tsv"
    proposal = roll_up(code.encode("utf-8", "replace").decode(), title.encode("utf-8", "replace").decode(), [coding("t", "2221", 0.9)], [])
    table = with_relations(CorrespondenceTable("x", "isco-08", (proposal,)), TARGET)
    scheme = own_scheme("x", None)
    write_sssom(path, Publication("x", scheme, scheme, "https://example.org/l", "1", associations(table.proposals, TARGET)))
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if not line.startswith("#")]
    (row,) = csv.DictReader(lines, delimiter="\t")
    assert row["mapping_cardinality"] == "1:1"
    assert "|" not in row["subject_id"]


def items(*pairs: tuple[str, list[tuple[str, float]]]) -> list:
    table = [roll_up(code, f"title {code}", [coding("t", target, p) for target, p in found], []) for code, found in pairs]
    return list(with_relations(CorrespondenceTable("x", "isco-08", tuple(table)), TARGET).proposals)


def kinds(
    proposals: list, votes: dict[str, Counter[str]] | None = None, official: dict[str, frozenset[str]] | None = None
) -> set[tuple[str, str, str]]:
    return {(c.kind, c.source_code, c.target_code) for c in check_table(proposals, TARGET, votes or {}, official)}


def test_a_sibling_that_goes_elsewhere_is_found() -> None:
    nurses = [(f"31{n}", [("2221", 0.9)]) for n in range(3)]
    assert ("siblings torn apart", "319", "8331") in kinds(items(*nurses, ("319", [("8331", 0.9)])))
    assert not [kind for kind, *_ in kinds(items(*nurses, ("319", [("2222", 0.9)]))) if kind == "siblings torn apart"]


def test_a_higher_item_mapped_to_a_unit_group_is_a_level_jump() -> None:
    listed = [
        ("1", [("8331", 0.9)]),
        ("2", []),
        *((f"2{n}", [("2221", 0.9)]) for n in range(1, 6)),
        ("3", []),
        *((f"3{n}", [("2222", 0.9)]) for n in range(1, 6)),
    ]
    proposals = items(*[entry for entry in listed if entry[1]])
    groups = [roll_up(code, "a group", [], ["group"]) for code, found in listed if not found]
    ordered = sorted([*proposals, *groups], key=lambda p: p.source_code)
    assert ("level jump", "1", "8331") in kinds(ordered)


def test_knots_weak_maps_and_the_unreached_are_found() -> None:
    knot = items(("1", [("2221", 0.9), ("3221", 0.9)]), ("2", [("2221", 0.9), ("3221", 0.9)]), ("3", [("8331", 0.3)]))
    found = kinds(knot)
    assert {kind for kind in found if kind[0] == "n:m knot"} == {("n:m knot", s, t) for s in "12" for t in ("2221", "3221")}
    assert ("target nobody reaches", "", "8332") in found
    assert ("source without target", "3", "") in found


def test_a_map_against_its_titles_or_an_official_table_is_found() -> None:
    proposals = items(("1", [("2221", 0.9)]))
    votes = {"1": Counter({"2222": 3, "2221": 1})}
    assert ("map against its titles", "1", "2221") in kinds(proposals, votes)
    assert not [c for c in kinds(proposals, {"1": Counter({"2221": 3, "2222": 1})}) if c[0] == "map against its titles"]
    found = kinds(proposals, official={"1": frozenset(["2222"])})
    assert {("disagrees with the official table", "1", "2221"), ("in the official table only", "1", "2222")} <= found


def test_a_person_exports_a_run_in_every_form(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("code,title\n11,Bus driver\n12,Registered nurse\n")
    crosswalk("map", tmp_path / "in.csv", "--store", tmp_path / "s.db", "--run", "r")
    for form, ending in (("sssom", "sssom.tsv"), ("xkos", "ttl"), ("xlsx", "xlsx")):
        said = crosswalk("export", "r", "--format", form, "-o", tmp_path / f"out.{ending}", "--store", tmp_path / "s.db").stderr
        assert f"out.{ending}" in said
        assert (tmp_path / f"out.{ending}").stat().st_size > 500
    assert sssom_report(tmp_path / "out.sssom.tsv") == "[]"
    assert "isco/C8331" in (tmp_path / "out.ttl").read_text()
