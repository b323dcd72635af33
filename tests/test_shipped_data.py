"""The facts shipped in data/, checked against their publishers' files where those are at hand."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

from crosswalk import manifest
from crosswalk.jobs.indexing import read_facts, shipped_isco_08
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


@needs_shared
def test_the_correspondence_agrees_with_the_published_one() -> None:
    from crosswalk.files.readers import read_table

    table = read_table(SHARED / "isco-88" / "corrtab88-08.xls")
    published = {(row[1], row[2], row[3].strip()) for row in table.rows}
    assert {tuple(row) for row in read_facts(shipped("data", "isco-88", "isco-88-to-08.tsv"))} == published
    assert Path(table.path).name == "corrtab88-08.xls"
