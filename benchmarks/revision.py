"""Changes between versions and chains of tables against the official ones: python benchmarks/revision.py [--data DIR] [--ssoc2020 FILE]"""

import argparse
import csv
import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

from crosswalk.files.readers import read_table
from crosswalk.jobs.revision.changes import Change, Kind, find_changes
from crosswalk.jobs.revision.editions import Edition, EditionColumns, read_edition
from crosswalk.jobs.revision.links import find_links, links_of_table
from crosswalk.model import Item

Found = set[tuple[str, ...]]
NOC_KINDS: dict[str, Kind] = {"3.1": "merged", "3.2": "taken over", "4.1": "broken down", "4.2": "split off", "5": "transferred"}


def row(what: str, found: Found, official: Found) -> None:
    """A row of the table: precision and recall of what was found."""
    hits = len(found & official)
    precision, recall = hits / max(len(found), 1), hits / max(len(official), 1)
    print(f"| {what} | {len(official)} | {len(found)} | {precision:.3f} | {recall:.3f} |", flush=True)


def heading(what: str) -> None:
    """A section with its table's head."""
    print(f"\n### {what}\n\n| change | official | found | precision | recall |\n|---|---|---|---|---|")


def esco(data: Path) -> None:
    """ESCO by its URIs, then as a national classification would be: without identifiers, codes that say nothing."""
    with (data / "esco" / "version_deltas.tsv").open(encoding="utf-8") as stream:
        deltas = list(csv.DictReader(stream, delimiter="\t"))
    versions = ["1.0.8", "1.1.1", "1.2.0", "1.2.1"]
    files = {version: data / "esco" / f"v{version}" / "occupations_en.csv.gz" for version in versions}
    keyed: dict[str, Found] = {name: set() for name in ("added", "removed", "isco_changed", "label_changed")}
    blind = {name: set(found) for name, found in keyed.items()}
    for before, after in pairwise(versions):
        old, new = (read_edition(files[version], EditionColumns()) for version in (before, after))
        collect(keyed, before, find_changes(old, new, find_links(old, new)), lambda code: code)
        nameless = [anonymous(edition, mark) for edition, mark in ((old, "o"), (new, "n"))]
        uris = {f"{mark}{n}": item.code for e, mark in ((old, "o"), (new, "n")) for n, item in enumerate(e.items)}
        collect(blind, before, find_changes(*nameless, find_links(*nameless)), uris.__getitem__)
    official = {name: {(d["from"], d["uri"]) for d in deltas if d["change"] == name} for name in keyed}
    heading("ESCO 1.0.8 to 1.2.1, by URI")
    for name in keyed:
        row(name, keyed[name], official[name])
    spaces = {(d["from"], d["uri"]) for d in deltas if d["change"] == "label_changed"} - keyed["label_changed"]
    print(f"\nOf the label changes not found, all {len(spaces)} are of white space at the ends, which the reader takes off.")
    heading("ESCO, URIs taken away: linked by labels alone")
    for name in keyed:
        row(name, blind[name], official[name])


def anonymous(edition: Edition, mark: str) -> Edition:
    """The version under codes that mean nothing."""
    items = tuple(Item(f"{mark}{number}", item.title, 1, item.parent, item.notes) for number, item in enumerate(edition.items))
    return Edition(edition.name, items, {f"{mark}{number}": edition.titles[item.code] for number, item in enumerate(edition.items)})


def collect(found: dict[str, Found], version: str, changes: Iterable[Change], uri: Callable[[str], str]) -> None:
    """Changes in the words of ESCO's list."""
    changes = list(changes)
    lives = {change.old.code for change in changes if change.old and change.continues}
    emerged = {change.new.code for change in changes if change.new and change.continues}
    for change in changes:
        if change.old and change.old.code not in lives:
            found["removed"].add((version, uri(change.old.code)))
        if change.new and change.new.code not in emerged:
            found["added"].add((version, uri(change.new.code)))
        if change.old and change.continues:
            for kind, name in (("moved", "isco_changed"), ("renamed", "label_changed")):
                if kind in change.kinds:
                    found[name].add((version, uri(change.old.code)))


