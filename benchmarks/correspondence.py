"""Correspondence tables against official ones, and new occupations: python benchmarks/correspondence.py [--only uk,isco-88,sinco,new]

Pairs of codes at unit-group level: those that the mapping proposes, from each kind of evidence, beside those of the official table; first
the nearest index title alone. The shipped encoder has seen the index titles of the UK table, and neither ISCO-88's nor SINCO's pairs.
"""

import argparse
import csv
import gzip
import random
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from crosswalk.coding.autocoder import Autocoder
from crosswalk.files.readers import read_table
from crosswalk.jobs import item_evidence
from crosswalk.jobs.indexing import build_index, shipped_isco_08
from crosswalk.jobs.rollup import SMALLEST_SHARE, roll_up
from crosswalk.model import Coding, IndexTitle, Query
from crosswalk.places import shipped

ROOT = Path(__file__).resolve().parent.parent
Pairs = set[tuple[str, str]]
Scored = set[tuple[str, str, float]]
Titles = Mapping[str, list[Query]]
Beside = Mapping[str, Mapping[str, str]]
"""By item: its "own title" and "description", where its titles are others."""

MOST_TITLES = 40


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--only", default="isco-88,sinco,uk-titles,uk,new")
    options = parser.parse_args()
    wanted = options.only.split(",")
    coder = Autocoder.open("isco-08")
    print("| table | evidence | items | pairs | precision | recall | F1 | mean probability |\n|" + "---|" * 8)
    tables = (("isco-88", isco_88), ("sinco", sinco), ("uk-titles", uk_titles), ("uk", uk))
    for name, load in tables:
        if name in wanted:
            score(name, *load(options.data), coder)
    if "new" in wanted:
        new_occupations(options.data)


def score(name: str, titles: Titles, official: Pairs, beside: Beside, coder: Autocoder) -> None:
    """A row for each kind of evidence: pairs with a tenth of an item's titles at least, against the official ones."""
    items = [code for code in titles if any(source == code for source, _ in official)]
    found = coded({code: titles[code] for code in items}, coder)
    own, description = (
        coded({code: [Query(text)] for code in items if (text := beside.get(code, {}).get(what))}, coder)
        for what in ("own title", "description")
    )
    siblings, truth = item_evidence.of_siblings(found, coder.classification), {pair for pair in official if pair[0] in titles}
    several = max(map(len, found.values())) > 1
    nearest = set()
    for code, codings in found.items():
        first = [max(c.codes, key=lambda entry: entry.candidate.scores["lexical"]).code for c in codings if c.codes]  # type: ignore[union-attr]
        nearest |= {(code, target, 0.0) for target in set(first) if first.count(target) >= SMALLEST_SHARE * len(first)}
    told(name, "nearest title (baseline)", len(items), nearest, truth)

    def pairs(*kinds: str) -> Scored:
        return {
            (code, str(link.target_code), link.probability)
            for code, codings in found.items()
            for link in roll_up(code, code, [item_evidence.weighed(c, evidence(code, kinds)) for c in codings], []).maps
            if link.target_code
        }

    def evidence(code: str, kinds: tuple[str, ...]) -> Iterator[item_evidence.Evidence | None]:
        if "own title" in kinds and several and code in own:
            yield item_evidence.of_text(own[code][0], item_evidence.OWN_TITLE, coder.classification)
        if "description" in kinds and code in description:
            yield item_evidence.of_text(description[code][0], item_evidence.DESCRIPTION, coder.classification)
        if "siblings" in kinds:
            yield siblings.get(code)

    told(name, "titles alone", len(items), pairs(), truth)
    if own and several:
        told(name, "and own title", len(items), pairs("own title"), truth)
    if description:
        told(name, "and description", len(items), pairs("description"), truth)
    told(name, "and siblings", len(items), pairs("siblings"), truth)
    if description:
        told(name, "all", len(items), pairs("own title", "description", "siblings"), truth)


