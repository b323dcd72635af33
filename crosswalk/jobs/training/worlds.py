"""Worlds in which countries, or codes, are unknown: what the shipped classifier's weights are fitted on and its quality is measured in.

A world has an encoder and a head that saw no table of its countries. Its head is kept twice: trained on all unit groups, and
trained without 15 % of them.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crosswalk.coding.head import Head, HeadFacts, save_head
from crosswalk.coding.scorer import Scorer
from crosswalk.errors import ModelError
from crosswalk.files.readers import read_table
from crosswalk.jobs.training.combiner import Sample, right_of
from crosswalk.jobs.training.examples import isco_examples
from crosswalk.jobs.training.head import HeadSettings, Lessons, read, train_head
from crosswalk.jobs.training.scorers import scorer_of
from crosswalk.jobs.training.titles import uk_index
from crosswalk.model import Classification, IndexTitle, Query
from crosswalk.search.encoder import Encoder, open_encoder
from crosswalk.search.retriever import FusionWeights

TAKEN_OUT = 0.15
_FACTS = "world.json"

Isco = tuple[Classification, Sequence[IndexTitle]]
"""The classification and its book."""

Asked = list[tuple[str, frozenset[str]]]
"""Titles with their right ISCO-08 codes."""


@dataclass(frozen=True)
class World:
    """A trained world: the countries it has not seen, its encoder, its two heads, and the codes the second has not seen."""

    held_out: frozenset[str]
    encoder: Encoder
    whole: Head
    less: Head
    gone: frozenset[str]


def train_world(
    data: Path, encoder_folder: Path, out: Path, held_out: frozenset[str], isco: Isco,
    settings: HeadSettings, say: Callable[[str], None],
) -> None:  # fmt: skip
    """Train a world's heads into ``out``. Raises ModelError when the encoder has seen a country that is held out."""
    training = json.loads((encoder_folder / "training.json").read_text(encoding="utf-8"))
    if not held_out <= set(training["held_out"]):
        raise ModelError("this encoder has seen the countries it is tested on", where=str(encoder_folder), hint="train it with --folds")
    encoder = open_encoder(encoder_folder)
    codes = sorted(item.code for item in isco[0].unit_groups)
    random = np.random.default_rng([settings.seed, *sorted(held_out)[0].encode()])
    gone = sorted(str(code) for code in random.choice(codes, int(TAKEN_OUT * len(codes)), replace=False))
    say(f"head without {', '.join(sorted(held_out))}: reading titles")
    examples = isco_examples(data, held_out, isco[1])
    readings = read([examples.texts], encoder, settings)
    for name, known in (("whole", codes), ("less", [code for code in codes if code not in gone])):
        (out / name).mkdir(parents=True, exist_ok=True)
        lessons = Lessons.of(examples.rights, examples.weight, known)
        save_head(out / name, HeadFacts(tuple(known), bits=settings.bits), train_head(readings, lessons, len(known), settings, say))
    facts = {"held_out": sorted(held_out), "gone": gone}
    (out / _FACTS).write_text(json.dumps(facts) + "\n", encoding="utf-8")


def open_world(folder: Path, encoder_folder: Path) -> World:
    """Open a trained world. Raises ModelError when it is not whole."""
    facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    whole, less = Head.load(folder / "whole"), Head.load(folder / "less")
    if whole is None or less is None:
        raise ModelError("a head is missing in this world", where=str(folder), hint="train it again with 'crosswalk train classifier'")
    return World(frozenset(facts["held_out"]), open_encoder(encoder_folder), whole, less, frozenset(facts["gone"]))


def samples_of(world: World, asked: Asked, isco: Isco, fusion: FusionWeights) -> tuple[Sample, Sample]:
    """Features of titles in a world: with all codes, and with the world's missing codes taken out of book and head."""
    whole = _sample(scorer_of(isco[0], isco[1], world.encoder, world.whole, fusion), asked)
    left = [title for title in isco[1] if title.code not in world.gone]
    return whole, _sample(scorer_of(isco[0], left, world.encoder, world.less, fusion), asked)


def _sample(scorer: Scorer, asked: Asked) -> Sample:
    found, _, _ = scorer.features([Query(text) for text, _ in asked])
    return Sample(found, right_of([codes for _, codes in asked], scorer.retriever.book.code_names))


def country_sets(data: Path, countries: Iterable[str], most: int, seed: int = 8) -> dict[str, Asked]:
    """For every national table of the countries up to ``most`` titles, drawn at random, with their ISCO-08 codes by any relation."""
    random = np.random.default_rng(seed)
    found: dict[str, Asked] = {}
    for country in sorted(countries):
        if country == "gbr":
            rows = [(text, frozenset(codes.split("|"))) for text, codes in uk_index(data)]
            found["gbr_en"] = [rows[place] for place in random.permutation(len(rows))[:most]]
        for path in sorted((data / "national" / "esco_tables").glob(f"{country}_*.csv.gz")):
            table = read_table(path)
            title, codes = table.columns.index("title"), table.columns.index("isco08_any")
            rows = [(row[title], frozenset(row[codes].split("|"))) for row in table.rows if row[title] and row[codes]]
            found[path.name[:6]] = [rows[place] for place in random.permutation(len(rows))[:most]]
    return found
