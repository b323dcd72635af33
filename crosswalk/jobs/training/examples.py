"""Titles with the ISCO-08 unit groups that are right for them: what the shipped head learns from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosswalk.jobs.indexing import read_facts
from crosswalk.jobs.training.phrases import phrases
from crosswalk.jobs.training.titles import Title, read_titles
from crosswalk.model import IndexTitle
from crosswalk.places import shipped
from crosswalk.text import normalise

SOURCES = {"esco": 1.0, "group": 5.0, "table": 5.0, "class": 1.0, "book": 5.0, "written": 4.0, "phrase": 0.5}
"""How often a text of each source is drawn."""

_MOST_CODES = 20
"""Codes of a text that still says something: the titles of minor groups have fewer."""


@dataclass(frozen=True)
class Examples:
    """Texts in normal form, each once; the codes that are right for each; how often each is drawn."""

    texts: tuple[str, ...]
    rights: tuple[tuple[str, ...], ...]
    weight: NDArray[np.float32]


def isco_examples(data: Path, held_out: frozenset[str], book: Sequence[IndexTitle]) -> Examples:
    """Everything known of ISCO-08 but the tables of the countries held out; equal texts are one, right with all their codes."""
    titles, unit_groups = read_titles(data, held_out)
    coded = [*_coded(titles, unit_groups), *((normalise(title.text), {title.code}, "book") for title in book)]
    published = {text for text, _, _ in coded}
    coded += (entry for entry in _beside(data) if entry[0] not in published)
    rights: dict[str, set[str]] = {}
    weights: dict[str, float] = {}
    for text, found, source in coded:
        known = found - {""}
        if text and known:
            rights.setdefault(text, set()).update(known)
            weights[text] = max(SOURCES[source], weights.get(text, 0.0))
    texts = sorted(text for text, right in rights.items() if len(right) <= _MOST_CODES)
    weight = np.array([weights[text] for text in texts], dtype=np.float32)
    return Examples(tuple(texts), tuple(tuple(sorted(rights[text])) for text in texts), weight)


def written_titles(language: str = "*") -> list[tuple[str, str]]:
    """Codes and job titles written for this project, of one language or all: words of working life that a translated dictionary lacks."""
    files = sorted(shipped("data", "job-titles").glob(f"{language}.tsv"))
    return [(code, title) for path in files for code, title in read_facts(path)]


def _beside(data: Path) -> Iterator[tuple[str, set[str], str]]:
    """What is no published title: where a published one has the same words, its codes are the better ones."""
    yield from ((normalise(title), {code}, "written") for code, title in written_titles())
    yield from ((phrase, codes, "phrase") for phrase, codes in phrases(data))


def _coded(titles: Sequence[Title], unit_groups: Mapping[str, str]) -> list[tuple[str, set[str], str]]:
    """Titles with the unit groups of their concepts; a coarser group stands for all its unit groups."""
    every = sorted(set(unit_groups.values()))
    below = {code[:n]: [unit for unit in every if unit.startswith(code[:n])] for code in every for n in range(1, 5)}
    coded = []
    for title in titles:
        best = max(weight for _, weight in title.concepts)
        meant = [concept for concept, weight in title.concepts if weight == best]
        units = [below.get(concept[1:], []) if _is_group(concept) else [unit_groups.get(concept, "")] for concept in meant]
        found = {code for codes in units for code in codes}
        coded.append((title.text, found, title.source))
    return coded


def _is_group(concept: str) -> bool:
    return concept.startswith("C") and concept[1:].isdigit()
