"""Shortlists to probabilities. The only place that makes probabilities.

A conditional logit: every candidate's evidence is weighed to one number, "none of these" has a number of its own, and
the softmax over them sums to one. The weights are learned (``jobs.training``) and kept as readable JSON.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosswalk.coding.features import EVIDENCE, evidence_matrix
from crosswalk.errors import ModelError
from crosswalk.model import CodeProbability, Coding, Shortlist

FILE = "classifier.json"


@dataclass(frozen=True)
class Weights:
    """Weight of each kind of evidence, and the number "none of these" starts from."""

    evidence: dict[str, float]
    none: float

    def vector(self) -> NDArray[np.float64]:
        """The weights in the order of ``EVIDENCE``."""
        return np.array([self.evidence[name] for name in EVIDENCE])


class Classifier:
    """Weighs evidence; holds no state but its weights."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    @classmethod
    def load(cls, folder: Path) -> "Classifier":
        """Read the weights of an index folder. Raises ModelError when they are not whole."""
        try:
            raw = json.loads((folder / FILE).read_text(encoding="utf-8"))
            weights = Weights({name: float(raw["evidence"][name]) for name in EVIDENCE}, float(raw["none"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{FILE} cannot be used ({error!r})", where=str(folder), hint="build the index again") from None
        if not np.all(np.isfinite([*weights.evidence.values(), weights.none])):
            raise ModelError(f"{FILE} holds a weight that is not a number", where=str(folder), hint="build the index again")
        return cls(weights)

    def save(self, folder: Path) -> None:
        """Write the weights as readable JSON."""
        (folder / FILE).write_text(json.dumps(asdict(self.weights), indent=1) + "\n", encoding="utf-8")

    def codings(self, shortlists: Sequence[Shortlist]) -> list[Coding]:
        """One coding a shortlist, in the same order; codes by probability, ties by code."""
        if not shortlists:
            return []
        width = max(1, max(len(shortlist.candidates) for shortlist in shortlists))
        matrix, filled = evidence_matrix(shortlists, width)
        probabilities = self.probabilities(matrix, filled)
        return [_coding(shortlist, row) for shortlist, row in zip(shortlists, probabilities, strict=True)]

    def probabilities(self, matrix: NDArray[np.float32], filled: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Shape (texts, k + 1), the last column "none of these"; rows sum to one."""
        logits = matrix @ self.weights.vector()
        logits = np.where(filled, logits, -np.inf)
        logits = np.concatenate([logits, np.full((len(logits), 1), self.weights.none)], axis=1)
        logits -= logits.max(axis=1, keepdims=True)
        raised = np.exp(logits)
        shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
        return shares


def _coding(shortlist: Shortlist, row: NDArray[np.float64]) -> Coding:
    entries = [CodeProbability(candidate.code, float(p), candidate) for candidate, p in zip(shortlist.candidates, row[:-1], strict=False)]
    entries.sort(key=lambda entry: (-round(entry.probability, 6), entry.code))
    return Coding(shortlist.query, tuple(entries), float(row[-1]))