def coded(texts: Titles, coder: Autocoder) -> dict[str, list[Coding]]:
    """The codings of each item's texts."""
    codings = iter(coder.code([query for queries in texts.values() for query in queries]))
    return {code: [next(codings) for _ in queries] for code, queries in texts.items()}


def told(name: str, what: str, items: int, scored: Scored, truth: Pairs) -> None:
    """Print a row; the mean probability of the pairs is to be near their precision."""
    cells = " | ".join(f"{value:.3f}" for value in precision_recall({pair[:2] for pair in scored}, truth))
    mean = sum(probability for _, _, probability in scored) / max(1, len(scored))
    print(f"| {name} | {what} | {items:,} | {len(truth):,} | {cells} | {f'{mean:.3f}' if mean else ''} |", flush=True)


def precision_recall(pairs: Pairs, truth: Pairs) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean."""
    hits = len(pairs & truth)
    precision, recall = hits / max(1, len(pairs)), hits / max(1, len(truth))
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def isco_88(_data: Path) -> tuple[Titles, Pairs, Beside]:
    """ISCO-88 unit groups by their titles alone; the official pairs."""
    folder = shipped("data", "isco-88")
    with (folder / "unit-groups.tsv").open(encoding="utf-8", newline="") as stream:
        titles = {row["code"]: [Query(row["title"])] for row in csv.DictReader(stream, delimiter="\t")}
    with (folder / "isco-88-to-08.tsv").open(encoding="utf-8", newline="") as stream:
        return titles, {(row["isco88"], row["isco08"]) for row in csv.DictReader(stream, delimiter="\t")}, {}


def uk(data: Path) -> tuple[Titles, Pairs, Beside]:
    """UK SOC 2020 unit groups by up to so many titles of the coding index, drawn at random.

    Official: the ISCO-08 codes of at least a tenth of all titles of a group, by the workbook's own column.
    """
    table = read_table(data / "national/uk_soc2020/soc2020volume2thecodingindexexcel16042025.xlsx")
    titles: dict[str, list[Query]] = {}
    targets: dict[str, list[str]] = {}
    place = {name: number for number, name in enumerate(table.columns)}
    for row in table.rows:
        code, target = row[place["SOC_2020"]].strip(), row[place["ISCO-08 code based on SOC2020"]].strip()
        if code.isdigit() and target.isdigit():
            context = {name: row[place[name]] for name in ("ADD", "IND") if row[place[name]]}
            titles.setdefault(code, []).append(Query(row[place["INDEXOCC"]], context=context))
            targets.setdefault(code, []).append(target.zfill(4))
    drawn = {code: random.Random(code).sample(queries, min(MOST_TITLES, len(queries))) for code, queries in titles.items()}
    pairs = {(code, target) for code, found in targets.items() for target in set(found) if found.count(target) >= 0.1 * len(found)}
    return drawn, pairs, uk_structure(data)


def uk_titles(data: Path) -> tuple[Titles, Pairs, Beside]:
    """UK SOC 2020 unit groups by the title of the group alone, with its description; the same official pairs."""
    titles, pairs, beside = uk(data)
    return {code: [Query(beside[code]["own title"])] for code in titles if code in beside}, pairs, beside


def uk_structure(data: Path) -> Beside:
    """Title and description of every unit group, from the volume of the structure."""
    path = data / "national/uk_soc2020/soc2020volume1structureanddescriptionofunitgroupsexcel16042025.xlsx"
    table = read_table(path, sheet="SOC2020 descriptions")
    return {row[3]: {"own title": row[4].strip(), "description": row[6].strip()} for row in table.rows if row[3].isdigit()}


def sinco(data: Path) -> tuple[Titles, Pairs, Beside]:
    """SINCO 2019 unit groups by their Spanish titles; INEGI's own pairs with CIUO-08."""
    path = data / "national/mexico_sinco2019/SINCO_2019_Tablas_Comparativas.xlsx"
    titles: dict[str, list[Query]] = {}
    pairs: Pairs = set()
    for code, title, target in sinco_rows(path):
        titles.setdefault(code, [Query(title)])
        pairs.add((code, target))
    return titles, pairs, {}


