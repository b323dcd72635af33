"""Evidence as numbers: what the classifier weighs for every code, and for "none of these"."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosswalk.search.evidence import KINDS, Evidence

CODE_FEATURES = ("head", "head_group", *KINDS, "semantic_lead")
"""Of a code: logarithm of its share by the head, and of its minor group's; best score by each search; how near its title is to the best."""

NONE_FEATURES = ("start", "best_semantic", "best_lexical", "best_head", "spread_head", "agreement")
"""Of a text as a whole: whether it looks like anything known. Their weighted sum is the number of "none of these"."""

_LEAST = -12.0


class Features(NamedTuple):
    """``codes`` (n, c, code features) and ``none`` (n, none features), float32."""

    codes: NDArray[np.float32]
    none: NDArray[np.float32]


def features(evidence: Evidence, head: NDArray[np.float32] | None, groups: NDArray[np.int64]) -> Features:
    """Features of n texts and the book's c codes.

    ``head`` are the head's logarithms of shares (n, c), None where there is no head; ``groups`` (c,) numbers each code's minor group.
    """
    scores = evidence.scores
    count, codes, kinds = scores.shape
    by_code = np.zeros((count, codes, len(CODE_FEATURES)), dtype=np.float32)
    shares = np.full((count, codes), _LEAST, dtype=np.float32) if head is None else np.maximum(head, _LEAST)
    weight = np.exp(shares)
    member = _membership(groups.astype(np.int64).tobytes())
    by_code[:, :, 0] = shares
    by_code[:, :, 1] = np.log(np.maximum(weight @ member, np.exp(_LEAST)))[:, groups]
    by_code[:, :, 2 : 2 + kinds] = scores
    semantic = scores[:, :, KINDS.index("semantic")]
    best = semantic.max(axis=1, keepdims=True)
    by_code[:, :, 2 + kinds] = np.where(semantic > 0, np.exp(-10 * (best - semantic)), 0.0)
    nearest, likeliest = evidence.fused.argmax(axis=1), shares.argmax(axis=1)
    none = np.stack([
        np.ones(count), best[:, 0], scores[:, :, KINDS.index("lexical")].max(axis=1), shares.max(axis=1),
        -(weight * shares).sum(axis=1), (nearest == likeliest) & (evidence.fused.max(axis=1) > 0),
    ], axis=1)  # fmt: skip
    return Features(by_code, none.astype(np.float32))


@lru_cache(maxsize=4)
def _membership(groups: bytes) -> NDArray[np.float32]:
    """Shape (codes, groups), 1 where a code belongs to a group; kept, since a look-up would take a tenth of its time to make it."""
    numbers = np.frombuffer(groups, dtype=np.int64)
    return np.equal.outer(numbers, np.arange(numbers.max(initial=0) + 1)).astype(np.float32)
