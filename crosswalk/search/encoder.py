"""Titles to vectors: the shipped static model with tokenizers and numpy alone, or any sentence-transformers model."""

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crosswalk.errors import ModelError
from crosswalk.search.bags import summed
from crosswalk.search.pieces import Pieces

_BATCH = 512
_LONGEST_TEXT = 2000
_MARKS = 4
"""Pieces that models put around a text, at most; a text has no more pieces than bytes besides."""
_STATIC = "sentence_transformers.models.StaticEmbedding"


class Encoder(Protocol):
    """What the searches ask of a model."""

    name: str
    dimensions: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors, shape (texts, dimensions), of length one; all zeros for a text without a known piece."""
        ...


def open_encoder(name_or_path: str | Path) -> Encoder:
    """Open a static model's folder without torch, anything else through sentence-transformers (extra ``transformers``).

    Raises ModelError when there is no such model or it cannot be used.
    """
    folder = Path(name_or_path)
    if folder.is_dir() and _is_static(folder):
        return StaticEncoder.load(folder)
    return TransformerEncoder(str(name_or_path))


def _is_static(folder: Path) -> bool:
    """Whether the folder's first module is a StaticEmbedding lying at its root."""
    try:
        first = json.loads((folder / "modules.json").read_text(encoding="utf-8"))[0]
        return bool(first["type"].endswith(".StaticEmbedding") and first["path"] == "")
    except (OSError, ValueError, LookupError, TypeError):
        return False


class StaticEncoder:
    """Mean of the pieces' rows, length one. Safe to share between threads: after loading nothing changes but which words are remembered."""

    def __init__(self, name: str, pieces: Pieces, rows: NDArray[np.int8], scales: NDArray[np.float32]) -> None:
        self.name = name
        self.pieces = pieces
        self._rows = rows
        self._scales = scales
        self.dimensions = int(rows.shape[1])

    @classmethod
    def load(cls, folder: Path) -> "StaticEncoder":
        """Open a folder in sentence-transformers' StaticEmbedding layout with int8 rows and a scale a row."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            tensors = load_file(folder / "model.safetensors")
            rows, scales = tensors["embeddings"], tensors["weights"]
            pieces = Pieces((folder / "tokenizer.json").read_bytes(), str(folder))
        except (OSError, KeyError, ValueError, SafetensorError) as error:
            raise ModelError(f"the encoder cannot be read ({error!r})", where=str(folder), hint="install crosswalk again") from None
        return cls(folder.name, pieces, rows, scales.astype(np.float32))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors, shape (texts, dimensions), in the order of the texts; see ``Encoder``."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for begin in range(0, len(texts), _BATCH):
            pieces = self.pieces.of([text[:_LONGEST_TEXT] for text in texts[begin : begin + _BATCH]])
            starts = np.zeros(len(pieces) + 1, dtype=np.int64)
            np.cumsum(list(map(len, pieces)), out=starts[1:])
            ids = np.fromiter(chain.from_iterable(pieces), dtype=np.int64, count=int(starts[-1]))
            vectors[begin : begin + _BATCH] = unit_length(summed(self._rows, self._scales, ids, starts))
        return vectors


class TransformerEncoder:
    """Any sentence-transformers model, by name or folder; no code from the model is ever run."""

    def __init__(self, name: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError:
            raise ModelError(
                f"the encoder {name!r} needs more packages", hint="pip install 'isco-crosswalk[transformers]', or leave out --encoder"
            ) from None
        try:
            self._model = SentenceTransformer(name, trust_remote_code=False, local_files_only=True, device="cpu")
        except (OSError, ValueError, ImportError) as error:
            raise ModelError(f"the encoder {name!r} cannot be opened ({error})", hint="name a model's folder on this machine") from None
        self.name = name
        self.dimensions = int(self._model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors, shape (texts, dimensions), in the order of the texts; see ``Encoder``."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        parts = [list(self._parts(text[:_LONGEST_TEXT])) for text in texts]
        found = self._model.encode(list(chain.from_iterable(parts)), batch_size=64, show_progress_bar=False, convert_to_numpy=True)
        starts = np.cumsum([0, *map(len, parts[:-1])])
        vectors: NDArray[np.float32] = np.add.reduceat(unit_length(np.asarray(found, dtype=np.float32)), starts, axis=0)
        vectors[[not text.strip() for text in texts]] = 0.0
        return unit_length(vectors)

    def _parts(self, text: str) -> Iterator[str]:
        """The text, in halves of halves where it is too long for the model, which would drop its end in silence."""
        if self._fits(text):
            yield text
            return
        middle = text.rfind(" ", 1, len(text) // 2 + 1)
        cut = middle if middle > 0 else len(text) // 2
        yield from self._parts(text[:cut])
        yield from self._parts(text[cut:].lstrip())

    def _fits(self, text: str) -> bool:
        longest = getattr(self._model, "max_seq_length", None)
        if not longest or len(text.encode("utf-8", "replace")) + _MARKS <= longest:
            return True
        return len(text) <= 1 or len(self._model.tokenizer(text, verbose=False)["input_ids"]) <= longest


def unit_length(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length one; rows of zeros and rows with a value that is not a number become zeros."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    good = np.isfinite(norms) & (norms > 1e-9)
    unit: NDArray[np.float32] = np.where(good, vectors / np.where(good, norms, 1.0), 0.0).astype(np.float32)
    return unit
