"""Titles of unseen countries: python benchmarks/cold.py --encoders DIR --worlds DIR [--baselines] [--written] [--titles 1000]

Every national table and the British index is coded by the world that has not seen it (its encoder and its head are checked), with
weights fitted on the other folds' countries. ``--baselines`` sets beside it, on the same titles, what offices use: LinearSVC on word and
character n-grams of the language's ESCO and ISCO titles, and the nearest of those titles by character TF-IDF; with ``--written`` they
learn from the job titles written for this project too, as ours does. The last columns ask again with 15 % of the unit groups unknown
to book and head (not to the encoder): does ``p_none`` tell whose code is missing?
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crosswalk.coding.classifier import Classifier
from crosswalk.coding.features import NONE_FEATURES
from crosswalk.jobs.evaluation import coding_rate, expected_calibration_error
from crosswalk.jobs.indexing import shipped_isco_08
from crosswalk.jobs.training.classifier import crossed, fold_samples
from crosswalk.jobs.training.combiner import Sample
from crosswalk.jobs.training.examples import written_titles
from crosswalk.jobs.training.titles import FOLDS, esco_titles, group_titles
from crosswalk.jobs.training.worlds import Asked, country_sets, open_world, samples_of
from crosswalk.places import shipped
from crosswalk.search.retriever import FusionWeights
from crosswalk.text import normalise

_SEMANTIC = NONE_FEATURES.index("best_semantic")


@dataclass(frozen=True)
class Figures:
    """What a set shows: shares of titles whose right code is first and among six; calibration; detection of missing codes."""

    first: float
    six: float
    sure: np.ndarray
    right: np.ndarray
    auroc: float
    auroc_similarity: float


def measured(classifier: Classifier, whole: Sample, less: Sample) -> Figures:
    """Figures of one set."""
    shares = classifier.probabilities(whole.features)
    order = np.argsort(-np.round(shares[:, :-1], 6), axis=1, kind="stable")[:, :6]
    rows = np.arange(len(order))
    hits = np.take_along_axis(whole.right[:, :-1], order, axis=1)
    none = less.right[:, -1]
    p_none = classifier.probabilities(less.features)[:, -1]
    return Figures(
        float(hits[:, 0].mean()), float(hits.any(axis=1).mean()), shares[rows, order[:, 0]], hits[:, 0],
        auroc(p_none, none), auroc(-less.features.none[:, _SEMANTIC], none),
    )  # fmt: skip


def auroc(scores: np.ndarray, none: np.ndarray) -> float:
    """Chance that a title whose code is missing has the higher score; ties count half."""
    gaps = scores[none][:, None] - scores[~none][None, :]
    return float((gaps > 0).mean() + (gaps == 0).mean() / 2)


def baselines(data: Path, language: str, asked: Asked, written: bool) -> dict[str, tuple[float, float]]:
    """First and first-six rates of LinearSVC and nearest title, both made of the language's ESCO and ISCO titles, and those ``written``."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union
    from sklearn.svm import LinearSVC

    texts, codes = _known(data, language, written)
    vectors = make_union(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
                         TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2))  # fmt: skip
    known = vectors.fit_transform(texts)
    queries = vectors.transform([normalise(text) for text, _ in asked])
    names = np.unique(codes)
    near = np.asarray((queries @ known.T).todense())
    best = np.stack([near[:, codes == name].max(axis=1) for name in names], axis=1)
    scores = {"LinearSVC": LinearSVC(C=0.5).fit(known, codes).decision_function(queries), "nearest title": best}
    return {name: _rates(found, names, asked) for name, found in scores.items()}


