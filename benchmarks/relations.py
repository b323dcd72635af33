"""Relations of maps, leave-country-out: python benchmarks/relations.py [--write]

Trains on the relations that national experts gave between their occupations and ESCO's (17 tables), tests on the country left out.
Features are lexical and of the table's shape only: no encoder that has seen these titles is used. Some tables write the relation from
ESCO's side; that is told from their shape (a source with many targets is broader than each of them) and turned round, and the figures
are printed both ways. ``--write`` trains on all countries and writes data/relations.json.
"""

import argparse
import csv
import gzip
import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

from crosswalk.jobs.relations import FEATURES, RELATIONS, features
from crosswalk.places import shipped

TURNED = {"exact": "exact", "close": "close", "narrow": "broad", "broad": "narrow"}
ISCO = "http://data.europa.eu/esco/isco/C"


@dataclass
class Table:
    """One country's links: features (links, features) and relations, as published; ``turned``: written from ESCO's side."""

    country: str
    matrix: np.ndarray
    relations: list[str]
    turned: bool


def from_escos_side(links: list[tuple[str, str, str, int]], sources: Counter[str]) -> bool:
    """Whether, over all links, "narrow" stands where the source has fewer targets and the target more sources than for "broad"."""
    lean = {said: [np.log(n) - np.log(sources[uri]) for _, uri, relation, n in links if relation == f"{said}Match"] for said in TURNED}
    return bool(np.mean(lean["narrow"]) < np.mean(lean["broad"]))


def labels(data: Path, language: str) -> dict[str, list[str]]:
    """ESCO's labels in a language by occupation."""
    with gzip.open(data / f"esco/v1.0.8/occupations_{language}.csv.gz", "rt", encoding="utf-8") as stream:
        return {row["conceptUri"]: [row["preferredLabel"], *filter(None, row["altLabels"].split("\n"))] for row in csv.DictReader(stream)}


def groups(language: str) -> dict[str, list[str]]:
    """ISCO's group titles in a language, as targets of the tables that map to groups."""
    with shipped("data", "isco-08", "titles.tsv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t") if row["language"] == language]
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[ISCO + row["code"]].append(row["title"])
    return found


def read(path: Path, data: Path, most: int) -> Table:
    """One table's links with their features, at most so many; how many links each end has is counted over all."""
    country, language = path.name.split(".")[0].split("_")
    known = {**labels(data, language), **groups(language)}
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows = [(row["title"], json.loads(row["esco_matches"])) for row in csv.DictReader(stream) if row["esco_matches"]]
    sources = Counter(uri for _, matches in rows for uri in matches)
    links = [(title, uri, relation, len(matches)) for title, matches in rows for uri, relation in matches.items() if uri in known]
    turned = from_escos_side(links, sources)
    links = random.Random(0).sample(links, min(most, len(links)))
    matrix = np.array([features(title, known[uri], targets, sources[uri]) for title, uri, _, targets in links])
    return Table(country, matrix, [relation.removesuffix("Match") for _, _, relation, _ in links], turned)


def fit(tables: list[Table]) -> tuple[StandardScaler, LogisticRegression]:
    """Every country and every relation weighs the same."""
    matrix = np.concatenate([table.matrix for table in tables])
    said = np.concatenate([table.relations for table in tables])
    weights = np.concatenate([np.full(len(table.relations), 1 / len(table.relations)) for table in tables])
    for relation in RELATIONS:
        weights[said == relation] /= weights[said == relation].sum()
    scaler = StandardScaler().fit(matrix)
    model = LogisticRegression(max_iter=500, C=1.0).fit(scaler.transform(matrix), said, sample_weight=weights * len(said) / len(RELATIONS))
    return scaler, model


