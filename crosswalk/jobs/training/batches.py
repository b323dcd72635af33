"""Batches of titles and, for each, one title of every concept in one language to be ranked."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from crosswalk.jobs.training.pieces import Bags
from crosswalk.jobs.training.titles import Title

Recipe = dict[str, Any]


@dataclass(frozen=True)
class Batch:
    """Numbers of titles and targets, and which target is right, wrong or neither for which title."""

    titles: np.ndarray  # title numbers
    targets: np.ndarray  # title numbers, one a concept present
    right: np.ndarray  # (3, n): row, column; weight
    right_weight: np.ndarray
    neutral: np.ndarray  # (2, n): row, column neither right nor wrong
    weight: np.ndarray  # of each row


class Batches:
    """Draws batches: titles by source and language; targets one a concept in the step's language."""

    def __init__(self, titles: list[Title], unit_groups: dict[str, str], recipe: Recipe) -> None:
        self.recipe = recipe["training"]
        self.rng = np.random.default_rng(recipe["seed"])
        names = sorted({concept for title in titles if title.source in ("esco", "group") for concept, _ in title.concepts})
        self.number = {name: i for i, name in enumerate(names)}
        self._relate(names, unit_groups)
        rights = [self._right(title) for title in titles]
        self.right = Bags.of([[concept for concept, _ in right] for right in rights])
        self.right_weight = np.array([weight for right in rights for _, weight in right], dtype=np.float32)
        self.neutral = Bags.of([self._neutral(title) for title in titles])
        drawn = np.array(
            [
                recipe["sources"][title.source] * max(w for _, w in title.concepts) if right else 0.0
                for title, right in zip(titles, rights, strict=True)
            ]
        )
        self._languages(titles, drawn)

    def _relate(self, names: list[str], unit_groups: dict[str, str]) -> None:
        above: dict[str, set[str]] = {}
        for name in names:
            code = name[1:] if name.startswith("C") and name[1:].isdigit() else unit_groups[name]
            groups = {"C" + code[:n] for n in range(1, len(code) + 1)} - {name}
            above[name] = {group for group in groups if group in self.number}
        below: defaultdict[str, set[str]] = defaultdict(set)
        for name, groups in above.items():
            for group in groups:
                below[group].add(name)
        self.above, self.below = above, below

    def _right(self, title: Title) -> list[tuple[int, float]]:
        known = [(concept, weight) for concept, weight in title.concepts if concept in self.number]
        if title.source == "class":  # any concept of the unit group
            return sorted({(self.number[n], 1.0) for concept, _ in known for n in (concept, *self.below[concept])})
        best = max((weight for _, weight in known), default=0.0)
        return [(self.number[concept], weight / best) for concept, weight in known if weight == best]

    def _neutral(self, title: Title) -> list[int]:
        near = {
            n for concept, _ in title.concepts if concept in self.number for n in (self.above[concept] | self.below[concept] | {concept})
        }
        return sorted({self.number[n] for n in near} - {concept for concept, _ in self._right(title)})

    def _languages(self, titles: list[Title], drawn: np.ndarray) -> None:
        language = np.array([title.language for title in titles])
        self.cumulative = np.cumsum(drawn)
        self.by_language = {
            lang: (where := np.flatnonzero((language == lang) & (drawn > 0)), np.cumsum(drawn[where])) for lang in sorted(set(language))
        }
        self.labels: dict[str, Bags] = {}
        lists: defaultdict[str, list[list[int]]] = defaultdict(lambda: [[] for _ in self.number])
        for i, title in enumerate(titles):
            if title.source in ("esco", "group"):
                for target in (title.language, "any"):
                    lists[target][self.number[title.concepts[0][0]]].append(i)
        self.labels = {lang: Bags.of(one) for lang, one in sorted(lists.items()) if lang == "any" or sum(map(bool, one)) > 2000}
        self.others = [lang for lang in self.labels if lang not in ("any", "en")]

    def concepts(self) -> sparse.csr_matrix:
        """(titles, concepts and groups) weights: a title's right concepts share 1, the groups above them share 1."""
        names = list(self.number)
        above = sparse.lil_matrix((len(names), len(names)), dtype=np.float32)
        for name, groups in self.above.items():
            for group in groups:
                above[self.number[name], self.number[group]] = 1.0
        lengths = np.diff(self.right.starts)
        share = self.right_weight / np.repeat(lengths, lengths)
        right = sparse.csr_matrix((share, self.right.ids, self.right.starts), shape=(len(lengths), len(names)))
        both: sparse.csr_matrix = sparse.hstack([right, right @ above.tocsr()], format="csr")
        return both

    def _draw(self, cumulative: np.ndarray, count: int) -> np.ndarray:
        drawn: np.ndarray = np.searchsorted(cumulative, self.rng.random(count) * cumulative[-1], side="right")
        return drawn

    def _target_language(self) -> str:
        chance = self.rng.random()
        if chance < self.recipe["english"]:
            return "en"
        return "any" if chance < self.recipe["english"] + self.recipe["mixed"] else str(self.rng.choice(self.others))

    def draw(self) -> Batch:
        """The next batch: targets in English, in any language, or in one of the others."""
        language = self._target_language()
        size = self.recipe["batch"]
        same = 0 if language == "any" else int(size * self.recipe["same_language"])
        where, cumulative = self.by_language.get(language, (np.empty(0, dtype=np.int64), np.zeros(1)))
        titles = np.concatenate([where[self._draw(cumulative, same)] if same else where[:0], self._draw(self.cumulative, size - same)])
        labels = self.labels[language]
        counts = np.diff(labels.starts)
        present = np.flatnonzero(counts)
        targets = labels.ids[labels.starts[present] + (self.rng.random(len(present)) * counts[present]).astype(np.int64)].astype(np.int64)
        column = np.full(len(self.number), -1)
        column[present] = np.arange(len(present))
        return self._batch(titles, targets, column)

    def _batch(self, titles: np.ndarray, targets: np.ndarray, column: np.ndarray) -> Batch:
        ids, lengths = self.right.take(titles)
        places = np.arange(lengths.sum()) + np.repeat(self.right.starts[titles] - (np.cumsum(lengths) - lengths), lengths)
        right = np.stack([np.repeat(np.arange(len(titles)), lengths), column[ids]])
        there = right[1] >= 0
        near, near_lengths = self.neutral.take(titles)
        neutral = np.stack([np.repeat(np.arange(len(titles)), near_lengths), column[near]])
        itself = targets[right[1]] == titles[right[0]]
        weight = np.ones(len(titles), dtype=np.float32)
        weight[right[0][itself & there]] = self.recipe["identical"]
        weight[np.setdiff1d(np.arange(len(titles)), right[0][there])] = 0.0
        return Batch(titles, targets, right[:, there], self.right_weight[places][there], neutral[:, neutral[1] >= 0], weight)
