"""Trains the encoder: every step ranks a list with one title for every concept, in one language, against a batch of titles.

A piece's row is its own vector plus the mean of its n-grams' vectors; export folds both into one table.
"""

import json
import os
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from crosswalk.errors import ModelError
from crosswalk.jobs.training.batches import Batch, Batches, Recipe
from crosswalk.jobs.training.initial import association_vectors
from crosswalk.jobs.training.pieces import Bags, noisy_readings, piece_ngrams, train_tokenizer
from crosswalk.jobs.training.titles import FOLDS, Title, read_titles
from crosswalk.jobs.training.vectors import PieceVectors

Talk = Callable[[str], None]
"""Says one line of progress."""


def train_encoder(data: Path, out: Path, recipe_file: Path, say: Talk, *, folds: bool = False) -> None:
    """Train the encoder of a recipe from a folder of label files laid out as docs/how-to-train-the-encoder.md says.

    With ``folds`` also the leave-country-out models, into ``fold0`` to ``fold3`` below ``out``: fold n has not seen the national
    tables of ``FOLDS[n]``. Raises ModelError for a recipe or a folder that cannot be used.
    """
    recipe = read_recipe(recipe_file)
    if not (data / "esco").is_dir():
        raise ModelError("there are no ESCO labels here", where=str(data), hint="see docs/how-to-train-the-encoder.md for the files needed")
    say("reading titles and training the tokenizer")
    prepared = Prepared.of(data, recipe)
    every_country = frozenset[str]().union(*FOLDS)
    base = train(prepared, *read_titles(data, every_country), recipe, "base", say)
    for number, countries in enumerate(FOLDS if folds else ()):
        say(f"fold {number}: without {', '.join(sorted(countries))}")
        vectors = train(prepared, *read_titles(data, countries), recipe, "tables", say, base)
        save(out / f"fold{number}", prepared.tokenizer, vectors.export(), {"held_out": sorted(countries), "recipe": recipe})
    vectors = train(prepared, *read_titles(data, frozenset()), recipe, "tables", say, base)
    save(out, prepared.tokenizer, vectors.export(), {"held_out": [], "recipe": recipe})


def read_recipe(path: Path) -> Recipe:
    """The hyper-parameters and the seed. Raises ModelError when the file is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"the recipe cannot be read ({error})", where=str(path), hint="see indexes/isco-08/recipe.toml") from None


def ranking_loss(encoded: torch.Tensor, batch: Batch, recipe: Recipe) -> tuple[float, torch.Tensor]:
    """Loss and its gradient by `encoded` (titles, then targets; no autograd: one exponential matrix, changed in place).

    Softmax over the targets (and, lighter, over the titles); several right ones count together, neutral ones not at all.
    """
    sharpness, count = 1.0 / recipe["temperature"], len(batch.titles)
    short = _product_type()
    titles, targets = (encoded[:count] * sharpness).to(short), encoded[count:].to(short)
    scores = torch.mm(titles, targets.T).float().sub_(sharpness).exp_()
    near, (row, column), weight = torch.from_numpy(batch.neutral), torch.from_numpy(batch.right), torch.from_numpy(batch.weight)
    scores[near[0], near[1]] = 0.0
    right = scores[row, column] * torch.from_numpy(batch.right_weight) + 1e-20
    hit = torch.zeros(count).index_add_(0, row, right)
    met = torch.zeros(len(targets)).index_add_(0, column, right * weight[row])
    crowd, everyone = scores.sum(1) + 1e-20, scores.sum(0) + 1e-20
    by_row, by_column = weight / weight.sum(), recipe["symmetric"] * (met > 0) / (met > 0).sum()
    wanted = hit > 0
    loss = (by_row * torch.log(crowd / hit))[wanted].sum() + (by_column * torch.log(everyone / met))[met > 0].sum()
    pull = right * (by_row[row] / hit[row] + weight[row] * by_column[column] / met[column].clamp_min(1e-20))
    scores.mul_((by_row / crowd)[:, None] + by_column / everyone)
    scores.index_put_((row, column), -pull, accumulate=True)
    slope = scores.to(short)
    return loss.item(), torch.cat([torch.mm(slope, targets).float() * sharpness, torch.mm(slope.T, titles).float()])


@cache
def _product_type() -> torch.dtype:
    """16 bits where the processor multiplies them quickly; without such instructions they take five times as long as 32."""
    return torch.bfloat16 if "AVX512" in torch.backends.cpu.get_cpu_capability() else torch.float32


@dataclass(frozen=True)
class Prepared:
    """A tokenizer and the readings of every text (text-major), shared by the folds; no national table forms the tokenizer."""

    tokenizer: Tokenizer
    number: dict[str, int]  # of a text
    readings: Bags
    per_text: int

    @classmethod
    def of(cls, data: Path, recipe: Recipe) -> "Prepared":
        """Train the tokenizer on what is no national table, and read every text with it."""
        settings, noise = recipe["tokenizer"], recipe["noise"]
        public, _ = read_titles(data, frozenset().union(*FOLDS))
        tokenizer = train_tokenizer(
            sorted({t.text for t in public}), settings["words"], settings["parts"], settings["longest_part"], settings["marked"]
        )
        texts = sorted({title.text for title in read_titles(data, frozenset())[0]})
        readings = noisy_readings(tokenizer, texts, noise["readings"], tuple(noise["thin"]), noise["typos"], recipe["seed"])
        return cls(tokenizer, {text: i for i, text in enumerate(texts)}, readings, noise["readings"])

    def numbers(self, titles: list[Title]) -> np.ndarray:
        """The numbers of the titles' texts."""
        return np.array([self.number[title.text] for title in titles])

    def clean(self, texts: np.ndarray) -> Bags:
        """The first, undisturbed reading of the numbered texts."""
        ids, lengths = self.readings.take(texts * self.per_text)
        return Bags(ids, np.concatenate([[0], np.cumsum(lengths)]))