def threshold_baseline(train: list[Table], test: Table) -> list[str]:
    """Similarity alone: two thresholds cut it into three relations, exact above; the best on the training countries."""
    place = FEATURES.index("similarity")
    scores = np.concatenate([table.matrix[:, place] for table in train])
    said = np.concatenate([table.relations for table in train])
    best: tuple[float, tuple[float, ...], tuple[str, ...]] = (-1.0, (), ())
    for low in (0.4, 0.55, 0.7):
        for high in (0.8, 0.999):
            for names in (
                ("broad", "close", "exact"),
                ("narrow", "close", "exact"),
                ("broad", "narrow", "exact"),
                ("narrow", "broad", "exact"),
            ):
                guess = np.array(names)[np.digitize(scores, [low, high])]
                best = max(best, (macro_f1(said, guess), (low, high), names))
    return list(np.array(best[2])[np.digitize(test.matrix[:, place], best[1])])


def macro_f1(said: object, guess: object) -> float:
    """Mean of the four relations' F1; one that a table never uses counts as 0 there."""
    return float(f1_score(said, guess, labels=list(RELATIONS), average="macro", zero_division=0))


def leave_country_out(tables: list[Table], title: str) -> None:
    """A row a country, then the means and the pooled figures."""
    print(f"\n{title}\n\n| country left out | links | model | majority | similarity thresholds |\n|---|---|---|---|---|")
    pooled: dict[str, list[str]] = defaultdict(list)
    rows = []
    for test in tables:
        train = [table for table in tables if table.country != test.country]
        scaler, model = fit(train)
        guesses = {
            "model": list(model.predict(scaler.transform(test.matrix))),
            "majority": [Counter(relation for table in train for relation in table.relations).most_common(1)[0][0]] * len(test.relations),
            "thresholds": threshold_baseline(train, test),
        }
        rows.append([macro_f1(test.relations, guess) for guess in guesses.values()])
        print(f"| {test.country} | {len(test.relations):,} | {' | '.join(f'{value:.3f}' for value in rows[-1])} |", flush=True)
        pooled["said"] += test.relations
        for name, guess in guesses.items():
            pooled[name] += guess
    print(f"| mean of countries | | {' | '.join(f'{value:.3f}' for value in np.mean(rows, axis=0))} |")
    overall = [macro_f1(pooled["said"], pooled[name]) for name in ("model", "majority", "thresholds")]
    print(f"| all links together | {len(pooled['said']):,} | {' | '.join(f'{value:.3f}' for value in overall)} |", flush=True)


def write(tables: list[Table], path: Path) -> None:
    """The model of all countries as readable JSON."""
    scaler, model = fit(tables)
    order = [list(model.classes_).index(relation) for relation in RELATIONS]
    rounded = lambda values: {name: round(float(value), 5) for name, value in zip(FEATURES, values, strict=True)}  # noqa: E731
    facts = {
        "trained_on": "relations of national occupations to ESCO, official tables of " + ", ".join(sorted({t.country for t in tables})),
        "mean": rounded(scaler.mean_),
        "scale": rounded(scaler.scale_),
        "weights": {relation: rounded(model.coef_[place]) for relation, place in zip(RELATIONS, order, strict=True)},
        "constants": {relation: round(float(model.intercept_[place]), 5) for relation, place in zip(RELATIONS, order, strict=True)},
    }
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Print the figures; write the model if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--most", type=int, default=1500, help="Links of a table that are looked at, drawn at random.")
    parser.add_argument("--published", action="store_true", help="Also without turning any table round.")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    data = options.data
    tables = [read(path, data, options.most) for path in sorted((data / "national" / "esco_tables").glob("*.csv.gz"))]
    turned = [table.country for table in tables if table.turned]
    oriented = [replace(table, relations=[TURNED[r] for r in table.relations]) if table.turned else table for table in tables]
    if options.write:
        write(oriented, Path(__file__).resolve().parent.parent / "data" / "relations.json")
    print(f"tables that write the relation from ESCO's side, turned round: {', '.join(turned) or 'none'}")
    leave_country_out(oriented, "Seen from the source (macro-F1)")
    if options.published:
        leave_country_out(tables, "As published (macro-F1)")


if __name__ == "__main__":
    main()
