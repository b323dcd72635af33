"""Which unit groups are taken for which others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosswalk.jobs.quality.outcomes import Outcomes

_PAIRS = 20
_TEXTS = 3


@dataclass(frozen=True)
class Confusion:
    """One pair: texts of ``truth`` that were coded to ``coded``; ``share`` is that of all wrong texts, ``texts`` the surest of them."""

    truth: str
    truth_title: str
    coded: str
    coded_title: str
    cases: float
    share: float
    texts: tuple[str, ...]


def confusions(outcomes: Outcomes) -> tuple[Confusion, ...]:
    """The twenty pairs of unit groups with the most cases, the worst first."""
    scheme = outcomes.classification
    codes, truth, predicted = outcomes.codes_at(scheme.depth), outcomes.truth(scheme.depth), outcomes.predicted(scheme.depth)
    wrong = np.flatnonzero((truth != predicted) & (predicted >= 0))
    if not len(wrong):
        return ()
    pairs, which = np.unique(truth[wrong].astype(np.int64) * len(codes) + predicted[wrong], return_inverse=True)
    cases = np.bincount(which, weights=outcomes.weights[wrong])
    found = []
    for pair in np.lexsort((pairs, -cases))[:_PAIRS]:
        true, said = (codes[place] for place in divmod(int(pairs[pair]), len(codes)))
        share = float(cases[pair] / cases.sum())
        texts = _surest(outcomes, wrong[which == pair])
        found.append(Confusion(true, scheme.title(true), said, scheme.title(said), float(cases[pair]), share, texts))
    return tuple(found)


def _surest(outcomes: Outcomes, rows: NDArray[np.int64]) -> tuple[str, ...]:
    """Different texts of the rows, those with the highest probability first."""
    ordered = rows[np.argsort(-outcomes.sure[rows], kind="stable")]
    return tuple(dict.fromkeys(outcomes.texts[row].text for row in ordered.tolist()))[:_TEXTS]
