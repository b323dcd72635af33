"""The MELO benchmark: national occupation titles to ESCO labels, in the same language and to English.

    python benchmarks/melo.py --folds DIR          leave-country-out: DIR/fold0 .. fold3, each on the countries it did not see
    python benchmarks/melo.py --model FOLDER       one model on all sets (the shipped one has seen the countries' tables: not a test)
    python benchmarks/melo.py --check              the protocol itself: published rows of edit distance and char TF-IDF, made again

Protocol (Retyk et al., RecSys in HR 2024): all corpus elements are ranked for a query; reciprocal rank and success@k of the first
relevant one; ties as trec_eval breaks them, the larger document id first. A fold's model that has seen the table of a country it is
tested on stops the benchmark. ``fused`` is the retriever: semantic and lexical similarity, weighed as in indexes/isco-08/retriever.json.
"""

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from crosswalk.jobs.training.titles import FOLDS
from crosswalk.places import shipped
from crosswalk.search.encoder import Encoder, open_encoder
from crosswalk.search.ngrams import BITS, grams
from crosswalk.search.retriever import FusionWeights
from crosswalk.text import normalise

Similarity = Callable[[list[str], list[str]], np.ndarray]
"""Queries and corpus texts to similarities, shape (queries, texts)."""

_CHUNK = 512


@dataclass(frozen=True)
class MeloSet:
    """One set: ``relevant[i]`` holds the positions in ``corpus`` that are right for ``queries[i]``."""

    name: str
    queries: list[str]
    corpus: list[str]
    relevant: list[np.ndarray]


def read_set(folder: Path) -> MeloSet:
    """A set's files; corpus elements by descending id, so that a stable sort breaks ties as trec_eval does."""
    elements = sorted(_pairs(folder / "corpus_elements.tsv"), reverse=True)
    position = {element[0]: place for place, element in enumerate(elements)}
    relevant: dict[str, list[int]] = defaultdict(list)
    for query, _, element, grade in _pairs(folder / "annotations.tsv"):
        if int(grade) > 0:
            relevant[query].append(position[element])
    queries = [pair for pair in _pairs(folder / "queries.tsv") if pair[0] in relevant]
    right = [np.array(sorted(relevant[query[0]])) for query in queries]
    return MeloSet(folder.name, [normalise(q[1]) for q in queries], [normalise(e[1]) for e in elements], right)


