"""Trains the classifier's head: texts are read once, clean and with noise, and learned from as often as heads are wanted of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from crosswalk.coding.head import bucket_count, field_grams
from crosswalk.jobs.training.pieces import Bags, with_typo
from crosswalk.jobs.training.vectors import Table
from crosswalk.search.encoder import Encoder
from crosswalk.text import normalise


@dataclass(frozen=True)
class Lessons:
    """The numbers of each text's right codes, and how often each text is drawn; a text without a right code never."""

    right: Bags
    weight: NDArray[np.float32]

    @classmethod
    def of(cls, rights: Sequence[Sequence[str]], weight: NDArray[np.float32], codes: Sequence[str]) -> "Lessons":
        """Lessons from the codes that are right for each text, as far as ``codes`` has them."""
        number = {code: place for place, code in enumerate(codes)}
        known = [sorted(number[code] for code in right if code in number) for right in rights]
        return cls(Bags.of(known), np.where([bool(right) for right in known], weight, 0.0).astype(np.float32))


@dataclass(frozen=True)
class HeadSettings:
    """Hyper-parameters of a head."""

    bits: int = 18
    pair_bits: int = 0
    width: int = 64
    hidden: int = 512
    epochs: float = 5.0
    batch: int = 2048
    rate: float = 0.002
    rows_rate: float = 0.01
    decay: float = 0.01
    gram_drop: float = 0.25
    vector_drop: float = 0.2
    hidden_drop: float = 0.2
    noisy: int = 2  # readings of each text with typos, lost words and another order, beside the clean one
    seed: int = 8


@dataclass(frozen=True)
class Reading:
    """Every text once as its n-grams and its vector, clean or with noise in it."""

    grams: Bags
    vectors: NDArray[np.float16]


def read(fields: Sequence[Sequence[str]], encoder: Encoder, settings: HeadSettings) -> list[Reading]:
    """The texts clean and, ``settings.noisy`` times, as somebody in a hurry writes them."""
    rng = np.random.default_rng(settings.seed)
    return [_read(fields, encoder, settings, rng if noise else None) for noise in range(1 + settings.noisy)]


