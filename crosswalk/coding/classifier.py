"""Evidence to probabilities. The only place that makes probabilities.

A conditional logit: every code's evidence is weighed to one number, "none of these" has a number of its own, made of how
well the text is known at all, and the softmax over them sums to one. The weights are learned (``jobs.training``) and kept as readable JSON.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosswalk.coding.features import CODE_FEATURES, NONE_FEATURES, Features
from crosswalk.errors import ModelError

FILE = "classifier.json"

WITHOUT_HEAD = "classifier-without-head.json"
"""The weights an index folder hands on to indexes of other schemes, for which its head knows no codes."""


@dataclass(frozen=True)
class Weights:
    """Weight of each feature of a code, and of each feature of the text that speaks for "none of these"."""

    codes: dict[str, float]
    none: dict[str, float]

    def vectors(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The weights in the order of ``CODE_FEATURES`` and ``NONE_FEATURES``."""
        codes = np.array([self.codes[name] for name in CODE_FEATURES], dtype=np.float32)
        return codes, np.array([self.none[name] for name in NONE_FEATURES], dtype=np.float32)


class Classifier:
    """Weighs evidence; holds no state but its weights."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    @classmethod
    def load(cls, folder: Path, name: str = FILE) -> "Classifier":
        """Read the weights of an index folder. Raises ModelError when they are not whole."""
        try:
            raw = json.loads((folder / name).read_text(encoding="utf-8"))
            weights = Weights(
                {name: float(raw["codes"][name]) for name in CODE_FEATURES}, {name: float(raw["none"][name]) for name in NONE_FEATURES}
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{name} cannot be used ({error!r})", where=str(folder), hint="build the index again") from None
        if not all(np.all(np.isfinite(vector)) for vector in weights.vectors()):
            raise ModelError(f"{name} holds a weight that is not a number", where=str(folder), hint="build the index again")
        return cls(weights)

    def save(self, folder: Path, name: str = FILE) -> None:
        """Write the weights as readable JSON."""
        (folder / name).write_text(json.dumps(asdict(self.weights), indent=1) + "\n", encoding="utf-8")

    def probabilities(self, found: Features) -> NDArray[np.float64]:
        """Shape (texts, codes + 1), the last column "none of these"; rows sum to one."""
        codes, none = self.weights.vectors()
        logits = np.concatenate([found.codes @ codes, (found.none @ none)[:, None]], axis=1).astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        raised = np.exp(logits)
        shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
        return shares
