"""Semantic search: titles that mean the same, by inner product of their vectors (faiss)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from crosswalk.errors import IndexFolderError
from crosswalk.search.hits import Hits, best_first, joined, six_digits

if TYPE_CHECKING:
    import faiss

FILE = "semantic.faiss"

_EXACT_UP_TO = 4_000
"""Books of up to this many titles are searched exactly."""

_SEED = 8
_BLOCK = 4096


class SemanticIndex:
    """The book's vectors, searched. Answers do not depend on how many texts are asked at once."""

    def __init__(self, index: "faiss.Index") -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: NDArray[np.float32]) -> "SemanticIndex":
        """Index vectors of length one, shape (titles, dimensions), in the book's order.

        Larger books are cut into cells by k-means, of which a search reads some (recall@10 >= 0.98, benchmarks/search.py);
        vectors are kept in 16 bits.
        """
        import faiss

        count, dimensions = vectors.shape
        if count <= _EXACT_UP_TO:
            index: Any = faiss.IndexFlatIP(dimensions)
        else:
            cells = int(2 ** round(np.log2(2 * np.sqrt(count))))
            index = faiss.index_factory(dimensions, f"IVF{cells},SQfp16", faiss.METRIC_INNER_PRODUCT)
            index.cp.seed = _SEED
            index.cp.niter = 10
            index.nprobe = max(8, cells // 10)
            index.train(vectors)
        index.add(vectors)
        return cls(index)

    @classmethod
    def load(cls, folder: Path, titles: int) -> "SemanticIndex":
        """Open, memory-mapped, the vectors of an index folder (whose manifest has been verified).

        Raises IndexFolderError when they do not belong to a book of ``titles`` titles.
        """
        import faiss

        try:
            index = faiss.read_index(str(folder / FILE), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexFolderError(f"{FILE} cannot be read ({error})", where=str(folder), hint="build the index again") from None
        if index.ntotal != titles:
            raise IndexFolderError(
                f"{FILE} holds {index.ntotal} titles, the book {titles}", where=str(folder), hint="build the index again"
            )
        return cls(index)

    def save(self, folder: Path) -> None:
        """Write the vectors into an index folder."""
        import faiss

        faiss.write_index(self._index, str(folder / FILE))

    def search(self, vectors: NDArray[np.float32], k: int) -> Hits:
        """For each vector at most ``k`` titles with a similarity above 0, best first, ties by position."""
        blocks = range(0, len(vectors), _BLOCK)
        return joined([self._search_block(vectors[begin : begin + _BLOCK], begin, k) for begin in blocks])

    def _search_block(self, vectors: NDArray[np.float32], first: int, k: int) -> Hits:
        scores, titles = self._index.search(np.ascontiguousarray(vectors, dtype=np.float32), min(k, self._index.ntotal))
        rounded = six_digits(np.clip(scores, 0.0, 1.0))
        rows, places = np.nonzero((titles >= 0) & (rounded > 0))
        hits = best_first(rows, titles[rows, places], rounded[rows, places].astype(np.float64), k)
        return hits._replace(rows=hits.rows + first)
