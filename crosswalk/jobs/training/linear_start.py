"""A head to begin from where there is none: a linear classifier of the n-grams, written as a head.

A new head that begins at random reads long texts worse than a linear classifier does (``benchmarks/classifiers.py msha``): so
it begins as one, and learns from there what a linear one cannot say.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.svm import LinearSVC
from sklearn.utils.extmath import randomized_svd

from crosswalk.jobs.training.head import HeadSettings
from crosswalk.jobs.training.pieces import Bags

_MOST = 4e9  # n-grams of all texts times codes: beyond, the linear classifier takes longer than the head
_CELLS = 6e7  # codes times n-gram buckets: half a gigabyte of weights; so many codes would not fit the n-grams' width well either
_SOFT = 2.5  # margins times this are logits
_PAIRS = 2.5  # a pair of words weighs as so many n-grams, of which a text has many more; chosen among 1, 2.5 and 4 on accident narratives


def linear_start(
    grams: Bags, first: NDArray[np.int64], there: NDArray[np.bool_], layers: dict[str, NDArray[np.float32]], settings: HeadSettings
) -> dict[str, NDArray[np.float32]]:
    """``layers`` (a head's random weights) with a linear classifier in them; unchanged where that would take too long.

    ``first`` is each text's first right code, ``there`` says which texts are learned from. In rank at most the n-grams' width.
    """
    buckets, width = layers["grams"].shape
    codes, wanted = np.unique(first[there], return_inverse=True)
    ids, lengths = grams.take(np.flatnonzero(there))
    if len(codes) < 3 or len(codes) * buckets > _CELLS or len(ids) * float(len(codes)) > _MOST or 4 * width > len(layers["hidden"]):
        return layers
    known = sparse.csr_matrix(
        (np.ones(len(ids), dtype=np.float32), ids, np.concatenate([[0], np.cumsum(lengths)])), shape=(len(lengths), buckets)
    )
    rarity = np.log(len(lengths) / np.maximum(np.bincount(ids, minlength=buckets), 1)).astype(np.float32) + 1
    rarity[1 << settings.bits :] *= _PAIRS
    weighed = known @ sparse.diags(rarity)
    norms = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1))).ravel()
    model = LinearSVC(C=0.5, random_state=settings.seed).fit(sparse.diags(1 / np.maximum(norms, 1e-9)) @ weighed, wanted)
    left, strength, right = randomized_svd(model.coef_.astype(np.float32), min(width, len(codes)), random_state=settings.seed)
    typical = float(np.mean(norms / np.sqrt(np.maximum(lengths, 1))))
    return _written(layers, right.T * rarity[:, None] * (strength / typical), left, model.intercept_, codes)


def _written(
    layers: dict[str, NDArray[np.float32]], rows: NDArray[np.float32], mixing: NDArray[np.float32], bias: NDArray[np.float64],
    codes: NDArray[np.int64],
) -> dict[str, NDArray[np.float32]]:  # fmt: skip
    """The layers with ``rows`` (n-grams, rank) as n-grams and ``mixing`` (codes, rank) behind pairs of units: one for each sign."""
    rank = rows.shape[1]
    found = {name: tensor.copy() for name, tensor in layers.items()}
    found["grams"] *= 0.01
    found["grams"][:, :rank] = rows
    found["hidden"][: 2 * rank] = 0.0
    found["hidden_bias"][: 2 * rank] = 0.0
    found["output"][:, : 2 * rank] = 0.0
    for sign, units in ((1.0, slice(0, rank)), (-1.0, slice(rank, 2 * rank))):
        found["hidden"][units, :rank] = sign * np.eye(rank)
        found["output"][codes, units] = sign * _SOFT * mixing
    found["output_bias"][:] = -2 * _SOFT
    found["output_bias"][codes] = _SOFT * bias
    return found
