"""Titles that belong together and to nothing in the book: HDBSCAN on the most frequent, the others given to the cluster they are near."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosswalk.errors import UsageError
from crosswalk.jobs.batch import Progress
from crosswalk.search.encoder import Encoder, unit_length

SAMPLE = 12_000
"""Titles that HDBSCAN sees, the most frequent first: its time grows with their square."""

SMALLEST = 3
"""Titles that make a cluster."""

_DIMENSIONS = 40
_BLOCK = 16_384
_NEAR_ENOUGH = 0.6


@dataclass(frozen=True)
class Clusters:
    """``labels[i]``: the cluster of title i, -1 for none. ``closeness[i]``: its similarity 0..1 to the cluster's middle."""

    labels: NDArray[np.int32]
    closeness: NDArray[np.float32]
    cohesion: NDArray[np.float32]

    def members(self) -> list[NDArray[np.int64]]:
        """Positions of the titles of each cluster."""
        order = np.argsort(self.labels, kind="stable")
        bounds = np.searchsorted(self.labels[order], np.arange(len(self.cohesion) + 1))
        return [order[bounds[number] : bounds[number + 1]] for number in range(len(self.cohesion))]


def cluster(forms: Sequence[str], counts: NDArray[np.int64], encoder: Encoder, progress: Progress) -> Clusters:
    """Cluster titles in normal form, each given once. The answer does not depend on their order in the file.

    Raises UsageError when scikit-learn is not installed.
    """
    sample = sampled(forms, counts)
    vectors = encoder.encode([forms[place] for place in sample])
    found = _hdbscan(vectors)
    middles, within, cohesion = _middles(vectors, found)
    labels = np.full(len(forms), -1, dtype=np.int32)
    closeness = np.zeros(len(forms), dtype=np.float32)
    if not len(middles):
        return Clusters(labels, closeness, cohesion)
    for begin in range(0, len(forms), _BLOCK):
        block = encoder.encode(forms[begin : begin + _BLOCK]) @ middles.T
        best = block.argmax(axis=1)
        score = block[np.arange(len(block)), best]
        labels[begin : begin + len(best)] = np.where(score >= within[best], best, -1)
        closeness[begin : begin + len(best)] = np.round(score, 6)
        progress(min(begin + _BLOCK, len(forms)), len(forms))
    labels[sample] = found
    return Clusters(labels, closeness, cohesion)


def sampled(forms: Sequence[str], counts: NDArray[np.int64], size: int = SAMPLE) -> NDArray[np.int64]:
    """Positions of the most frequent titles, ties by a hash of the title, in the order of the titles."""
    if len(forms) <= size:
        return np.arange(len(forms))
    least = np.partition(counts, len(counts) - size)[len(counts) - size]
    surely = np.flatnonzero(counts > least)
    tied = sorted(np.flatnonzero(counts == least).tolist(), key=lambda place: hashlib.sha256(forms[place].encode()).digest())
    return np.sort(np.concatenate([surely, np.array(tied[: size - len(surely)], dtype=np.int64)]))


def _hdbscan(vectors: NDArray[np.float32]) -> NDArray[np.int32]:
    """Labels of the sample, numbered by the first title of each cluster."""
    if len(vectors) < 2 * SMALLEST:
        return np.full(len(vectors), -1, dtype=np.int32)
    try:
        from sklearn.cluster import HDBSCAN
    except ImportError:
        raise UsageError("discover needs one more package", hint="pip install 'isco-crosswalk[discover]'") from None
    model = HDBSCAN(min_cluster_size=SMALLEST, min_samples=1, cluster_selection_method="leaf", algorithm="kd_tree", copy=True)
    raw = model.fit_predict(_reduced(vectors))
    _, first = np.unique(raw, return_index=True)
    renamed = {int(raw[place]): number for number, place in enumerate(sorted(place for place in first if raw[place] >= 0))}
    return np.array([renamed.get(int(label), -1) for label in raw], dtype=np.int32)


def _reduced(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """The vectors' principal components, in which distances are quick to compute; nothing is drawn by chance."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    reduced: NDArray[np.float64] = np.round(centred @ axes[:, ::-1][:, :_DIMENSIONS], 6)
    return reduced


def _middles(
    vectors: NDArray[np.float32], labels: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """For each cluster its middle (length one), the least similarity that makes a title one of it, and its cohesion 0..1."""
    size = int(labels.max(initial=-1)) + 1
    sums = np.zeros((size, vectors.shape[1]), dtype=np.float64)
    np.add.at(sums, labels[labels >= 0], vectors[labels >= 0])
    members = np.maximum(np.bincount(labels[labels >= 0], minlength=size), 1)
    cohesion = np.linalg.norm(sums, axis=1) / members
    middles = unit_length(sums.astype(np.float32))
    inside = labels >= 0
    within = np.full(size, 1.0)
    np.minimum.at(within, labels[inside], (vectors[inside] * middles[labels[inside]]).sum(axis=1))
    return middles, np.maximum(within, _NEAR_ENOUGH).astype(np.float32), np.round(cohesion, 6).astype(np.float32)
