"""Occupation titles with the ESCO concepts and ISCO-08 groups they stand for: everything the encoder learns from.

A concept is the last part of an ESCO URI: an occupation's UUID, or "C2211" for an ISCO-08 group.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from crosswalk.files.readers import read_table
from crosswalk.text import normalise

FOLDS: tuple[frozenset[str], ...] = (
    frozenset({"aut", "swe", "fra", "lva"}),
    frozenset({"bel", "bgr", "hrv", "nor"}),
    frozenset({"cze", "esp", "nld", "rou"}),
    frozenset({"est", "gbr", "ita", "ltu", "svn"}),
)
NEWEST_LAST = ("v1.0.8", "v1.1.1", "v1.2.0", "v1.2.1")
MATCH_WEIGHTS = {"exactMatch": 1.0, "narrowMatch": 1.0, "closeMatch": 0.5, "broadMatch": 0.25}
OTHER_COLUMNS = {"en_ilo": "en", "es_ilo_corrtab": "es", "fr_citp": "fr", "id_kbji2014": "id"}


@dataclass(frozen=True, slots=True)
class Title:
    """One title; `concepts` are (concept, weight), the heaviest meant first; `source` names the file it came from."""

    text: str
    language: str
    concepts: tuple[tuple[str, float], ...]
    source: str  # esco | group | table | class


def _rows(path: Path) -> Iterator[dict[str, str]]:
    table = read_table(path)
    return (dict(zip(table.columns, row, strict=True)) for row in table.rows)


def esco_titles(data: Path) -> tuple[list[Title], dict[str, str]]:
    """Labels of all ESCO versions and languages, and the ISCO-08 unit group of every occupation (newest version wins)."""
    titles: dict[tuple[str, str, str], Title] = {}
    unit_groups: dict[str, str] = {}
    for version in NEWEST_LAST:
        for path in sorted((data / "esco" / version).glob("occupations_*.csv.gz")):
            language = path.name[12:14]
            for row in _rows(path):
                concept = row["conceptUri"].rsplit("/", 1)[1]
                unit_groups[concept] = row["iscoGroup"].lstrip("C")
                for label in (row["preferredLabel"], *row["altLabels"].split("\n")):
                    if label.strip():
                        titles.setdefault((label.strip(), language, concept), Title(label.strip(), language, ((concept, 1.0),), "esco"))
    return list(titles.values()), unit_groups


def group_titles(data: Path) -> list[Title]:
    """Titles of the 619 ISCO-08 groups in the ESCO languages and the ILO's."""
    titles = set()
    for row in _rows(data / "isco-08" / "titles_multilang.csv"):
        for column, text in row.items():
            language = OTHER_COLUMNS.get(column) or (column[5:] if column.startswith("esco_") else None)
            if language and text.strip():
                titles.add(Title(text.strip(), language, (("C" + row["code"], 1.0),), "group"))
    return sorted(titles, key=lambda title: (title.concepts, title.language, title.text))


def table_titles(data: Path, held_out: frozenset[str]) -> list[Title]:
    """Titles of the national tables of all countries but those held out, with the concepts of every relation."""
    titles = []
    for path in sorted((data / "national" / "esco_tables").glob("*.csv.gz")):
        country, language = path.name[:3], path.name[4:6]
        if country in held_out:
            continue
        for row in _rows(path):
            matches = {uri.rsplit("/", 1)[1]: MATCH_WEIGHTS[relation] for uri, relation in json.loads(row["esco_matches"]).items()}
            concepts = tuple(sorted(matches.items(), key=lambda match: (-match[1], match[0])))
            if concepts and row["title"].strip():
                titles.append(Title(row["title"].strip(), language, concepts, "table"))
    return titles


def uk_index(data: Path) -> Iterator[tuple[str, str]]:
    """Titles of the British coding index with their qualifiers, and their ISCO-08 codes."""
    for row in _rows(data / "national/uk_soc2020/soc2020volume2thecodingindexexcel16042025.xlsx"):
        isco = row["ISCO-08 code based on SOC2020"]
        if isco.isdigit():
            yield " ".join(row[part] for part in ("ADD", "INDEXOCC_-_natural_word_order", "IND") if row[part]), isco.zfill(4)


def class_titles(data: Path, held_out: frozenset[str]) -> list[Title]:
    """Titles known only by their ISCO-08 unit groups: ILO index, United Kingdom, Canada, Indonesia, France's ROME."""
    national = data / "national"
    found: list[tuple[str, str, str]] = [(row["title"], "en", row["isco08"]) for row in _rows(data / "isco-08" / "index_en.csv")]
    if "gbr" not in held_out:
        found += [(text, "en", code) for text, code in uk_index(data)]
    files = [("canada_noc2021/titles_en", "en"), ("canada_noc2021/titles_fr", "fr"), ("indonesia_kbji2014/titles", "id")]
    if "fra" not in held_out:
        files.append(("france_rome/appellations", "fr"))
    for name, language in files:
        found += [(row["title"], language, row["isco08"]) for row in _rows(national / f"{name}.csv.gz")]
    titles = []
    for text, language, codes in found:
        unit_groups = [code for code in codes.split("|") if len(code) == 4]
        if text.strip() and unit_groups and len(unit_groups) <= 3:
            titles.append(Title(text.strip(), language, tuple(("C" + code, 1.0) for code in unit_groups), "class"))
    return titles


def read_titles(data: Path, held_out: frozenset[str]) -> tuple[list[Title], dict[str, str]]:
    """All titles to learn from with `held_out` countries' own tables left out; and occupation -> unit group."""
    esco, unit_groups = esco_titles(data)
    titles = esco + group_titles(data) + table_titles(data, held_out) + class_titles(data, held_out)
    return list(dict.fromkeys(replace(title, text=text) for title in titles if (text := normalise(title.text)))), unit_groups
