"""Evidence as numbers: what the classifier sees of a shortlist."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosswalk.model import Shortlist

EVIDENCE = ("exact", "semantic", "lexical", "spelling", "votes")
"""Names of the scores, each 0..1, in the order of the matrix's last axis."""


def evidence_matrix(shortlists: Sequence[Shortlist], k: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Scores, shape (texts, k, evidence), and which of the k places hold a candidate, shape (texts, k)."""
    matrix = np.zeros((len(shortlists), k, len(EVIDENCE)), dtype=np.float32)
    filled = np.zeros((len(shortlists), k), dtype=bool)
    for row, shortlist in enumerate(shortlists):
        for place, candidate in enumerate(shortlist.candidates[:k]):
            matrix[row, place] = [candidate.scores.get(name, 0.0) for name in EVIDENCE]
            filled[row, place] = True
    return matrix, filled