def sinco_rows(path: Path) -> Iterator[tuple[str, str, str]]:
    """(SINCO code, title, CIUO-08 code): the rows of the sheet that goes from SINCO to CIUO-08."""
    from python_calamine import CalamineWorkbook

    for row in CalamineWorkbook.from_path(str(path)).get_sheet_by_name("SINCO - CIUO").to_python():
        source, title, target = (str(cell).removesuffix(".0").strip() for cell in row[:3])
        if source.isdigit() and target.isdigit():
            yield source, title, target.zfill(4)


def new_occupations(data: Path) -> None:
    """ESCO 1.0.8 as the book; occupations that later versions added against as many that stayed.

    The labels of those that stayed are taken out of the book, as the task has it: all of them, and for comparison only the one asked.
    """
    added = [row["label"] for row in read_tsv(data / "esco/version_deltas.tsv") if row["change"] == "added"]
    before = occupations(data / "esco/v1.0.8/occupations_en.csv.gz")
    after = occupations(data / "esco/v1.2.0/occupations_en.csv.gz")
    drawn = np.random.default_rng(0).choice(sorted(uri for uri in before if uri in after), len(added), replace=False).tolist()
    queries = [*added, *(before[uri][1][0] for uri in drawn)]
    truth = np.arange(len(queries)) < len(added)
    print(f"\nnew occupations: {len(added)} added, {len(drawn)} that stayed\n")
    print("| out of the book | score | AUROC | precision at 50 % recall |\n|" + "---|" * 4)
    for name, most in (("all labels of those that stayed", None), ("only the label asked", 1)):
        taken = {label for uri in drawn for label in before[uri][1][:most]}
        book = [IndexTitle(label, group, "en", "ESCO") for group, labels in before.values() for label in labels if label not in taken]
        for score, values in novelty(book, queries).items():
            print(f"| {name} | {score} | {auroc(values, truth):.3f} | {precision_at_half(values, truth):.3f} |", flush=True)


def novelty(book: list[IndexTitle], queries: list[str]) -> dict[str, np.ndarray]:
    """By name of the score: how new each query is to a book."""
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "esco-108"
        build_index(index, shipped_isco_08()[0], book, ["ESCO 1.0.8"], shipped("indexes", "isco-08"))
        codings = Autocoder.open(index).code(queries)
    near = [max((entry.candidate.scores["semantic"] for entry in coding.codes if entry.candidate), default=0.0) for coding in codings]
    return {
        "p_none of the classifier": np.array([coding.p_none for coding in codings]),
        "low similarity to the nearest title": 1 - np.array(near),
    }


def occupations(path: Path) -> dict[str, tuple[str, list[str]]]:
    """(ISCO group, labels, the preferred one first) by concept."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return {
            row["conceptUri"]: (row["iscoGroup"].removeprefix("C"), [row["preferredLabel"], *filter(None, row["altLabels"].split("\n"))])
            for row in csv.DictReader(stream)
        }


def read_tsv(path: Path) -> Iterable[dict[str, str]]:
    """Rows of a TSV."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def auroc(scores: np.ndarray, truth: np.ndarray) -> float:
    """Chance that a new occupation has the higher score; equal scores count half."""
    higher = scores[truth][:, None] - scores[~truth][None, :]
    return float(((higher > 0) + 0.5 * (higher == 0)).mean())


def precision_at_half(scores: np.ndarray, truth: np.ndarray) -> float:
    """Precision where half of the new ones are found."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(truth[order])
    place = int(np.searchsorted(hits, truth.sum() / 2))
    return float(hits[place] / (place + 1))


if __name__ == "__main__":
    main()
