import csv
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.jobs.discovery.ads import without_noise
from crosswalk.jobs.discovery.clusters import sampled
from tests.conftest import Run

WORDS = frozenset(["project", "manager", "solar", "engineer", "nurse", "hospital", "data", "teacher", "school", "secondary"])


@pytest.mark.parametrize(
    ("ad", "title"),
    [
        ("★ URGENT! Registered Nurse (m/f/d) - Berlin | ACME GmbH | €45.000 p.a.", "Registered Nurse (m/f/d)"),
        ("We are hiring: Data Scientist in Kuala Lumpur", "Data Scientist"),
        ("Teacher of English in Secondary School", "Teacher of English in Secondary School"),
        ("Sales Assistant - £9.50 per hour", "Sales Assistant"),
        ("Fahrer*in Vollzeit ab sofort", "Fahrer*in"),
        ("Chef de projet H/F - CDI - Paris", "Chef de projet H/F"),
        ("Ref: AB1234 Cook", "Cook"),
        ("PROJECT ENGINEER - SOLAR", "PROJECT ENGINEER SOLAR"),
        ("IT - Project Manager", "IT Project Manager"),
        ("Specialist - Blockchain", "Specialist Blockchain"),
        ("Senior C++ Developer", "C++ Developer"),
        ("Technician (6 months contract)", "Technician"),
        ("Job vacancy", "Job"),
        ("100 %", "100 %"),
        ("", ""),
    ],
)
def test_the_noise_of_ads_is_taken_off(ad: str, title: str) -> None:
    assert without_noise(ad, WORDS) == title


@settings(deadline=None)
@given(st.text(max_size=80))
def test_cleaning_never_fails_and_adds_nothing(text: str) -> None:
    cleaned = without_noise(text, WORDS)
    assert len(cleaned) <= len(text)
    assert "\n" not in cleaned


@settings(deadline=None)
@given(st.lists(st.text("abcdef", min_size=1, max_size=5), min_size=1, max_size=40, unique=True), st.randoms(use_true_random=False))
def test_the_sample_does_not_depend_on_the_order(forms: list[str], chance: random.Random) -> None:
    counts = {form: len(form) % 3 for form in forms}

    def chosen(order: list[str]) -> set[str]:
        return {order[place] for place in sampled(order, np.array([counts[form] for form in order]), 10)}

    shuffled = chance.sample(forms, len(forms))
    assert chosen(forms) == chosen(shuffled)
    assert len(chosen(forms)) == min(10, len(forms))


NEW = ["smart city advisor", "smart city consultant", "smart city specialist", "smart cities specialist", "smart city strategist"]
ALSO_NEW = ["covid tester", "coronavirus tester", "covid swab tester", "covid testing agent", "coronavirus swab testing agent"]
KNOWN = ["bin man", "bus driver", "Registered Nurse", "cook", "carpenter", "welder"]


def ads(path: Path, times: int = 3, seed: int = 0) -> Path:
    rows = [(title, f"2026-{month:02}-0{day}") for title in NEW for day in range(1, times + 1) for month in (9, 10)]
    rows += [(title, "2026-02-01") for title in ALSO_NEW for _ in range(2)]
    rows += [(f"{title}{tail}", "2026-01-05") for title in KNOWN for tail in ("", " - Leeds", " (m/f/d)", " | £20,000")]
    random.Random(seed).shuffle(rows)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("title", "date"), *rows])
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_journey_from_ads_to_a_new_version(crosswalk: Run, tmp_path: Path) -> None:
    from crosswalk.jobs.review import ReviewQueue
    from crosswalk.model import Decision
    from crosswalk.store.store import Store

    db = tmp_path / "s.db"
    done = crosswalk("discover", ads(tmp_path / "ads.csv"), "-o", tmp_path / "a.csv", "--run", "first", "--store", db)
    assert "64 rows, 16 different titles" in done.stderr
    crosswalk("discover", ads(tmp_path / "shuffled.csv", seed=1), "-o", tmp_path / "b.csv", "--run", "other", "--store", tmp_path / "t.db")
    for part in (".csv", ".index titles.csv", ".titles.csv"):
        assert (tmp_path / f"a{part}").read_bytes() == (tmp_path / f"b{part}").read_bytes(), "the order of the ads changed what was found"
    sorts = {row["title"]: row["sort"] for row in rows_of(tmp_path / "a.titles.csv")}
    assert {sorts[title] for title in ("bin man", "bus driver", "cook")} == {"known"}
    found = [row for row in rows_of(tmp_path / "a.csv") if "smart" in row["titles"]]
    assert len(found) == 1
    assert float(found[0]["growth"]) > 5
    crosswalk("release", "--scheme", "isco-next", "-o", tmp_path / "release", "--store", db, code=2)

    with Store(db) as store, ReviewQueue(store, "first", "anna") as queue:
        while case := queue.next():
            smart = "smart" in case.text.casefold() and case.method == "new occupation?"
            queue.decide(case, Decision("new", name="Smart city advisers") if smart else Decision("reject"), seconds=1.0)
    released = crosswalk("release", "--scheme", "isco-next", "--version", "2027", "-o", tmp_path / "release", "--store", db,
                         "--code", "Smart city advisers=2168")  # fmt: skip
    assert "1 new item, " in released.stderr
    (tmp_path / "isco-next").mkdir()  # a folder of the scheme's name does not hide the scheme
    assert "1 added" in crosswalk("diff", "isco-08", "isco-next", cwd=tmp_path).stderr
    assert "isco-next" in (tmp_path / "release" / "classification.ttl").read_text()
    assert "2168 Smart city advisers" in (tmp_path / "release" / "release-notes.md").read_text()
    assert crosswalk("lookup", "smart city consultant", "--scheme", "isco-next", "-k", 1).stdout.splitlines()[1].split("\t")[1] == "2168"
    assert "2168" not in crosswalk("lookup", "smart city consultant", "-k", 6).stdout
    crosswalk("release", "--scheme", "isco-next", "-o", tmp_path / "again", "--store", db, code=2)
    assert_found_is_exported(crosswalk, db, tmp_path)
    assert_decisions_are_carried_to_the_release(crosswalk, db, tmp_path)


