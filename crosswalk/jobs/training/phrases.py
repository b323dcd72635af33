"""Phrases of the descriptions of occupations with their ISCO-08 unit groups: words that answers about tasks have and titles have not."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from crosswalk.files.readers import read_table
from crosswalk.text import normalise

ESCO = (("v1.2.1", "en"), ("v1.2.0", "de"), ("v1.2.0", "es"))
"""Versions and languages whose files have descriptions."""

_WORDS = 10  # of a phrase, more or less: a title has three, an answer about tasks as many
_MOST_CODES = 3  # of a phrase that says something
_ENDS = re.compile(r"[.;:•\n]+|\(\w\)")


def phrases(data: Path) -> Iterator[tuple[str, set[str]]]:
    """Phrases in normal form, each once, and the unit groups in whose descriptions they stand."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for description, code in _descriptions(data):
        for sentence in _ENDS.split(description):
            words = normalise(sentence).split()
            for part in np.array_split(np.array(words, dtype=object), max(1, round(len(words) / _WORDS))):
                if len(part) > 1:
                    found[" ".join(part)].add(code)
    yield from ((phrase, codes) for phrase, codes in found.items() if len(codes) <= _MOST_CODES)


def _descriptions(data: Path) -> Iterator[tuple[str, str]]:
    """ESCO's of every occupation, and the ILO's of every unit group: definition, tasks, occupations included."""
    for version, language in ESCO:
        table = read_table(data / "esco" / version / f"occupations_{language}.csv.gz")
        text, group = table.columns.index("description"), table.columns.index("iscoGroup")
        yield from ((row[text], row[group].lstrip("C")) for row in table.rows)
    table = read_table(data / "isco-08" / "structure_en.csv")
    code, *texts = (table.columns.index(name) for name in ("code", "definition", "tasks", "included"))
    yield from ((row[text], row[code]) for row in table.rows if len(row[code]) == 4 for text in texts)
