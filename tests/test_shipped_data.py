"""The facts shipped in data/, checked against their publishers' files where those are at hand."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from crosswalk import manifest
from crosswalk.jobs.indexing import read_facts, shipped_isco_08
from crosswalk.jobs.training.examples import SOURCES, isco_examples
from crosswalk.jobs.training.titles import esco_titles
from crosswalk.places import shipped
from crosswalk.text import normalise
from tests.conftest import SHARED, needs_shared


def shared_csv(name: str) -> list[dict[str, str]]:
    with (SHARED / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def groups(scheme: str) -> dict[str, str]:
    return {code: title for code, _, _, title in read_facts(shipped("data", scheme, "groups.tsv"))}


def test_isco_08_has_its_619_groups() -> None:
    assert Counter(len(code) for code in groups("isco-08")) == {1: 10, 2: 43, 3: 130, 4: 436}


def test_isco_88_has_its_544_groups() -> None:
    assert Counter(len(code) for code in groups("isco-88")) == {1: 10, 2: 28, 3: 116, 4: 390}


def test_the_starter_book_is_wide_enough() -> None:
    titles = read_facts(shipped("data", "index-titles", "isco-08.en.tsv"))
    counts = Counter(code for code, _ in titles)
    assert len(titles) >= 5000
    assert set(counts) == {code for code in groups("isco-08") if len(code) == 4}
    assert min(counts.values()) >= 8
    assert len({normalise(title) for _, title in titles}) == len(titles)


def test_the_shipped_index_is_made_of_these_titles() -> None:
    facts = manifest.read(shipped("indexes", "isco-08"))
    _, titles = shipped_isco_08()
    assert facts["titles"] == len({(t.text, t.code, t.language) for t in titles})
    manifest.verify(shipped("indexes", "isco-08"), facts)


@needs_shared
def test_isco_08_agrees_with_the_published_structure() -> None:
    published = {row["code"]: row["title_en"].strip().replace("Aents", "Agents") for row in shared_csv("isco-08/structure_en.csv")}
    assert groups("isco-08") == published


@needs_shared
def test_where_the_ilo_index_has_a_title_of_ours_the_codes_agree() -> None:
    published: dict[str, set[str]] = defaultdict(set)
    for row in shared_csv("isco-08/index_en.csv"):
        published[normalise(row["title"])].add(row["isco08"])
    ours = [(code, title) for code, title in read_facts(shipped("data", "index-titles", "isco-08.en.tsv")) if normalise(title) in published]
    assert len(ours) > 1500
    assert [(code, title, published[normalise(title)]) for code, title in ours if code not in published[normalise(title)]] == []


def test_the_written_job_titles_are_titles_of_unit_groups_each_once_a_code() -> None:
    files = sorted(shipped("data", "job-titles").glob("*.tsv"))
    units = {code for code in groups("isco-08") if len(code) == 4}
    assert len(files) >= 15
    for path in files:
        titles = read_facts(path)
        assert {code for code, _ in titles} <= units
        assert all(normalise(title) and len(title) <= 80 for _, title in titles)
        assert len({(code, normalise(title)) for code, title in titles}) == len(titles), path.name


@needs_shared
def test_where_esco_or_the_ilo_index_has_a_written_job_title_the_codes_agree() -> None:
    titles, unit_groups = esco_titles(SHARED)
    published: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in shared_csv("isco-08/index_en.csv"):
        published["en", normalise(row["title"])].add(row["isco08"])
    for title in titles:
        published[title.language, normalise(title.text)] |= {unit_groups[concept] for concept, _ in title.concepts}
    ours = [
        (path.stem, code, normalise(title))
        for path in shipped("data", "job-titles").glob("*.tsv")
        for code, title in read_facts(path)
        if (path.stem, normalise(title)) in published
    ]
    assert len(ours) > 1000
    assert [one for one in ours if one[1] not in published[one[0], one[2]]] == []


@needs_shared
def test_the_head_learns_from_titles_tables_and_phrases_and_a_published_code_is_the_better_one() -> None:
    examples = isco_examples(SHARED, frozenset(), shipped_isco_08()[1])
    codes = dict(zip(examples.texts, examples.rights, strict=True))
    assert set(np.unique(examples.weight).tolist()) == set(SOURCES.values())
    assert codes[normalise("Maurer")] == ("7112",)
    assert any(len(text.split()) > 8 and weight == SOURCES["phrase"] for text, weight in zip(examples.texts, examples.weight, strict=True))


@needs_shared
def test_the_correspondence_agrees_with_the_published_one() -> None:
    from crosswalk.files.readers import read_table

    table = read_table(SHARED / "isco-88" / "corrtab88-08.xls")
    published = {(row[1], row[2], row[3].strip()) for row in table.rows}
    assert {tuple(row) for row in read_facts(shipped("data", "isco-88", "isco-88-to-08.tsv"))} == published
    assert Path(table.path).name == "corrtab88-08.xls"
