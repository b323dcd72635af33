"""Trains a classifier on an office's own coded answers: head, weights, and a calibration sample it has not learned from."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crosswalk.coding.classifier import Classifier, Weights
from crosswalk.coding.head import Head, HeadFacts, stored
from crosswalk.jobs.training.classifier import judged
from crosswalk.jobs.training.combiner import Sample, fit_weights, right_of
from crosswalk.jobs.training.head import HeadSettings, Lessons, Reading, random_layers, read, train_head
from crosswalk.jobs.training.linear_start import linear_start
from crosswalk.jobs.training.scorers import scorer_of
from crosswalk.model import Classification, IndexTitle, Query
from crosswalk.search.encoder import Encoder
from crosswalk.search.retriever import FusionWeights, query_text
from crosswalk.text import normalise

_VALIDATION = 0.12
_TAKEN_OUT = 0.15
_TEXTS_SEEN = 1_200_000  # texts a head reads in all its epochs
_THIN = 0.25  # a code's texts are drawn with weight (its number of texts) ** -_THIN
_PAIR_BITS = 17  # of a head that begins anew
_OF_A_LINEAR = (8.0, 0.0005, 0.0025)  # most epochs and the two rates of one that begins as a linear classifier: faster, it forgets that one
_HOLD = 0.5  # pull towards the weights begun with, as strong as half a text is
_EXACT = 0.0  # least weight of a title in the book: the head has learned the office's own, and the shipped book's may mean another code
_BOOK = "training data"

Answer = tuple[Query, frozenset[str]]
"""A text with its fields, and its right codes."""


@dataclass(frozen=True)
class Ground:
    """What a training stands on: the scheme with titles already known, the encoder, the weights to begin from, a head where there is one.

    ``examples`` are texts that the head learns from and the book does not hold (definitions).
    """

    classification: Classification
    titles: Sequence[IndexTitle]
    encoder: Encoder
    fusion: FusionWeights
    prior: Weights
    start: Head | None = None
    examples: Sequence[IndexTitle] = ()


@dataclass(frozen=True)
class Trained:
    """A classifier: its head, its weights, its book, and for the texts kept apart how sure it was and whether it was right."""

    facts: HeadFacts
    tensors: Mapping[str, NDArray[np.float32]]
    weights: Weights
    titles: tuple[IndexTitle, ...]
    sure: NDArray[np.float32]
    right: NDArray[np.uint8]


def train_office(answers: Sequence[Answer], fields: Sequence[str], ground: Ground, seed: int, say: Callable[[str], None]) -> Trained:
    """Train on distinct answers. ``fields`` are the names of the text fields, the title first.

    A head is trained three times: on most answers, to weigh it fairly on the others; on most answers without 15 % of the
    codes, to learn what an unknown occupation looks like; and on all answers, to be used.
    """
    codes = sorted({code for _, right in answers for code in right} | {title.code for title in ground.titles})
    apart = judges(answers, seed)
    gone = set(np.random.default_rng(seed).choice(codes, int(_TAKEN_OUT * len(codes)), replace=False).tolist())
    school = _School.of(answers, fields, ground, seed)
    most, judging = [answers[n] for n in np.flatnonzero(~apart).tolist()], [answers[n] for n in np.flatnonzero(apart).tolist()]
    samples = []
    for known in (codes, [code for code in codes if code not in gone]):
        say(f"training on {len(most):,} answers and {len(known):,} codes, to be judged on {len(judging):,} others")
        head = Head(school.facts(known, fields), stored(school.head(known, ~apart, say)))
        samples.append(_sample(judging, [*_known(ground.titles, known), *_titles(most, known)], head, ground))
    weights, sure, right = _weighed(samples, ground.prior, seed)
    say(f"training on all {len(answers):,} answers")
    tensors = school.head(codes, np.ones(len(answers), dtype=bool), say)
    return Trained(school.facts(codes, fields), tensors, weights, (*_known(ground.titles, codes), *_titles(answers, codes)), sure, right)


def judges(answers: Sequence[Answer], seed: int) -> NDArray[np.bool_]:
    """Which answers the evidence is weighed on: nothing that makes evidence may learn from them before."""
    return held_apart([(normalise(query_text(query)), min(right)) for query, right in answers], _VALIDATION, seed)


def held_apart(texts: Sequence[tuple[str, str]], share: float, seed: int) -> NDArray[np.bool_]:
    """Which (text, code) pairs are kept apart: about ``share`` of every code's, equal texts on one side, the same for a seed."""
    by_code: defaultdict[str, set[str]] = defaultdict(set)
    for text, code in texts:
        by_code[code].add(text)
    chosen: set[str] = set()
    for code, own in sorted(by_code.items()):
        ranked = sorted(own, key=lambda text: _hash(seed, text))
        exact = share * len(ranked)
        extra = _hash(seed, code) / 2**64 < exact - int(exact)
        chosen.update(ranked[: min(int(exact) + extra, len(ranked) - 1)])
    return np.array([text in chosen for text, _ in texts], dtype=bool)


