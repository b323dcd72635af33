"""Titles of countries the encoder has not seen, coded with the shipped book: python benchmarks/cold.py --folds DIR [--write]

For each fold the encoder is the one that left its countries out, and the classifier's weights are fitted on the other folds only; up to
400 titles a table. Beside it the same book searched by each side alone. ``--write`` fits on all folds and writes the shipped weights.
"""

import argparse
from pathlib import Path

import numpy as np

from crosswalk.coding.classifier import Classifier
from crosswalk.coding.features import EVIDENCE
from crosswalk.jobs.evaluation import coding_rate, expected_calibration_error
from crosswalk.jobs.indexing import shipped_isco_08
from crosswalk.jobs.training.combiner import Sample, fit_weights, fold_samples
from crosswalk.jobs.training.titles import FOLDS
from crosswalk.places import shipped
from crosswalk.search.retriever import FusionWeights


def hits(scores: np.ndarray, sample: Sample) -> tuple[float, float]:
    """Shares of titles whose right code has the best score, and is among the best six."""
    order = np.argsort(-np.where(sample.filled, scores, -np.inf), axis=1, kind="stable")
    ranked = np.take_along_axis(sample.right[:, :-1], order, axis=1)
    return float(ranked[:, 0].mean()), float(ranked[:, :6].any(axis=1).mean())


def auroc(scores: np.ndarray, none: np.ndarray) -> float:
    """Chance that a title whose code was taken out of the book has the higher p_none."""
    return float((scores[none][:, None] > scores[~none][None, :]).mean())


def main() -> None:
    """Print a row a fold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--folds", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    index = shipped("indexes", "isco-08")
    samples = fold_samples(options.data, options.folds, shipped_isco_08()[1], FusionWeights.load(index))
    print("| countries | titles | top-1 | top-6 | ECE | rate at 95 % | lexical alone | semantic alone | AUROC of p_none |\n|" + "---|" * 9)
    for number, countries in enumerate(FOLDS):
        classifier = Classifier(fit_weights([sample for place, sample in enumerate(samples) if place // 2 != number]))
        whole, less = samples[2 * number : 2 * number + 2]
        shares = classifier.probabilities(whole.matrix, whole.filled)
        first = shares[:, :-1].argmax(axis=1)
        sure, right = shares[np.arange(len(first)), first], whole.right[np.arange(len(first)), first]
        alone = [hits(whole.matrix[:, :, EVIDENCE.index(side)], whole) for side in ("lexical", "semantic")]
        top = hits(shares[:, :-1], whole)
        none = auroc(classifier.probabilities(less.matrix, less.filled)[:, -1], less.right[:, -1])
        sides = " | ".join(f"{one:.3f} / {six:.3f}" for one, six in alone)
        figures = f"{top[0]:.3f} | {top[1]:.3f} | {expected_calibration_error(sure, right):.3f} | {coding_rate(sure, right, 0.95):.1%}"
        print(f"| {', '.join(sorted(countries))} | {len(first):,} | {figures} | {sides} | {none:.3f} |", flush=True)
    if options.write:
        Classifier(fit_weights(samples)).save(index)


if __name__ == "__main__":
    main()