def _known(data: Path, language: str, written: bool) -> tuple[list[str], np.ndarray]:
    titles, unit_groups = esco_titles(data)
    pairs = {(normalise(t.text), unit_groups[t.concepts[0][0]]) for t in titles if t.language == language}
    pairs |= {
        (normalise(t.text), t.concepts[0][0][1:]) for t in group_titles(data) if t.language == language and len(t.concepts[0][0]) == 5
    }
    if written:
        pairs |= {(normalise(text), code) for code, text in written_titles(language)}
    ordered = sorted(pair for pair in pairs if pair[0])
    return [text for text, _ in ordered], np.array([code for _, code in ordered])


def _rates(scores: np.ndarray, names: np.ndarray, asked: Asked) -> tuple[float, float]:
    order = np.argsort(-scores, axis=1, kind="stable")[:, :6]
    hits = np.array([[names[place] in right for place in row] for row, (_, right) in zip(order, asked, strict=True)])
    return float(hits[:, 0].mean()), float(hits.any(axis=1).mean())


def sets(options: argparse.Namespace) -> Iterator[tuple[str, Asked, Figures]]:
    """Every set with its titles and its figures, from the world that has not seen it."""
    isco, fusion = shipped_isco_08(), FusionWeights.load(shipped("indexes", "isco-08"))
    weights = crossed(fold_samples(options.data, options.encoders, options.worlds, isco, fusion))
    for number, countries in enumerate(FOLDS):
        world = open_world(options.worlds / f"fold{number}", options.encoders / f"fold{number}")
        assert countries <= world.held_out, f"world {number} has seen {countries - world.held_out}"
        for name, asked in country_sets(options.data, countries, options.titles, seed=11).items():
            yield name, asked, measured(Classifier(weights[number]), *samples_of(world, asked, isco, fusion))


def main() -> None:
    """Print a row a set, and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--encoders", type=Path, required=True)
    parser.add_argument("--worlds", type=Path, required=True)
    parser.add_argument("--titles", type=int, default=1000, help="titles of each table")
    parser.add_argument("--baselines", action="store_true")
    parser.add_argument("--written", action="store_true", help="the baselines learn from data/job-titles too")
    options = parser.parse_args()
    print(
        "| set | titles | top-1 | top-6 | ECE | rate at 95 % | AUROC p_none | by similarity | LinearSVC | nearest title |\n|" + "---|" * 10
    )
    rows, every = [], []
    for name, asked, found in sets(options):
        beside = baselines(options.data, name[4:6], asked, options.written) if options.baselines else {}
        rows.append([found.first, found.six, found.auroc, found.auroc_similarity, *(rate for pair in beside.values() for rate in pair)])
        every.append(found)
        ece, rate = expected_calibration_error(found.sure, found.right), coding_rate(found.sure, found.right, 0.95)
        sides = " | ".join(f"{first:.3f} / {six:.3f}" for first, six in beside.values())
        print(f"| {name} | {len(asked):,} | {found.first:.3f} | {found.six:.3f} | {ece:.3f} | {rate:.1%} | {found.auroc:.3f} | "
              f"{found.auroc_similarity:.3f} | {sides} |", flush=True)  # fmt: skip
    sure, right = np.concatenate([one.sure for one in every]), np.concatenate([one.right for one in every])
    means = np.mean(rows, axis=0)
    ece, rate = expected_calibration_error(sure, right), coding_rate(sure, right, 0.95)
    print(f"\nmean over {len(rows)} sets: top-1 {means[0]:.3f}, top-6 {means[1]:.3f}, AUROC {means[2]:.3f} (by similarity {means[3]:.3f})")
    print(f"all titles together: ECE {ece:.3f}, rate at 95 % {rate:.1%}")
    if options.baselines:
        fewer = [(1 - ours) / (1 - theirs) - 1 for ours, theirs in zip(means[:2], means[4:6], strict=True)]
        print(f"LinearSVC {means[4]:.3f} / {means[5]:.3f}, nearest title {means[6]:.3f} / {means[7]:.3f}")
        print(f"errors against LinearSVC: top-1 {fewer[0]:+.1%}, top-6 {fewer[1]:+.1%}")


if __name__ == "__main__":
    main()
