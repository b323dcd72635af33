"""A first guess of the vectors: singular vectors of how pieces and n-grams go with concepts and groups, in all languages."""

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from crosswalk.jobs.training.pieces import Bags


def _incidence(bags: Bags, columns: int) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(len(bags.ids), dtype=np.float32), bags.ids, bags.starts), shape=(len(bags.starts) - 1, columns))


def association_vectors(
    titles: Bags, ngrams: Bags, ngram_count: int, concepts: sparse.csr_matrix, dimensions: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of pieces and of n-grams, (n, dimensions) float32.

    `titles` are pieces of each title, `concepts` (titles, concepts) weights. The matrix factored is positive pointwise
    mutual information, shrunk where the counts are small.
    """
    pieces = len(ngrams.starts) - 1
    by_piece = _incidence(titles, pieces)
    features = sparse.hstack([by_piece, by_piece @ _incidence(ngrams, ngram_count)], format="csr")
    features.data[:] = 1.0
    together = (features.T @ concepts).tocsr()
    total = float(together.sum())
    by_feature, by_concept = np.asarray(together.sum(1)).ravel(), np.asarray(together.sum(0)).ravel()
    together = together.tocoo()
    expected = by_feature[together.row] * by_concept[together.col] / total
    together.data = np.maximum(np.log(together.data / expected), 0.0) * together.data / (together.data + 1.0)
    left, strength, _ = randomized_svd(together.tocsr(), dimensions, n_iter=3, random_state=seed)
    vectors = (left * np.sqrt(strength)).astype(np.float32)
    vectors /= np.sqrt((vectors**2).mean())
    return vectors[:pieces], vectors[pieces:]