def begin(prepared: Prepared, titles: list[Title], batches: Batches, recipe: Recipe) -> PieceVectors:
    """Vectors to start from, made of these titles' associations with concepts."""
    grams, dimensions, seed = recipe["ngrams"], recipe["training"]["dimensions"], recipe["seed"]
    ngrams, ngram_count = piece_ngrams(prepared.tokenizer, grams["shortest"], grams["longest"], grams["seldom"])
    vectors = PieceVectors(prepared.tokenizer.get_vocab_size(), ngrams, ngram_count, dimensions, seed)
    first = association_vectors(prepared.clean(prepared.numbers(titles)), ngrams, ngram_count, batches.concepts(), dimensions, seed)
    vectors.begin(*first, recipe["training"]["first_guess"])
    return vectors


def train(
    prepared: Prepared,
    titles: list[Title],
    unit_groups: dict[str, str],
    recipe: Recipe,
    stage: str,
    say: Talk,
    vectors: PieceVectors | None = None,
) -> PieceVectors:
    """One stage of the training ("base": no national table; "tables": with them), from `vectors` where given (left as they are)."""
    settings = recipe["training"] | recipe[stage]
    torch.set_num_threads(os.cpu_count() or 1)
    batches, texts = Batches(titles, unit_groups, recipe), prepared.numbers(titles)
    vectors = vectors.copy() if vectors else begin(prepared, titles, batches, recipe)
    fall = settings["falls_over"]
    rng, started, losses = np.random.default_rng(recipe["seed"] + 1), time.monotonic(), []
    for step in range(settings["steps"]):
        batch = batches.draw()
        both = texts[np.concatenate([batch.titles, batch.targets])]
        ids, lengths = prepared.readings.take(both * prepared.per_text + rng.integers(prepared.per_text, size=len(both)))
        kept = torch.from_numpy((rng.random(len(ids)) >= recipe["noise"]["drop"]).astype(np.float32))
        encoded, opened = vectors.bags(ids, lengths, kept)
        loss, gradient = ranking_loss(encoded.detach(), batch, settings)
        encoded.backward(gradient)  # type: ignore[no-untyped-call]
        vectors.step(opened, settings["rate"] * min(1.0, (step + 1) / 30) * max(settings["last_rate"], 1 - step / fall))
        losses.append(loss)
        if (step + 1) % 50 == 0:
            say(f"{stage}: step {step + 1} of {settings['steps']}, loss {np.mean(losses[-50:]):.3f}, {time.monotonic() - started:.0f} s")
    return vectors


def save(folder: Path, tokenizer: Tokenizer, rows: np.ndarray, training: dict[str, Any]) -> None:
    """A sentence-transformers StaticEmbedding directory: int8 rows with a float scale each (its model2vec layout)."""
    folder.mkdir(parents=True, exist_ok=True)
    scale = np.maximum(np.abs(rows).max(axis=1), 1e-12) / 127
    stored = np.rint(rows / scale[:, None]).astype(np.int8)
    save_file({"embeddings": stored, "weights": scale.astype(np.float32)}, folder / "model.safetensors")
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    module = "sentence_transformers.models"
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": f"{module}.StaticEmbedding"},
        {"idx": 1, "name": "1", "path": "1_Normalize", "type": f"{module}.Normalize"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules, indent=2), encoding="utf-8")
    (folder / "1_Normalize").mkdir(exist_ok=True)
    (folder / "training.json").write_text(json.dumps(training, indent=2), encoding="utf-8")
