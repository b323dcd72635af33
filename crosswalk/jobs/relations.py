"""The relation of a map: exact, close, narrow or broad, as seen from the source, from the forms of the titles and the shape of the table.

A multinomial logistic regression over few readable features. Its weights (``data/relations.json``) were learned from the relations that
national experts gave in seventeen tables to ESCO; ``benchmarks/relations.py`` trains it and prints its figures, country by country.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosswalk.errors import ModelError
from crosswalk.model import Relation
from crosswalk.places import shipped
from crosswalk.search.lexical import similarity
from crosswalk.text import fold, normalise

RELATIONS: tuple[Relation, ...] = ("exact", "close", "narrow", "broad")

FEATURES = (
    "same", "similarity", "inside", "around", "more_words", "one_to_one", "one_to_many", "many_to_one", "many_to_many",
    "targets", "sources", "same_and_one_to_one",
)  # fmt: skip
"""Names of the features, in the order of the weights.

same: a title of the target is the source's, word for word. similarity: 0..1, the nearest title. inside: that title's words are all in the
source's (which says more); around: the other way. more_words: words the source has more, a tenth each. one_to_one ... many_to_many: the
shape of the link. targets, sources: logarithms of how many targets the source has, and sources the target.
"""


def features(title: str, labels: Sequence[str], targets: int, sources: int) -> list[float]:
    """The features of one link: the source's title, the target's titles, and how many links each end has."""
    own = _normal(title)
    known = [_normal(label) for label in labels]
    scores = [1.0 if label == own else similarity(own, label) for label in known] or [0.0]
    best = max(range(len(scores)), key=scores.__getitem__)
    words, other = set(own.split()), set(known[best].split()) if known else set()
    same = float(scores[best] == 1.0)
    shape = [targets == 1 == sources, targets > 1 == sources, sources > 1 == targets, targets > 1 < sources]
    return [
        same, scores[best], float(bool(other) and other < words), float(bool(words) and words < other),
        (len(words) - len(other)) / 10, *map(float, shape), math.log(targets), math.log(sources), same * shape[0],
    ]  # fmt: skip


@lru_cache(maxsize=1 << 16)
def _normal(title: str) -> str:
    return fold(normalise(title))


@dataclass(frozen=True)
class RelationModel:
    """Weights of shape (relations, features), and the constants; ``mean`` and ``scale`` bring the features to one size."""

    weights: NDArray[np.float64]
    constants: NDArray[np.float64]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    def relations(self, matrix: Sequence[Sequence[float]]) -> list[Relation]:
        """The most probable relation of each row of features."""
        if not len(matrix):
            return []
        logits = (np.asarray(matrix, dtype=float) - self.mean) / self.scale @ self.weights.T + self.constants
        return [RELATIONS[place] for place in logits.argmax(axis=1)]


@cache
def load_relation_model(path: Path | None = None) -> RelationModel:
    """The shipped model. Raises ModelError when its file is not whole."""
    path = path or shipped("data", "relations.json")
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        weights = [[raw["weights"][relation][name] for name in FEATURES] for relation in RELATIONS]
        constants = [raw["constants"][relation] for relation in RELATIONS]
        model = RelationModel(*(np.array(part, dtype=float) for part in (
            weights, constants, [raw["mean"][name] for name in FEATURES], [raw["scale"][name] for name in FEATURES])))  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the relation model cannot be used ({error!r})", where=str(path), hint="install crosswalk again") from None
    return model
