"""Learns how the classifier weighs its evidence, on titles of countries that the encoder has not seen.

Each fold's model codes titles of its own held-out countries against the shipped book. So that "none of these" is learned too, every
title is asked a second time with a random tenth of the unit groups taken out of the book: those whose codes all went are "none".
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from crosswalk.coding.classifier import Weights
from crosswalk.coding.features import EVIDENCE, evidence_matrix
from crosswalk.errors import ModelError
from crosswalk.files.readers import read_table
from crosswalk.jobs.training.titles import FOLDS
from crosswalk.model import IndexTitle, Query, Shortlist
from crosswalk.search.book import Book
from crosswalk.search.encoder import Encoder, open_encoder
from crosswalk.search.lexical import LexicalIndex
from crosswalk.search.retriever import FusionWeights, Retriever
from crosswalk.search.semantic import SemanticIndex

_WIDTH = 10
_TITLES_A_TABLE = 400
_TAKEN_OUT = 0.10
_DECAY = 1e-3


@dataclass(frozen=True)
class Sample:
    """Evidence of n titles, shape (n, width, evidence), which places are filled, and which are right (the last one: none)."""

    matrix: NDArray[np.float32]
    filled: NDArray[np.bool_]
    right: NDArray[np.bool_]


def fold_samples(data: Path, folds: Path, titles: Sequence[IndexTitle], fusion: FusionWeights, seed: int = 8) -> list[Sample]:
    """One sample a fold, of its held-out countries' tables."""
    random = np.random.default_rng(seed)
    samples = []
    for number, countries in enumerate(FOLDS):
        training = json.loads((folds / f"fold{number}" / "training.json").read_text(encoding="utf-8"))
        if not countries <= set(training["held_out"]):
            raise ModelError("this encoder has seen the countries it is tested on", where=f"fold{number}", hint="train it with --folds")
        encoder = open_encoder(folds / f"fold{number}")
        asked = [entry for country in sorted(countries) for entry in table_titles(data, country, random)]
        codes = sorted({title.code for title in titles})
        gone = set(random.choice(codes, int(_TAKEN_OUT * len(codes)), replace=False))
        whole = _sample(_retriever(titles, encoder, fusion), asked)
        less = _sample(_retriever([title for title in titles if title.code not in gone], encoder, fusion), asked)
        samples += [whole, less]
    return samples


def table_titles(data: Path, country: str, random: np.random.Generator) -> list[tuple[str, frozenset[str]]]:
    """Some titles of a country's tables with their ISCO-08 codes."""
    found = []
    for path in sorted((data / "national" / "esco_tables").glob(f"{country}_*.csv.gz")):
        table = read_table(path)
        title, codes = table.columns.index("title"), table.columns.index("isco08_any")
        rows = [(row[title], frozenset(row[codes].split("|"))) for row in table.rows if row[title] and row[codes]]
        found += [rows[place] for place in random.permutation(len(rows))[:_TITLES_A_TABLE]]
    return found


def _retriever(titles: Iterable[IndexTitle], encoder: Encoder, fusion: FusionWeights) -> Retriever:
    book = Book.of(titles)
    normalised = book.normalised()
    return Retriever(book, LexicalIndex.build(normalised), SemanticIndex.build(encoder.encode(normalised)), encoder, fusion)


def _sample(retriever: Retriever, asked: Sequence[tuple[str, frozenset[str]]]) -> Sample:
    shortlists = retriever.shortlists([Query(text) for text, _ in asked], _WIDTH)
    matrix, filled = evidence_matrix(shortlists, _WIDTH)
    known = set(retriever.book.code_names)
    right = np.array([_right(found, codes, known) for found, (_, codes) in zip(shortlists, asked, strict=True)])
    return Sample(matrix, filled, right)


def _right(found: Shortlist, codes: frozenset[str], known: set[str]) -> list[bool]:
    """Which candidates are right; the last place says that none of the book's codes is."""
    hits = [candidate.code in codes for candidate in found.candidates]
    return [*hits, *[False] * (_WIDTH - len(hits)), not codes & known]


def fit_weights(samples: Sequence[Sample]) -> Weights:
    """The weights under which the right answers are likeliest; titles whose right code is on no shortlist pull towards "none"."""
    matrix = np.concatenate([sample.matrix for sample in samples]).astype(np.float64)
    filled = np.concatenate([sample.filled for sample in samples])
    right = np.concatenate([sample.right for sample in samples])
    right[~right.any(axis=1), -1] = True

    def cost(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = np.where(filled, matrix @ weights[:-1], -np.inf)
        logits = np.concatenate([logits, np.full((len(logits), 1), weights[-1])], axis=1)
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        shares /= shares.sum(axis=1, keepdims=True)
        hit = (shares * right).sum(axis=1, keepdims=True)
        slope = (shares - shares * right / np.maximum(hit, 1e-12)) / len(shares)
        gradient = np.append(np.einsum("nk,nke->e", slope[:, :-1], matrix), slope[:, -1].sum()) + 2 * _DECAY * weights
        return float(-np.log(np.maximum(hit, 1e-12)).mean() + _DECAY * weights @ weights), gradient

    found = minimize(cost, np.zeros(len(EVIDENCE) + 1), jac=True, method="L-BFGS-B").x
    return Weights({name: round(float(value), 4) for name, value in zip(EVIDENCE, found, strict=False)}, round(float(found[-1]), 4))