def share_of(answers: Sequence[Answer], share: float, seed: int) -> list[Answer]:
    """About ``share`` of the answers, the same for a seed; a smaller share is part of a larger one."""
    ranked = sorted(range(len(answers)), key=lambda place: _hash(seed, f"share {normalise(query_text(answers[place][0]))}"))
    return [answers[place] for place in sorted(ranked[: round(share * len(answers))])]


def _hash(seed: int, text: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed} {text}".encode("utf-8", "replace"), digest_size=8).digest(), "big")


@dataclass(frozen=True)
class _School:
    """Answers and known titles, read once, from which heads are trained."""

    readings: Sequence[Reading]
    rights: Sequence[Sequence[str]]
    answers: int
    settings: HeadSettings
    start: Head | None

    @classmethod
    def of(cls, answers: Sequence[Answer], fields: Sequence[str], ground: Ground, seed: int) -> "_School":
        titles = (*ground.titles, *ground.examples)
        pairs = [*((query, sorted(right)) for query, right in answers), *((Query(title.text), [title.code]) for title in titles)]
        columns = [[normalise(query.text if len(fields) > 1 else query_text(query)) for query, _ in pairs]]
        columns += [[normalise(query.context.get(name, "")) for query, _ in pairs] for name in fields[1:]]
        epochs, batch = min(40.0, max(2.0, _TEXTS_SEEN / len(pairs))), min(1024, max(32, len(pairs) // 20))
        start = ground.start if len(fields) == 1 else None
        settings = HeadSettings(seed=seed, epochs=epochs, batch=batch, pair_bits=start.facts.pair_bits if start else _PAIR_BITS)
        return cls(read(columns, ground.encoder, settings), [right for _, right in pairs], len(answers), settings, start)

    def facts(self, codes: Sequence[str], fields: Sequence[str]) -> HeadFacts:
        """What a head for these codes is made for."""
        return HeadFacts(tuple(codes), tuple(fields), self.settings.bits, self.settings.pair_bits)

    def head(self, codes: Sequence[str], chosen: NDArray[np.bool_], say: Callable[[str], None]) -> dict[str, NDArray[np.float32]]:
        """A head for some codes, from the chosen answers and all known titles; texts of thin codes are drawn more often than they are."""
        there = np.concatenate([chosen, np.ones(len(self.rights) - self.answers, dtype=bool)])
        lessons = Lessons.of(self.rights, there.astype(np.float32), codes)
        first = lessons.right.ids[np.minimum(lessons.right.starts[:-1], len(lessons.right.ids) - 1)]
        counts = np.bincount(first, weights=lessons.weight, minlength=len(codes))
        weight = lessons.weight * np.maximum(counts, 1.0)[first] ** -_THIN
        lessons, settings = Lessons(lessons.right, weight.astype(np.float32)), self.settings
        if self.start and list(self.start.facts.codes) == list(codes):
            start = self.start.tensors()
        elif self.start:  # the same codes without some: as it always was, so that both heads stay alike
            start = None
        else:
            layers = random_layers(len(codes), self.readings[0].vectors.shape[1], settings)
            start = linear_start(self.readings[0].grams, first, lessons.weight > 0, layers, settings)
            if start is not layers:
                epochs, rate, rows_rate = _OF_A_LINEAR
                settings = replace(settings, epochs=min(settings.epochs, epochs), rate=rate, rows_rate=rows_rate)
        return train_head(self.readings, lessons, len(codes), settings, say, start)


def _known(titles: Sequence[IndexTitle], codes: Sequence[str]) -> list[IndexTitle]:
    known = set(codes)
    return [title for title in titles if title.code in known]


def _titles(answers: Sequence[Answer], codes: Sequence[str]) -> list[IndexTitle]:
    known = set(codes)
    return [IndexTitle(query_text(query), code, "", _BOOK) for query, right in answers for code in sorted(right) if code in known]


def _sample(asked: Sequence[Answer], titles: Sequence[IndexTitle], head: Head, ground: Ground) -> Sample:
    scorer = scorer_of(ground.classification, titles, ground.encoder, head, ground.fusion)
    found, _, _ = scorer.features([query for query, _ in asked])
    return Sample(found, right_of([right for _, right in asked], scorer.retriever.book.code_names))


def _weighed(samples: Sequence[Sample], prior: Weights, seed: int) -> tuple[Weights, NDArray[np.float32], NDArray[np.uint8]]:
    """Weights from all samples; and for every text of the first what weights fitted without it say: how sure, and whether right."""
    count = len(samples[0].right)
    hold = _HOLD / max(1, sum(len(sample.right) for sample in samples))
    fold = np.random.default_rng(seed).integers(2, size=count)
    sure, right = np.zeros(count, dtype=np.float32), np.zeros(count, dtype=np.uint8)
    for half in (0, 1):
        weights = fit_weights([_part(sample, fold != half) for sample in samples], prior=prior, hold=2 * hold, exact=_EXACT)
        sure[fold == half], right[fold == half] = judged(Classifier(weights), _part(samples[0], fold == half))
    return fit_weights(samples, prior=prior, hold=hold, exact=_EXACT), sure, right


def _part(sample: Sample, rows: NDArray[np.bool_]) -> Sample:
    features = sample.features
    return Sample(type(features)(features.codes[rows], features.none[rows]), sample.right[rows])
