"""The classifier's head: from a text's n-grams and its vector to a share for every code. Applied with numpy, trained by ``jobs.training``.

A bag of hashed n-grams (each a short vector) and the encoder's vector are laid side by side, go through one hidden
layer and end in a softmax over the codes. Further text fields (tasks, industry ...) have n-grams of their own. Heads of schemes that
begin anew read pairs of neighbouring words too.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosswalk.errors import ModelError
from crosswalk.search.bags import summed
from crosswalk.search.ngrams import BITS, Grams, grams, word_pairs

FILE = "head.safetensors"
FACTS = "head.json"

_BLOCK = 2048
_LAYERS = ("hidden", "hidden_bias", "output", "output_bias")
_FIELD = 0x9E3779B1  # sets the n-grams of one field apart from those of another


@dataclass(frozen=True)
class HeadFacts:
    """What the head was made for: its codes in order, its text fields (the first is the title) and its n-gram buckets, 2**bits.

    After them come 2**pair_bits buckets of pairs of words; none where ``pair_bits`` is 0.
    """

    codes: tuple[str, ...]
    fields: tuple[str, ...] = ("title",)
    bits: int = 18
    pair_bits: int = 0

    @property
    def rows(self) -> int:
        """All buckets: n-grams, then pairs of words."""
        return bucket_count(self.bits, self.pair_bits)


class Head:
    """Weights of a trained head. Safe to share between threads."""

    def __init__(self, facts: HeadFacts, tensors: dict[str, NDArray[np.generic]]) -> None:
        self.facts = facts
        self._rows: NDArray[np.int8] = tensors["grams"].astype(np.int8, copy=False)
        self._scales = tensors["gram_scales"].astype(np.float32)
        self._layers: dict[str, NDArray[np.float32]] = {
            name: tensors[name].astype(np.float32) for name in ("hidden", "hidden_bias", "output", "output_bias")
        }

    @classmethod
    def load(cls, folder: Path) -> "Head | None":
        """The head of an index folder (whose manifest has been verified); None when it has none. Raises ModelError when it is not whole."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        if not (folder / FACTS).exists():
            return None
        try:
            raw = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            facts = HeadFacts(tuple(raw["codes"]), tuple(raw["fields"]), int(raw["bits"]), int(raw.get("pair_bits", 0)))
            head = cls(facts, load_file(folder / FILE))
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise ModelError(f"{FILE} cannot be used ({error!r})", where=str(folder), hint="build the index again") from None
        if head._rows.shape[0] != facts.rows or len(head._layers["output_bias"]) != len(facts.codes):
            raise ModelError(f"{FILE} does not belong to {FACTS}", where=str(folder), hint="build the index again")
        return head

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """All weights in 32 bits, as a training begins from them."""
        return {"grams": self._rows * self._scales[:, None], **self._layers}

    def log_shares(self, fields: Sequence[Sequence[str]], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logarithms of the codes' shares, shape (texts, codes), of texts in normal form, given field by field, and their vectors."""
        out = np.empty((len(vectors), len(self.facts.codes)), dtype=np.float32)
        for begin in range(0, len(vectors), _BLOCK):
            part = slice(begin, begin + _BLOCK)
            bag = self._bag(field_grams([texts[part] for texts in fields], self.facts.bits, self.facts.pair_bits))
            inputs = np.concatenate([bag, vectors[part]], axis=1)
            hidden = np.maximum(inputs @ self._layers["hidden"].T + self._layers["hidden_bias"], 0.0)
            logits = hidden @ self._layers["output"].T + self._layers["output_bias"]
            logits -= logits.max(axis=1, keepdims=True)
            out[part] = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return out

    def _bag(self, found: Grams) -> NDArray[np.float32]:
        """Sum of the n-grams' vectors over the root of their number, shape (texts, d)."""
        lengths = np.maximum(np.diff(found.starts), 1)
        bag: NDArray[np.float32] = (summed(self._rows, self._scales, found.ids, found.starts) / np.sqrt(lengths)[:, None]).astype(
            np.float32
        )
        return bag


def bucket_count(bits: int, pair_bits: int) -> int:
    """How many buckets n-grams and pairs of words have together."""
    return (1 << bits) + (1 << pair_bits if pair_bits else 0)


def field_grams(fields: Sequence[Sequence[str]], bits: int, pair_bits: int = 0) -> Grams:
    """Buckets of texts in normal form, given field by field: of n-grams, then of pairs of words where ``pair_bits`` has any.

    What one field has never meets that of another on purpose.
    """
    parts = []
    for place, texts in enumerate(fields):
        parts.append(_buckets(grams(texts), place, bits, 0))
        if pair_bits:
            parts.append(_buckets(word_pairs(texts), place, pair_bits, 1 << bits))
    return _joined(parts)


def _buckets(found: Grams, place: int, bits: int, first: int) -> Grams:
    """The 2**bits buckets from ``first`` on into which the features of the field at ``place`` fall."""
    mixed = (found.ids * _FIELD * (2 * place + 1) + place) & ((1 << BITS) - 1) if place else found.ids
    return Grams((mixed >> (BITS - bits)) + first, found.starts)


def _joined(parts: Sequence[Grams]) -> Grams:
    """The features of every text, those of all parts one after the other."""
    if len(parts) == 1:
        return parts[0]
    lengths = np.stack([np.diff(part.starts) for part in parts])
    rows = np.concatenate([np.repeat(np.arange(lengths.shape[1]), row) for row in lengths])
    order = np.argsort(rows, kind="stable")
    starts = np.concatenate([[0], np.cumsum(lengths.sum(axis=0))])
    return Grams(np.concatenate([part.ids for part in parts])[order], starts)


def stored(tensors: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.generic]]:
    """Trained weights as they are kept: the n-grams' rows as int8 with a scale each, the layers in 16 bits."""
    rows = tensors["grams"]
    scales = np.maximum(np.abs(rows).max(axis=1), 1e-7) / 127
    grams = {"grams": np.rint(rows / scales[:, None]).astype(np.int8), "gram_scales": scales.astype(np.float16)}
    return grams | {name: tensors[name].astype(np.float16) for name in _LAYERS}


def save_head(folder: Path, facts: HeadFacts, tensors: Mapping[str, NDArray[np.float32]]) -> None:
    """Write trained weights into a folder."""
    from safetensors.numpy import save_file

    save_file(stored(tensors), folder / FILE)
    facts_json = {"codes": list(facts.codes), "fields": list(facts.fields), "bits": facts.bits, "pair_bits": facts.pair_bits}
    (folder / FACTS).write_text(json.dumps(facts_json) + "\n", encoding="utf-8")
