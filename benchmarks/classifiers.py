"""Classifiers side by side on one split: python benchmarks/classifiers.py uk|msha --encoders DIR --worlds DIR [--only NAMES]

    uk      the British coding index, 80/20 by distinct title with its qualifiers: a scheme the shipped model knows ("warm")
    msha    US mine accident narratives to body part: another scheme altogether

Ours is ``TextClassifier``: what ``crosswalk fit`` trains. Its encoder and the head it starts from come from the world that left the
British index out (asserted); the shipped model has seen it. Beside it: LinearSVC and logistic regression on word and character n-grams (the
BLS course), a feed-forward network on TF-IDF (Ecuador), nearest title by TF-IDF and by rapidfuzz. ECE and coding rates take a
method's own confidence: a softmax of the margins where it gives no probability. Times are of training and of coding the test part.
"""

import argparse
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crosswalk.files.readers import read_table
from crosswalk.jobs.evaluation import coding_rate, expected_calibration_error
from crosswalk.jobs.indexing import shipped_isco_08
from crosswalk.jobs.training.office import held_apart
from crosswalk.jobs.training.titles import uk_index
from crosswalk.jobs.training.worlds import open_world
from crosswalk.text import normalise

Scores = Callable[[Sequence[str]], np.ndarray]
"""Texts to confidences, shape (texts, classes)."""


@dataclass(frozen=True)
class Split:
    """Distinct texts with one code each, on two sides; ``classes`` in order."""

    train: list[str]
    train_codes: np.ndarray
    test: list[str]
    test_codes: np.ndarray

    @property
    def classes(self) -> np.ndarray:
        """Codes of the training side, sorted."""
        return np.unique(self.train_codes)


def split(pairs: Sequence[tuple[str, str]], share: float = 0.2, seed: int = 8) -> Split:
    """Every distinct text once, with its first code; a share of every code's texts is the test."""
    distinct = {normalise(text): (text, code) for text, code in reversed(pairs) if normalise(text)}
    kept = sorted(distinct.items())
    apart = held_apart([(key, code) for key, (_, code) in kept], share, seed)
    sides = [[value for (_, value), test in zip(kept, apart.tolist(), strict=True) if test == side] for side in (False, True)]
    (train, codes), (test, test_codes) = (tuple(zip(*side, strict=True)) for side in sides)
    assert not {normalise(text) for text in train} & {normalise(text) for text in test}, "a test text stands in the training part"
    return Split(list(train), np.array(codes), list(test), np.array(test_codes))


def read_split(name: str, data: Path) -> Split:
    """The British index (first ISCO-08 code of a title), or the narratives."""
    if name == "uk":
        return split(list(uk_index(data)))
    table = read_table(data / "responses" / "msha_injury_narratives.xlsx")
    text, code = (table.columns.index(column) for column in _narrative_columns(table.columns))
    return split([(row[text], row[code]) for row in table.rows if row[text] and row[code]])


def _narrative_columns(columns: Sequence[str]) -> tuple[str, str]:
    text = next(name for name in columns if "NARRATIVE" in name.upper())
    return text, next(name for name in columns if "BODY_PART" in name.upper().replace(" ", "_") or "BODYPART" in name.upper())


def ours(parts: Split, options: argparse.Namespace) -> Scores:
    """What crosswalk fit trains, from a world without the British index."""
    from crosswalk.jobs.estimator import TextClassifier

    number = 3
    encoder = options.encoders / f"fold{number}"
    assert "gbr" in open_world(options.worlds / f"fold{number}", encoder).held_out, "this world has seen the British index"
    isco = options.set == "uk"
    head = str(options.worlds / f"fold{number}" / "whole") if isco else None
    titles = shipped_isco_08()[1] if isco else ()
    model = TextClassifier(encoder=str(encoder), head=head, titles=titles).fit(parts.train, parts.train_codes.tolist())
    columns = {code: place for place, code in enumerate(model.classes_.tolist())}
    wanted = [columns[code] for code in parts.classes.tolist()]
    return lambda texts: model.shares(texts)[:, wanted]


def _ngrams():  # type: ignore[no-untyped-def]
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    return make_union(words, TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2))


def linear_svc(parts: Split, _: argparse.Namespace) -> Scores:
    """LinearSVC on word and character n-grams."""
    from sklearn.svm import LinearSVC

    vectors = _ngrams()
    model = LinearSVC(C=0.5).fit(vectors.fit_transform(parts.train), parts.train_codes)
    return lambda texts: _softmax(model.decision_function(vectors.transform(texts)))


