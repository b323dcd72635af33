"""Fine-tunes a sentence-transformers model: a layer of codes over its vectors is trained with it on coded texts, and then left away.

The shape of the Korean job coding model. Slow: on one core some hundred short texts a second and epoch, against
thousands of the head's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from crosswalk.errors import ModelError, UsageError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_SHARP = 10.0  # vectors of length one are too short to tell hundreds of codes apart
_CHUNK = 50  # batches that are sorted by length together, so that little is padded


@dataclass(frozen=True)
class TuneSettings:
    """Hyper-parameters of a fine-tuning."""

    epochs: int = 2
    batch: int = 32
    rate: float = 2e-4
    layer_rate: float = 2e-3
    decay: float = 0.01
    longest: int = 128  # pieces of a text that are read
    seed: int = 8


@dataclass(frozen=True)
class Tuned:
    """A model and the layer of codes that was trained over it."""

    model: "SentenceTransformer"
    layer: torch.nn.Linear

    def shares(self, texts: Sequence[str], batch: int = 64) -> NDArray[np.float32]:
        """Shape (texts, codes), rows sum to one: what the layer itself makes of texts."""
        vectors = self.model.encode(list(texts), batch_size=batch, show_progress_bar=False, convert_to_tensor=True)
        with torch.no_grad():
            found: NDArray[np.float32] = torch.softmax(self.layer(_SHARP * vectors), dim=1).numpy()
        return found

    def save(self, folder: Path) -> None:
        """The model as any other sentence-transformers folder, its weights as safetensors. The layer is not kept."""
        self.model.save_pretrained(str(folder), create_model_card=False, safe_serialization=True)


def tuned(
    name: str, texts: Sequence[str], codes: NDArray[np.int64], count: int, settings: TuneSettings, say: Callable[[str], None]
) -> Tuned:
    """A model of this machine (folder, or name of one that was loaded before), trained to tell ``count`` codes apart.

    Raises ModelError when there is no such model here, UsageError when it has nothing to train.
    """
    torch.manual_seed(settings.seed)
    model = _opened(name)
    model.max_seq_length = min(settings.longest, model.max_seq_length or settings.longest)
    layer = torch.nn.Linear(int(model.get_embedding_dimension() or 0), count)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    if not weights:
        raise UsageError(f"the encoder {name!r} has nothing to train", hint="name a transformer's folder")
    groups = [{"params": weights, "lr": settings.rate}, {"params": layer.parameters(), "lr": settings.layer_rate}]
    optimiser = torch.optim.AdamW(groups, weight_decay=settings.decay, fused=True)  # ten times as fast as the usual one here
    batches = _batches([len(text) for text in texts], settings)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / (0.1 * len(batches) + 1), 1 - step / len(batches))
    )
    losses: list[float] = []
    model.train()
    for step, rows in enumerate(batches):
        optimiser.zero_grad()
        losses.append(_learn(model, layer, [texts[row] for row in rows], torch.from_numpy(codes[rows])))
        torch.nn.utils.clip_grad_norm_([*weights, *layer.parameters()], 1.0)
        optimiser.step()
        schedule.step()
        if (step + 1) % max(20, len(batches) // 5) == 0:
            say(f"encoder: step {step + 1:,} of {len(batches):,}, loss {np.mean(losses[-50:]):.3f}")
    model.eval()
    return Tuned(model, layer)


def _opened(name: str) -> Any:
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(name, trust_remote_code=False, device="cpu", local_files_only=True)
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(f"the encoder {name!r} cannot be opened ({error})", hint="name a model's folder on this machine") from None


def _batches(lengths: Sequence[int], settings: TuneSettings) -> list[NDArray[np.int64]]:
    """Numbers of texts, batch by batch, for all epochs; texts of a batch are of like length."""
    random = np.random.default_rng(settings.seed)
    found: list[NDArray[np.int64]] = []
    for _ in range(settings.epochs):
        order = random.permutation(len(lengths))
        chunks = [order[begin : begin + _CHUNK * settings.batch] for begin in range(0, len(order), _CHUNK * settings.batch)]
        sized = [chunk[np.argsort(np.array([lengths[row] for row in chunk]), kind="stable")] for chunk in chunks]
        batches = [chunk[begin : begin + settings.batch] for chunk in sized for begin in range(0, len(chunk), settings.batch)]
        found += [batches[place] for place in random.permutation(len(batches))]
    return found


def _learn(model: Any, layer: torch.nn.Linear, texts: list[str], codes: torch.Tensor) -> float:
    """Gradients of a batch; its loss."""
    vectors = model(model.preprocess(texts))["sentence_embedding"]
    loss = torch.nn.functional.cross_entropy(layer(_SHARP * vectors), codes)
    loss.backward()  # type: ignore[no-untyped-call]
    return float(loss.item())
