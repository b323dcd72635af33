"""Learns how much lexical similarity counts beside semantic similarity: python benchmarks/fusion.py --folds DIR

The weights are those with the best mean reciprocal rank over the MELO sets of leave-country-out models. What is reported for a
fold's countries uses weights chosen on the other folds only; what is shipped (``--write``) is chosen on all.
"""

import argparse
import itertools
from pathlib import Path

import melo
import numpy as np

from crosswalk.manifest import write_json
from crosswalk.places import shipped
from crosswalk.search.retriever import WEIGHTS_FILE

LEXICAL = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6)
EXACT = (0.0, 0.1, 0.2)
GRID = list(itertools.product(LEXICAL, EXACT))


def grid_ranks(set_: melo.MeloSet, near: melo.Similarity, alike: melo.Similarity) -> np.ndarray:
    """Mean reciprocal rank of a set at every point of the grid."""
    means = np.zeros(len(GRID))
    for begin in range(0, len(set_.queries), melo._CHUNK):
        part = melo.MeloSet(set_.name, set_.queries[begin : begin + melo._CHUNK], set_.corpus, set_.relevant[begin : begin + melo._CHUNK])
        meaning, spelling = near(part.queries, part.corpus), alike(part.queries, part.corpus)
        for place, (lexical, exact) in enumerate(GRID):
            scores = meaning + lexical * spelling + exact * (spelling > 0.9999)
            means[place] += np.sum(1 / melo.first_ranks(part, lambda _q, _t, scores=scores: scores))
    return means / len(set_.queries)


def main() -> None:
    """Print the grid and the choice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--folds", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help=f"write the choice to indexes/isco-08/{WEIGHTS_FILE}")
    options = parser.parse_args()
    by_fold: list[np.ndarray] = []
    for encoder, countries in melo.folds(options.folds):
        sets = [melo.read_set(path) for path in sorted((options.data / "melo").iterdir()) if path.is_dir() and path.name[:3] in countries]
        by_fold.append(np.array([grid_ranks(set_, melo.semantic(encoder), melo.lexical()) for set_ in sets]))
        print(f"fold {len(by_fold) - 1}: {', '.join(sorted(countries))}", flush=True)
    for place, (lexical, exact) in enumerate(GRID):
        print(f"| lexical {lexical} exact {exact} | {np.concatenate(by_fold)[:, place].mean():.4f} |")
    chosen = [int(np.argmax(np.concatenate([f for n, f in enumerate(by_fold) if n != fold]).mean(axis=0))) for fold in range(len(by_fold))]
    honest = np.concatenate([by_fold[fold][:, place] for fold, place in enumerate(chosen)]).mean()
    best = int(np.argmax(np.concatenate(by_fold).mean(axis=0)))
    print(f"chosen on the other folds: {[GRID[place] for place in chosen]}, mean reciprocal rank {honest:.4f}; on all: {GRID[best]}")
    if options.write:
        write_json(shipped("indexes", "isco-08", WEIGHTS_FILE), {"semantic": 1.0, "lexical": GRID[best][0], "exact": GRID[best][1]})


if __name__ == "__main__":
    main()