def noc(data: Path) -> None:
    """NOC 2016 to 2021: rows with StatCan's GSIM types, from its table of pairs and from the titles alone."""
    with (data / "changes" / "noc2016_noc2021.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    old, new = flat("NOC 2016", {r[0]: r[1] for r in rows}), flat("NOC 2021", {r[3]: r[4] for r in rows})
    types = {(r[0], r[3]): {NOC_KINDS[number] for number in re.findall(r"RC([\d.]+)", r[2])} for r in rows}
    for what, links in (("the pairs of its table given", links_of_table(types, old, new)), ("titles alone", find_links(old, new))):
        heading(f"NOC 2016 to 2021, {what}")
        changes = [change for change in find_changes(old, new, links) if change.old and change.new]
        mine = {(c.old.code, c.new.code): set(c.kinds) & set(NOC_KINDS.values()) for c in changes if c.old and c.new}
        row("pairs of codes", set(mine), set(types))
        row("pairs without a real change", {p for p in mine if not mine[p]}, {p for p in types if not types[p]})
        for kind in NOC_KINDS.values():
            row(kind, {pair for pair in mine if kind in mine[pair]}, {pair for pair in types if kind in types[pair]})
        same = sum(mine.get(pair) == kinds for pair, kinds in types.items())
        print(f"\nrows with exactly StatCan's real changes: {same} of {len(types)} ({same / len(types):.1%})")


def flat(name: str, titles: dict[str, str]) -> Edition:
    """A version without groups and index titles."""
    return Edition(name, tuple(Item(code, title, 1) for code, title in titles.items()), {code: frozenset() for code in titles})


def us_soc(data: Path) -> None:
    """US SOC 2010 to 2018: pairs of codes found by codes and titles alone."""
    with (data / "changes" / "us_soc2010_soc2018.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    old = flat("SOC 2010", {r["soc2010"]: r["soc2010_title"] for r in rows})
    new = flat("SOC 2018", {r["soc2018"]: r["soc2018_title"] for r in rows})
    heading("US SOC 2010 to 2018, codes and titles alone")
    row("pairs of codes", {(link.old, link.new) for link in find_links(old, new)}, {(r["soc2010"], r["soc2018"]) for r in rows})


def ssoc(data: Path, earlier: Path | None) -> None:
    """SSOC 2020 to 2024 at the lowest level. The file of 2020 is not among the development data."""
    folder = data / "national" / "singapore_ssoc2024"
    if earlier is None:
        print("\n### SSOC 2020 to 2024\n\nnot measured: name the classification of 2020 with --ssoc2020 FILE (columns of code and title)")
        return
    old = read_edition(earlier, EditionColumns())
    majors = {item.code[0] for item in old.items}
    table = read_table(folder / "ssoc2024-type-of-change-at-occupational-level.xlsx")
    types = {cells[0]: set(cells[2].split(";")) for cells in table.rows if cells[0][:1] in majors}
    later = read_edition(folder / "ssoc2024-detailed-definitions.xlsx", EditionColumns())
    new = flat(later.name, {item.code: item.title for item in later.items if item.code in types})
    kinds: dict[str, set[str]] = {code: {"N"} for code in types}
    for change in find_changes(old, new, find_links(old, new)):
        if change.new and change.continues:
            kinds[change.new.code] = {letter for letter, kind in (("C", "recoded"), ("T", "renamed")) if kind in change.kinds}
    heading(f"SSOC 2020 to 2024, five digits, codes and titles alone (major groups {', '.join(sorted(majors))}; {len(types)} items)")
    for letter, what in (("N", "new"), ("C", "code change"), ("T", "title change")):
        row(what, {(code,) for code in kinds if letter in kinds[code]}, {(code,) for code in types if letter in types[code]})


def uk_chain(data: Path) -> None:
    """UK SOC 2010 to 2020 to ISCO-08 by composition, beside the workbook's own ISCO-08 column."""
    from crosswalk.jobs.revision.chains import compose
    from crosswalk.jobs.revision.tables import TableColumns, read_maps

    book = data / "national" / "uk_soc2020" / "soc2020volume2thecodingindexexcel16042025.xlsx"
    first, second, direct = (
        read_maps(book, TableColumns(source, target), sheet="SOC2020 coding index")
        for source, target in (("SOC_2010", "SOC_2020"), ("SOC_2020", ISCO), ("SOC_2010", ISCO))
    )
    chain = compose([first, second])
    heading("UK SOC 2010 to 2020 to ISCO-08, composed, against the workbook's direct column")
    official = {(link.source_code, str(link.target_code)) for link in direct}
    row("pairs of codes", {(link.source_code, link.target_code) for link in chain}, official)
    row("pairs not flagged as doubtful", {(link.source_code, link.target_code) for link in chain if not link.doubt}, official)
    best = {True: heaviest([(link.source_code, link.target_code, link.share) for link in chain]),
            False: heaviest([(link.source_code, str(link.target_code), link.share) for link in direct])}  # fmt: skip
    same = sum(best[True].get(code) == target for code, target in best[False].items())
    print(f"\nsource codes whose heaviest target is the same: {same} of {len(best[False])} ({same / len(best[False]):.1%})")
    gaps: dict[str, float] = {}
    shares = {(link.source_code, link.target_code): link.share for link in chain}
    for link in direct:
        gaps[link.source_code] = gaps.get(link.source_code, 0.0) + min(
            link.share, shares.get((link.source_code, str(link.target_code)), 0.0)
        )
    print(f"mean overlap of shares: {sum(gaps.values()) / len(gaps):.3f} (1 = the same distribution)")


ISCO = "ISCO-08 code based on SOC2020"


def heaviest(links: list[tuple[str, str, float]]) -> dict[str, str]:
    """Source -> the target with the largest share."""
    return {source: target for source, target, _ in sorted(links, key=lambda link: (link[2], link[1]))}


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--ssoc2020", type=Path)
    options = parser.parse_args()
    esco(options.data)
    noc(options.data)
    us_soc(options.data)
    ssoc(options.data, options.ssoc2020)
    uk_chain(options.data)


if __name__ == "__main__":
    main()
