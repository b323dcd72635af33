"""Trains what the shipped index classifies with: head, weights, calibration sample, and the worlds that keep them honest."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from crosswalk.coding.classifier import WITHOUT_HEAD, Classifier, Weights
from crosswalk.coding.head import HeadFacts, save_head
from crosswalk.coding.threshold import FILE as CALIBRATION
from crosswalk.jobs.indexing import ISCO_08, shipped_isco_08
from crosswalk.jobs.training.combiner import Sample, fit_weights
from crosswalk.jobs.training.examples import isco_examples
from crosswalk.jobs.training.head import HeadSettings, Lessons, read, train_head
from crosswalk.jobs.training.titles import FOLDS
from crosswalk.jobs.training.worlds import Isco, country_sets, open_world, samples_of, train_world
from crosswalk.places import shipped
from crosswalk.search.encoder import open_encoder
from crosswalk.search.retriever import FusionWeights

TITLES_A_TABLE = 400
"""Titles of each national table that the weights are fitted on."""


def train_classifier(data: Path, encoders: Path, out: Path, say: Callable[[str], None]) -> None:
    """Everything a shipped index classifies with, into ``out``; ``encoders`` is what ``train_encoder`` wrote, with its folds."""
    isco, fusion = shipped_isco_08(), FusionWeights.load(shipped("indexes", ISCO_08))
    train_worlds(data, encoders, out, isco, HeadSettings(), say)
    say("weights, fitted in worlds that do not know the countries")
    fit_classifier(fold_samples(data, encoders, out, isco, fusion), out)
    train_final(data, encoders, out, isco, HeadSettings(), say)


def train_worlds(data: Path, encoders: Path, out: Path, isco: Isco, settings: HeadSettings, say: Callable[[str], None]) -> None:
    """A world for every fold of countries, into ``out/fold0`` and so on; those that are there are kept."""
    for number, countries in enumerate(FOLDS):
        if not (out / f"fold{number}" / "world.json").exists():
            train_world(data, encoders / f"fold{number}", out / f"fold{number}", countries, isco, settings, say)


def train_final(data: Path, encoders: Path, out: Path, isco: Isco, settings: HeadSettings, say: Callable[[str], None]) -> None:
    """The head that is shipped: trained on everything, with the encoder that is."""
    codes = sorted(item.code for item in isco[0].unit_groups)
    say("the head that is shipped: nothing held out")
    examples = isco_examples(data, frozenset(), isco[1])
    readings = read([examples.texts], open_encoder(encoders), settings)
    weights = train_head(readings, Lessons.of(examples.rights, examples.weight, codes), len(codes), settings, say)
    save_head(out, HeadFacts(tuple(codes), bits=settings.bits), weights)


def fold_samples(data: Path, encoders: Path, worlds: Path, isco: Isco, fusion: FusionWeights) -> list[tuple[Sample, Sample]]:
    """For every fold the features of titles of its countries: with all codes known, and with 15 % of them unknown."""
    samples = []
    for number, countries in enumerate(FOLDS):
        world = open_world(worlds / f"fold{number}", encoders / f"fold{number}")
        asked = [entry for titles in country_sets(data, countries, TITLES_A_TABLE).values() for entry in titles]
        samples.append(samples_of(world, asked, isco, fusion))
    return samples


def fit_classifier(samples: Sequence[tuple[Sample, Sample]], out: Path) -> None:
    """Fit the weights on all folds, and keep what weights fitted on the other folds say of each fold as the calibration sample."""
    everything = [sample for pair in samples for sample in pair]
    Classifier(fit_weights(everything)).save(out)
    Classifier(fit_weights(everything, head=False)).save(out, WITHOUT_HEAD)
    sure, right = zip(*(judged(Classifier(weights), pair[0]) for weights, pair in zip(crossed(samples), samples, strict=True)), strict=True)
    save_file({"sure": np.concatenate(sure).astype(np.float32), "right": np.concatenate(right).astype(np.uint8)}, out / CALIBRATION)


def crossed(samples: Sequence[tuple[Sample, Sample]]) -> list[Weights]:
    """For each fold the weights fitted on the others."""
    return [fit_weights([s for other, pair in enumerate(samples) if other != fold for s in pair]) for fold in range(len(samples))]


def judged(classifier: Classifier, sample: Sample) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Probability of each text's first code, and whether it was right."""
    shares = classifier.probabilities(sample.features)
    first = np.argsort(-np.round(shares[:, :-1], 6), axis=1, kind="stable")[:, 0]
    rows = np.arange(len(first))
    return shares[rows, first], sample.right[rows, first]
