"""Texts as bags of pieces: the rows of their pieces, kept in 8 bits with a scale each, added up."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_ROWS_AT_ONCE = 4096
"""Rows made wide at once: some 1 MB, which stays in a core's cache until it is added up."""


def summed(rows: NDArray[np.int8], scales: NDArray[np.float32], ids: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Shape (n, d): of each of n texts the sum of its scaled rows, zeros where it has none.

    ``rows`` (all, d) and ``scales`` (all,) are what there is; ``ids[starts[i]:starts[i + 1]]`` are the rows of text i.
    """
    out = np.zeros((len(starts) - 1, rows.shape[1]), dtype=np.float32)
    begin = 0
    while begin < len(out):
        end = max(begin + 1, int(np.searchsorted(starts, starts[begin] + _ROWS_AT_ONCE, side="right")) - 1)
        first, last = starts[begin], starts[end]
        wide = rows.take(ids[first:last], axis=0).astype(np.float32)
        wide *= scales[ids[first:last], None]
        for text, (a, b) in enumerate(pairwise((starts[begin : end + 1] - first).tolist()), start=begin):
            if a < b:
                np.add.reduce(wide[a:b], axis=0, out=out[text])
        begin = end
    return out