def train_head(
    readings: Sequence[Reading],
    lessons: Lessons,
    codes: int,
    settings: HeadSettings,
    say: Callable[[str], None],
    start: Mapping[str, NDArray[np.float32]] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Weights under the names ``coding.head`` reads, trained from ``start`` where given.

    Equal readings, lessons and settings give equal weights on one machine.
    """
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    net = _Net(codes, readings[0].vectors.shape[1], settings, start)
    optimiser = torch.optim.AdamW(net.parameters(), lr=settings.rate, weight_decay=settings.decay)
    steps = max(1, int(settings.epochs * np.count_nonzero(lessons.weight) / settings.batch))
    drawn, losses = np.cumsum(lessons.weight.astype(np.float64)), []
    for step in range(steps):
        which = np.searchsorted(drawn, rng.random(settings.batch) * drawn[-1], side="right")
        slope = min(1.0, (step + 1) / 50) * max(0.02, 1 - step / steps)
        optimiser.param_groups[0]["lr"] = settings.rate * slope
        optimiser.zero_grad()
        losses.append(net.step(_mixed(readings, which, rng), *lessons.right.take(which), settings.rows_rate * slope))
        optimiser.step()
        if (step + 1) % max(50, steps // 5) == 0:
            say(f"head: step {step + 1:,} of {steps:,}, loss {np.mean(losses[-50:]):.3f}")
    return net.export()


def random_layers(codes: int, dimensions: int, settings: HeadSettings) -> dict[str, NDArray[np.float32]]:
    """What a head begins with where there is nothing to begin from."""
    torch.manual_seed(settings.seed)
    return _Net(codes, dimensions, settings, None).export()


def _read(fields: Sequence[Sequence[str]], encoder: Encoder, settings: HeadSettings, rng: np.random.Generator | None) -> Reading:
    noisy = [[noised(text, rng) for text in texts] for texts in fields] if rng else fields
    ids, starts = [], [np.zeros(1, dtype=np.int64)]
    for begin in range(0, len(noisy[0]), 50_000):
        found = field_grams([texts[begin : begin + 50_000] for texts in noisy], settings.bits, settings.pair_bits)
        ids.append(found.ids.astype(np.int32))
        starts.append(found.starts[1:] + starts[-1][-1])
    joined = noisy[0] if len(noisy) == 1 else [" ".join(part for part in parts if part) for parts in zip(*noisy, strict=True)]
    return Reading(Bags(np.concatenate(ids), np.concatenate(starts)), encoder.encode(joined).astype(np.float16))


def noised(text: str, rng: np.random.Generator) -> str:
    """The text as somebody in a hurry writes it: a typo, a word lost, the order turned, or as it is."""
    words = text.split()
    if len(words) >= 3 and rng.random() < 0.3:
        words.pop(int(rng.integers(len(words))))
    if len(words) >= 2 and rng.random() < 0.15:
        cut = int(rng.integers(1, len(words)))
        words = words[cut:] + words[:cut]
    text = " ".join(words)
    return normalise(with_typo(text, rng)) if rng.random() < 0.4 else text


Drawn = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float16]]
"""N-grams of texts end to end, how many each has, and the texts' vectors."""


def _mixed(readings: Sequence[Reading], which: NDArray[np.int64], rng: np.random.Generator) -> Drawn:
    """Each chosen text in one of its readings."""
    reading = rng.integers(len(readings), size=len(which))
    order = np.argsort(reading, kind="stable")
    parts = [(one, which[reading == number]) for number, one in enumerate(readings)]
    taken = [one.grams.take(texts) for one, texts in parts]
    lengths = np.concatenate([lengths for _, lengths in taken])
    together = Bags(np.concatenate([ids for ids, _ in taken]), np.concatenate([[0], np.cumsum(lengths)]))
    back = np.argsort(order, kind="stable")
    vectors = np.concatenate([one.vectors[texts] for one, texts in parts])
    return *together.take(back), vectors[back]


class _Net:
    """The bag of n-grams and the two layers over it."""

    def __init__(self, codes: int, dimensions: int, settings: HeadSettings, start: Mapping[str, NDArray[np.float32]] | None) -> None:
        self.settings = settings
        buckets = bucket_count(settings.bits, settings.pair_bits)
        self.rows = Table(buckets, settings.width, 0.1, torch.Generator().manual_seed(settings.seed))
        self.hidden = torch.nn.Linear(settings.width + dimensions, settings.hidden)
        self.output = torch.nn.Linear(settings.hidden, codes)
        if start:
            self.rows.weight = torch.from_numpy(start["grams"].copy())
            for name, tensor in self._layers().items():
                tensor.data = torch.from_numpy(start[name].copy())

    def _layers(self) -> dict[str, torch.Tensor]:
        hidden, output = self.hidden, self.output
        return {"hidden": hidden.weight, "hidden_bias": hidden.bias, "output": output.weight, "output_bias": output.bias}

    def parameters(self) -> list[torch.Tensor]:
        """The layers' weights; the rows of n-grams move on their own."""
        return list(self._layers().values())

    def step(self, drawn: Drawn, right: NDArray[np.int64], rights: NDArray[np.int64], rate: float) -> float:
        """Gradients for a batch; moves the rows of n-grams. The loss is minus the logarithm of what a text's right codes have together."""
        ids, lengths, vectors = drawn
        touched, places = np.unique(ids, return_inverse=True)
        numbers = torch.from_numpy(touched)
        rows = self.rows.open(numbers)
        shares = self._log_shares(rows, places, lengths, vectors)
        row = torch.from_numpy(np.repeat(np.arange(len(lengths)), rights))
        together = torch.zeros(len(lengths)).index_add(0, row, shares[row, torch.from_numpy(right)].exp())
        loss = -(together + 1e-9).log().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        if rows.grad is not None:
            self.rows.step(numbers, rows.grad, rate)
        return float(loss.item())

    def _log_shares(
        self, rows: torch.Tensor, places: NDArray[np.int64], lengths: NDArray[np.int64], vectors: NDArray[np.float16]
    ) -> torch.Tensor:
        settings = self.settings
        scale = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths).astype(np.float32) / (1 - settings.gram_drop)
        kept = (torch.rand(len(places)) >= settings.gram_drop).float() * torch.from_numpy(scale)
        starts = torch.from_numpy(np.cumsum(lengths) - lengths)
        bag = functional.embedding_bag(torch.from_numpy(places), rows, starts, mode="sum", per_sample_weights=kept)
        near = functional.dropout(torch.from_numpy(vectors).float(), settings.vector_drop)
        hidden = functional.dropout(torch.relu(self.hidden(torch.cat([bag, near], 1))), settings.hidden_drop)
        return functional.log_softmax(self.output(hidden), dim=1)

    def export(self) -> dict[str, NDArray[np.float32]]:
        """All weights as numpy arrays."""
        return {"grams": self.rows.weight.numpy(), **{name: tensor.detach().numpy() for name, tensor in self._layers().items()}}