def assert_found_is_exported(crosswalk: Run, db: Path, folder: Path) -> None:
    done = crosswalk("export", "first", "-o", folder / "export.csv", "--store", db)
    assert "export.index titles.csv" in done.stderr
    found = rows_of(folder / "export.csv")
    assert [row["name"] for row in found] == [row["name"] for row in rows_of(folder / "a.csv")]
    smart = next(row for row in found if "smart" in row["titles"])
    assert (smart["decision"], smart["decided_name"], smart["coder"]) == ("new", "Smart city advisers", "anna")
    assert {row["decision"] for row in found if row is not smart} <= {"reject"}
    refused = crosswalk("export", "first", "--format", "sssom", "-o", folder / "x.sssom.tsv", "--store", db, code=2)
    assert "holds no correspondence" in refused.stderr


def assert_decisions_are_carried_to_the_release(crosswalk: Run, db: Path, folder: Path) -> None:
    """The next version of a national classification, mapped to the release: only new and changed items and unfilled gaps are left."""
    from crosswalk.jobs.review import ReviewQueue
    from crosswalk.model import CodeShare, Decision
    from crosswalk.store.store import Store

    old = "code,title\nA1,Bus driver\nA2,Nurse\nA3,Smart city advisor\nA4,Welder\n"
    (folder / "old.csv").write_text(old)
    (folder / "new.csv").write_text(old.replace("A4,Welder", "A6,Robot shepherd") + "A5,Smart city consultant\n")
    crosswalk("map", folder / "old.csv", "--run", "old", "--store", db)
    crosswalk("map", folder / "new.csv", "--run", "new", "--store", db, "--scheme", "isco-next")
    codes = {"A1": "8331", "A2": "2221", "A4": "7212"}
    with Store(db) as store, ReviewQueue(store, "old", "anna") as queue:
        while case := queue.next():
            code = codes.get(case.key)
            queue.decide(case, Decision("amend", (CodeShare(code),)) if code else Decision("new", name="Advisers"), seconds=1.0)
    done = crosswalk("carry", "old", "new", "--coder", "ben", "--store", db)
    assert "has new ones): 1" in done.stderr
    with Store(db) as store:
        settled = store.decisions.settled("new")
        assert {key: kept.code for key, kept in settled.items()} == {"A1": "8331", "A2": "2221"}
        assert {case.key for case in ReviewQueue(store, "new", "cleo").page(9)} == {"A3", "A5", "A6"}


@pytest.mark.slow
def test_what_was_rejected_comes_back_only_with_more_evidence(crosswalk: Run, tmp_path: Path) -> None:
    from crosswalk.jobs.review import ReviewQueue
    from crosswalk.model import Decision
    from crosswalk.store.store import Store

    db = tmp_path / "s.db"
    crosswalk("discover", ads(tmp_path / "ads.csv"), "--run", "first", "--store", db)
    with Store(db) as store, ReviewQueue(store, "first", "anna") as queue:
        while case := queue.next():
            queue.decide(case, Decision("reject"), seconds=1.0)
    same = crosswalk("discover", ads(tmp_path / "later.csv", times=4), "-o", tmp_path / "b.csv", "--run", "second", "--store", db)
    assert not [row for row in rows_of(tmp_path / "b.csv") if "smart" in row["titles"]]
    assert "not proposed again: 0" not in same.stderr
    crosswalk("discover", ads(tmp_path / "more.csv", times=8), "-o", tmp_path / "c.csv", "--run", "third", "--store", db)
    assert [row for row in rows_of(tmp_path / "c.csv") if "smart" in row["titles"]]


def test_a_run_of_another_file_is_refused_before_the_work(crosswalk: Run, tmp_path: Path) -> None:
    db = tmp_path / "s.db"
    (tmp_path / "a.csv").write_text("title\ncook\nbus driver\n")
    (tmp_path / "b.csv").write_text("title\nnurse\n")
    crosswalk("discover", tmp_path / "a.csv", "--run", "r", "--store", db)
    refused = crosswalk("discover", tmp_path / "b.csv", "--run", "r", "--store", db, code=2)
    assert "made from something else" in refused.stderr
    assert "comparing" not in refused.stderr


def test_a_file_without_titles_is_refused(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "ads.csv").write_text("title,count\n,1\n-,2\n")
    assert "no row of the file has a title" in crosswalk("discover", tmp_path / "ads.csv", "--store", tmp_path / "s.db", code=3).stderr
    (tmp_path / "ads.csv").write_text("title,count\ncook,many\n")
    assert "row 2" in crosswalk("discover", tmp_path / "ads.csv", "--store", tmp_path / "s.db", code=3).stderr