def logistic(parts: Split, _: argparse.Namespace) -> Scores:
    """Logistic regression on the same n-grams, by stochastic gradient descent (one code against the rest)."""
    from sklearn.linear_model import SGDClassifier

    vectors = _ngrams()
    model = SGDClassifier(loss="log_loss", alpha=1e-6, max_iter=15, random_state=8).fit(
        vectors.fit_transform(parts.train), parts.train_codes
    )
    return lambda texts: np.asarray(model.predict_proba(vectors.transform(texts)))


def feed_forward(parts: Split, _: argparse.Namespace) -> Scores:
    """One hidden layer of 256 over TF-IDF of the 20,000 commonest words and character n-grams."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.neural_network import MLPClassifier

    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, max_features=20_000, dtype=np.float32)
    model = MLPClassifier((256,), batch_size=256, max_iter=12, random_state=8).fit(vectors.fit_transform(parts.train), parts.train_codes)
    return lambda texts: np.asarray(model.predict_proba(vectors.transform(texts)))


def nearest_tfidf(parts: Split, _: argparse.Namespace) -> Scores:
    """The best title of each code by cosine of character n-grams."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    known = vectors.fit_transform(parts.train)
    return lambda texts: _best_of_code(lambda part: (vectors.transform(part) @ known.T).toarray(), texts, parts)


def nearest_fuzzy(parts: Split, _: argparse.Namespace) -> Scores:
    """The best title of each code by rapidfuzz's ratio."""
    from rapidfuzz import fuzz, process

    return lambda texts: _best_of_code(lambda part: process.cdist(part, parts.train, scorer=fuzz.ratio, workers=2) / 100, texts, parts)


def _best_of_code(similarity: Callable[[Sequence[str]], np.ndarray], texts: Sequence[str], parts: Split) -> np.ndarray:
    order = np.argsort(parts.train_codes, kind="stable")
    begins = np.searchsorted(parts.train_codes[order], parts.classes)
    blocks = [similarity(texts[at : at + 500])[:, order] for at in range(0, len(texts), 500)]
    return np.concatenate([np.maximum.reduceat(block, begins, axis=1) for block in blocks])


def _softmax(margins: np.ndarray) -> np.ndarray:
    raised = np.exp(3 * (margins - margins.max(axis=1, keepdims=True)))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


METHODS = {"crosswalk": ours, "LinearSVC": linear_svc, "logistic": logistic, "feed-forward": feed_forward,
           "nearest TF-IDF": nearest_tfidf, "nearest rapidfuzz": nearest_fuzzy}  # fmt: skip


def row(name: str, parts: Split, options: argparse.Namespace) -> str:
    """One method's line of the table."""
    from sklearn.metrics import f1_score

    begun = time.perf_counter()
    scores = METHODS[name](parts, options)
    trained = time.perf_counter()
    found = scores(parts.test)
    done = time.perf_counter()
    order = np.argsort(-found, axis=1, kind="stable")[:, :6]
    best = parts.classes[order]
    right, six = best[:, 0] == parts.test_codes, (best == parts.test_codes[:, None]).any(axis=1)
    sure = np.take_along_axis(found, order[:, :1], axis=1)[:, 0].astype(float)
    macro = f1_score(parts.test_codes, best[:, 0], average="macro", zero_division=0)
    rates = " | ".join(f"{coding_rate(sure, right, accuracy):.1%}" for accuracy in (0.90, 0.95, 0.99))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (f"| {name} | {right.mean():.3f} | {six.mean():.3f} | {macro:.3f} | {expected_calibration_error(sure, right):.3f} | {rates} | "
            f"{trained - begun:.0f} | {len(parts.test) / (done - trained):,.0f} | {peak:,.0f} |")  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=["uk", "msha"])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--encoders", type=Path, required=True)
    parser.add_argument("--worlds", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=list(METHODS), choices=list(METHODS))
    options = parser.parse_args()
    parts = read_split(options.set, options.data)
    print(f"{options.set}: {len(parts.train):,} texts to learn from, {len(parts.test):,} to test on, {len(parts.classes):,} codes\n")
    print("| method | top-1 | top-6 | macro-F1 | ECE | rate at 90 % | 95 % | 99 % | train s | texts/s | peak MB so far |\n|" + "---|" * 11)
    for name in options.only:
        print(row(name, parts, options), flush=True)


if __name__ == "__main__":
    main()
