"""The vectors being trained: of pieces, and of the n-grams they share."""

from copy import copy
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from crosswalk.jobs.training.pieces import Bags


class Table:
    """A table of vectors of which a step touches few rows: Adam whose moments move only for rows touched."""

    def __init__(self, rows: int, dimensions: int, spread: float, generator: torch.Generator) -> None:
        self.weight = torch.randn(rows, dimensions, generator=generator) * spread
        self.first = torch.zeros(rows, dimensions)
        self.second = torch.zeros(rows)  # one number a row: Adam's second moment, averaged over dimensions
        self.touched = torch.zeros(rows)

    def restarted(self) -> "Table":
        """The same vectors without the memory of their steps."""
        other = copy(self)
        other.weight, other.first, other.second, other.touched = (
            self.weight.clone(),
            *map(torch.zeros_like, (self.first, self.second, self.touched)),
        )
        return other

    def open(self, rows: torch.Tensor) -> torch.Tensor:
        """The rows of a step, shape (rows, dimensions), ready to gather gradients."""
        return self.weight[rows].requires_grad_()

    def step(self, rows: torch.Tensor, gradient: torch.Tensor, rate: float, betas: tuple[float, float] = (0.9, 0.99)) -> None:
        """One step of Adam for these rows; ``gradient`` has their shape."""
        touched = self.touched[rows] + 1
        first = self.first[rows].mul_(betas[0]).add_(gradient, alpha=1 - betas[0])
        second = self.second[rows].mul_(betas[1]).add_(gradient.square().mean(1), alpha=1 - betas[1])
        self.touched[rows], self.first[rows], self.second[rows] = touched, first, second
        scale = (second / (1 - betas[1] ** touched)).sqrt_().add_(1e-8)
        self.weight[rows] -= first * (rate / (1 - betas[0] ** touched) / scale)[:, None]


class PieceVectors:
    """Rows of pieces, each its own vector plus the mean of its n-grams'."""

    def __init__(self, pieces: int, ngrams: Bags, ngram_count: int, dimensions: int, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.ngrams = ngrams
        self.own = Table(pieces, dimensions, 0.02, generator)
        self.shared = Table(ngram_count, dimensions, 0.2, generator)

    def begin(self, own: np.ndarray, shared: np.ndarray, scale: tuple[float, float]) -> None:
        """Start from these vectors instead of random ones."""
        self.own.weight = torch.from_numpy(own) * scale[0]
        self.shared.weight = torch.from_numpy(shared) * scale[1]

    def copy(self) -> "PieceVectors":
        """The same vectors, to be trained apart, without the optimiser's memory."""
        other = copy(self)
        other.own, other.shared = self.own.restarted(), self.shared.restarted()
        return other

    def _compose(self, own: torch.Tensor, shared: torch.Tensor, places: torch.Tensor, lengths: np.ndarray) -> torch.Tensor:
        starts = torch.from_numpy(np.cumsum(lengths) - lengths)
        return own + functional.embedding_bag(places, shared, starts, mode="mean")

    def bags(self, ids: np.ndarray, lengths: np.ndarray, kept: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """Vectors (length one) of titles given as pieces laid end to end; and what `step` needs."""
        pieces, places = np.unique(ids, return_inverse=True)
        gram_ids, gram_lengths = self.ngrams.take(pieces)
        grams, gram_places = np.unique(gram_ids, return_inverse=True)
        rows, shared_rows = torch.from_numpy(pieces), torch.from_numpy(grams)
        own, shared = self.own.open(rows), self.shared.open(shared_rows)
        table = self._compose(own, shared, torch.from_numpy(gram_places), gram_lengths)
        starts = torch.from_numpy(np.cumsum(lengths) - lengths)
        sums = functional.embedding_bag(torch.from_numpy(places), table, starts, mode="sum", per_sample_weights=kept)
        return functional.normalize(sums, dim=1), (rows, own, shared_rows, shared)

    def step(self, opened: Any, rate: float) -> None:
        """Move the rows that ``bags`` opened against their gradients."""
        rows, own, shared_rows, shared = opened
        self.own.step(rows, own.grad, rate)
        self.shared.step(shared_rows, shared.grad, rate)

    def export(self) -> np.ndarray:
        """(pieces, dimensions) float32; the unknown piece's row is zero."""
        ids, lengths = self.ngrams.take(np.arange(len(self.own.weight)))
        table = self._compose(self.own.weight, self.shared.weight, torch.from_numpy(ids), lengths).numpy()
        table[0] = 0.0
        return table