def _pairs(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n") if line]


def first_ranks(melo: MeloSet, similarity: Similarity) -> np.ndarray:
    """Rank, from 1, of the first relevant element of every query."""
    ranks = np.empty(len(melo.queries), dtype=np.int64)
    for begin in range(0, len(melo.queries), _CHUNK):
        scores = np.round(similarity(melo.queries[begin : begin + _CHUNK], melo.corpus), 6)
        for row, score in enumerate(scores, start=begin):
            right = melo.relevant[row]
            best = right[np.argmax(score[right])]
            ranks[row] = 1 + np.count_nonzero(score > score[best]) + np.count_nonzero(score[:best] == score[best])
    return ranks


def semantic(encoder: Encoder) -> Similarity:
    """Cosine of the encoder's vectors; the corpus is encoded once."""
    kept: dict[int, np.ndarray] = {}

    def similarity(queries: list[str], texts: list[str]) -> np.ndarray:
        if id(texts) not in kept:
            kept.clear()
            kept[id(texts)] = encoder.encode(texts)
        return np.asarray(encoder.encode(queries) @ kept[id(texts)].T)

    return similarity


def lexical() -> Similarity:
    """Cosine of TF-IDF weighted n-grams, as ``LexicalIndex`` has it, over all elements."""
    kept: dict[int, tuple[np.ndarray, sparse.csc_matrix]] = {}

    def matrix(texts: list[str], idf: np.ndarray) -> sparse.csr_matrix:
        found = grams(texts)
        rows = sparse.csr_matrix((idf[found.ids], found.ids, found.starts), shape=(len(texts), 1 << BITS))
        norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        return sparse.diags(1 / np.maximum(norms, 1e-9)) @ rows

    def similarity(queries: list[str], texts: list[str]) -> np.ndarray:
        if id(texts) not in kept:
            kept.clear()
            idf = np.log1p((len(texts) + 1) / (np.bincount(grams(texts).ids, minlength=1 << BITS) + 0.5))
            kept[id(texts)] = idf, matrix(texts, idf).T.tocsc()
        idf, corpus = kept[id(texts)]
        return np.asarray((matrix(queries, idf) @ corpus).todense())

    return similarity


def fused(encoder: Encoder, weights: FusionWeights) -> Similarity:
    """The retriever's weighing of both, and of being the same title."""
    near, alike = semantic(encoder), lexical()

    def similarity(queries: list[str], texts: list[str]) -> np.ndarray:
        spelt = alike(queries, texts)
        return weights.semantic * near(queries, texts) + weights.lexical * spelt + weights.exact * (spelt > 0.9999)

    return similarity


def folds(folder: Path) -> Iterator[tuple[Encoder, frozenset[str]]]:
    """The leave-country-out models with the countries each is tested on. Stops when one has seen its test."""
    for number, countries in enumerate(FOLDS):
        training = json.loads((folder / f"fold{number}" / "training.json").read_text(encoding="utf-8"))
        assert set(training["held_out"]) >= countries, f"fold{number} has seen tables of {countries - set(training['held_out'])}"
        yield open_encoder(folder / f"fold{number}"), countries


def published(data: Path) -> dict[str, dict[str, float]]:
    """Mean reciprocal rank of every published method on every set."""
    table: dict[str, dict[str, float]] = defaultdict(dict)
    with (data / "published_results.tsv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            table[row["set"]][row["model"]] = float(row["recip_rank"])
    return table


def main() -> None:
    """Print a row a set beside the published methods, and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--folds", type=Path)
    what.add_argument("--model", type=Path)
    what.add_argument("--check", action="store_true")
    options = parser.parse_args()
    data = options.data / "melo"
    if options.check:
        return check(data)
    weights = FusionWeights.load(shipped("indexes", "isco-08"))
    models = list(folds(options.folds)) if options.folds else [(open_encoder(options.model), frozenset().union(*FOLDS))]
    results: dict[str, dict[str, np.ndarray]] = {}
    for encoder, countries in models:
        methods = {"encoder": semantic(encoder), "lexical": lexical(), "fused": fused(encoder, weights)}
        for folder in sorted(path for path in data.iterdir() if path.is_dir() and path.name[:3] in countries):
            melo = read_set(folder)
            results[melo.name] = {name: first_ranks(melo, method) for name, method in methods.items()}
    report(dict(sorted(results.items())), published(data))
    return None


def report(results: dict[str, dict[str, np.ndarray]], others: dict[str, dict[str, float]]) -> None:
    """The table of sets, then the means."""
    print("| set | encoder MRR | s@1 | s@5 | s@10 | lexical | fused | best published | text-embedding-3-large |\n|" + "---|" * 9)
    for name, ranks in results.items():
        first = ranks["encoder"]
        success = " | ".join(f"{np.mean(first <= k):.3f}" for k in (1, 5, 10))
        best = max(others[name], key=others[name].__getitem__)
        print(
            f"| {name} | {np.mean(1 / first):.3f} | {success} | {np.mean(1 / ranks['lexical']):.3f} | {np.mean(1 / ranks['fused']):.3f} "
            f"| {others[name][best]:.3f} {best} | {others[name]['openai']:.3f} |"
        )
    for title, english in (("same language", False), ("to English", True)):
        names = [name for name in results if name.endswith("_c_en") == english]
        means = {method: np.mean([np.mean(1 / results[name][method]) for name in names]) for method in ("encoder", "lexical", "fused")}
        openai = np.mean([others[name]["openai"] for name in names])
        beaten = {m: sum(np.mean(1 / results[name][m]) > max(others[name].values()) for name in names) for m in ("encoder", "fused")}
        shown = ", ".join(f"{method} {mean:.3f}" for method, mean in means.items())
        counts = f"better than every published method on {beaten['encoder']} (encoder), {beaten['fused']} (fused) of {len(names)}"
        print(f"\n{title}, mean over {len(names)} sets: {shown}; text-embedding-3-large {openai:.3f}; {counts}")


def check(data: Path) -> None:
    """Make published rows again: char TF-IDF and edit distance."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist
    from sklearn.feature_extraction.text import TfidfVectorizer

    def char_tf_idf(queries: list[str], texts: list[str]) -> np.ndarray:
        vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3)).fit(texts)
        return np.asarray((vectorizer.transform(queries) @ vectorizer.transform(texts).T).todense())

    def edit_distance(queries: list[str], texts: list[str]) -> np.ndarray:
        return np.asarray(cdist(queries, texts, scorer=Levenshtein.normalized_similarity, workers=2))

    others = published(data)
    print("| set | char TF-IDF here | published | edit distance here | published |\n|---|---|---|---|---|")
    for name in ("fra_q_fr_c_fr", "nld_q_nl_c_nl", "swe_q_sv_c_sv"):
        raw = read_raw_set(data / name)
        here = [np.mean(1 / first_ranks(raw, method)) for method in (char_tf_idf, edit_distance)]
        print(f"| {name} | {here[0]:.3f} | {others[name]['char_tf_idf']:.3f} | {here[1]:.3f} | {others[name]['edit_distance']:.3f} |")


def read_raw_set(folder: Path) -> MeloSet:
    """A set with its texts in lower case only, as the published baselines had them."""
    from unittest.mock import patch

    with patch(f"{__name__}.normalise", str.lower):
        return read_set(folder)


if __name__ == "__main__":
    main()
