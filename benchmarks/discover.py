"""Occupations that a classification lacks, found in job ads: python benchmarks/discover.py [--development] [--data DIR] [--speed ROWS]

The book is the shipped one with ESCO 1.0.8 (English) imported. The ads are English vacancy titles mixed with the titles of the 103
occupations that ESCO took in later; every title stands for 1 to 20 ads, drawn alike for both (seed fixed). A candidate has found an
occupation when at least half of its titles are that occupation's. Beside it: reading the titles one by one, those least similar to
the book first.

``--development`` is the world on which settings are chosen: 103 occupations of ESCO 1.0.8, drawn by chance, are taken out of the book and
put among half of the vacancies. None of the later occupations is in it.
"""

import argparse
import csv
import gzip
import hashlib
import os
import random
import resource
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from crosswalk.jobs.books import Book

LATER = ("v1.1.1", "v1.2.0", "v1.2.1")
READ = (50, 100, 200, 400, 800)


def later_occupations(data: Path) -> dict[str, list[str]]:
    """URI -> titles of the occupations that ESCO 1.0.8 does not have."""
    with (data / "esco" / "version_deltas.tsv").open(encoding="utf-8") as stream:
        added = {row["uri"] for row in csv.DictReader(stream, delimiter="\t") if row["change"] == "added"}
    found: dict[str, list[str]] = {}
    for version in LATER:
        with gzip.open(data / "esco" / version / "occupations_en.csv.gz", "rt", encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if row["conceptUri"] in added:
                    titles = [row["preferredLabel"], *row["altLabels"].split("\n")]
                    found.setdefault(row["conceptUri"], [title.strip() for title in titles if title.strip()])
    return found


def vacancies(data: Path) -> list[str]:
    """Titles of vacancies, as they were published."""
    with gzip.open(data / "responses" / "vacancy_titles.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        return [row["title"] for row in csv.DictReader(stream)]


def development_world(data: Path, esco: "Book") -> tuple["Book", dict[str, list[str]], list[str]]:
    """ESCO 1.0.8 without 103 of its occupations, the titles of these by URI, and half of the vacancies."""
    from crosswalk.text import normalise

    with gzip.open(data / "esco" / "v1.0.8" / "occupations_en.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    random.Random(78).shuffle(rows)
    taken = {row["conceptUri"]: [row["preferredLabel"], *filter(None, row["altLabels"].split("\n"))] for row in rows[:103]}
    forms = {normalise(title) for titles in taken.values() for title in titles}
    left = tuple(title for title in esco.titles if normalise(title.text) not in forms)
    half = [title for title in vacancies(data) if hashlib.sha256(title.encode()).digest()[0] % 2 == 0]
    return replace(esco, titles=left), taken, half


def write_ads(path: Path, rows: list[tuple[str, int]]) -> None:
    """A file of ads with counts."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["title", "count"])
        writer.writerows(rows)


def surfacing(data: Path, folder: Path, *, development: bool) -> None:
    """How many of the later occupations surface, and after how much reading."""
    from crosswalk import Autocoder, output
    from crosswalk.files.readers import read_table
    from crosswalk.jobs import books, importing
    from crosswalk.jobs.discovery.discover import REST, Settings, discover
    from crosswalk.jobs.discovery.gathering import AdColumns
    from crosswalk.text import normalise

    esco = importing.import_esco(data / "esco" / "v1.0.8" / "occupations_en.csv.gz")
    esco, later, ads = development_world(data, esco) if development else (esco, later_occupations(data), vacancies(data))
    books.keep("isco-08", [esco])
    draw = random.Random(1)
    rows = [(title, draw.randint(1, 20)) for title in [*ads, *(title for uri in sorted(later) for title in later[uri])]]
    write_ads(folder / "ads.csv", rows)
    coder = Autocoder.open("isco-08")
    found = discover(read_table(folder / "ads.csv"), AdColumns("title", count="count"), coder, Settings(), output.progress)
    whose = {normalise(title): uri for uri, titles in later.items() for title in titles}
    hits = [found_by(candidate.titles, whose) for candidate in found.occupations]
    in_book = {uri for uri, titles in later.items() if normalise(titles[0]) in set(coder.retriever.book.normalised())}
    surfaced, candidates = len(set(filter(None, hits))), len(found.occupations)
    print(f"\n{len(rows):,} titles, {len(found.ads.forms):,} once cleaned")
    print(f"{candidates:,} candidates, {len(found.titles):,} new index titles")
    print(f"later occupations that surface as a candidate: {surfaced} of {len(later)} ({len(in_book)} have their name in the book already)")
    coded = {whose[normalise(title.title)] for title in found.titles if normalise(title.title) in whose}
    print(f"later occupations of which a title was proposed as an index title of its ISCO group: {len(coded)}")
    order = [place for place in np.argsort(found.near.similarity, kind="stable").tolist() if found.sorts[place] >= REST - 1]
    one_by_one = [whose.get(found.ads.forms[place]) for place in order]
    print("\n| read by the expert | occupations found among candidates | among titles by low similarity |\n|---|---|---|")
    for number in (*READ, len(hits)):
        print(f"| {number} | {len(set(filter(None, hits[:number])))} | {len(set(filter(None, one_by_one[:number])))} |")


def found_by(titles: tuple[str, ...], whose: dict[str, str]) -> str | None:
    """The later occupation to which at least half of the titles belong."""
    from crosswalk.text import normalise

    uri, count = Counter(whose.get(normalise(title)) for title in titles).most_common(1)[0]
    return uri if 2 * count >= len(titles) else None


def speed(data: Path, folder: Path, rows: int) -> None:
    """Time and memory for so many ads: vacancy and ESCO titles with employers, places, pay and sex marks around them."""
    from crosswalk import Autocoder, output
    from crosswalk.files.readers import read_table
    from crosswalk.jobs.discovery.discover import Settings, discover
    from crosswalk.jobs.discovery.gathering import AdColumns

    draw = random.Random(2)
    with gzip.open(data / "esco" / "v1.2.1" / "occupations_en.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        esco = [label for row in csv.DictReader(stream) for label in [row["preferredLabel"], *row["altLabels"].split("\n")] if label]
    heads, tails = vacancies(data) + esco, ["", " (m/f/d)", " - Berlin", " | ACME", " - 45.000 EUR", " full time", " in Leeds", " URGENT"]
    qualifiers = ["", "", *(label.split()[0] for label in esco)]
    write_ads(folder / "many.csv", [(f"{draw.choice(qualifiers)} {draw.choice(heads)}{draw.choice(tails)}", 1) for _ in range(rows)])
    begun, used = time.perf_counter(), os.times()
    coder = Autocoder.open("isco-08")
    found = discover(read_table(folder / "many.csv"), AdColumns("title", count="count"), coder, Settings(), output.progress)
    wall, now = time.perf_counter() - begun, os.times()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    processor = now.user + now.system - used.user - used.system
    print(f"\n{rows:,} ads, {len(found.ads.forms):,} different titles: {wall:.0f} s ({processor:.0f} s of processor time), ", end="")
    print(f"peak {peak:,.0f} MB, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--development", action="store_true", help="measure on the world that settings are chosen on")
    parser.add_argument("--speed", type=int, metavar="ROWS", help="measure time and memory on so many ads instead")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["CROSSWALK_HOME"] = name
        if options.speed:
            speed(options.data, Path(name), options.speed)
        else:
            surfacing(options.data, Path(name), development=options.development)


if __name__ == "__main__":
    main()
