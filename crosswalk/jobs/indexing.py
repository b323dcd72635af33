"""Builds an index folder: a classification and its book of titles, made ready for search."""

import csv
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from crosswalk import manifest, places
from crosswalk.coding.autocoder import FORMAT
from crosswalk.coding.classifier import FILE as CLASSIFIER_FILE
from crosswalk.coding.classifier import WITHOUT_HEAD
from crosswalk.coding.head import FACTS as HEAD_FACTS
from crosswalk.coding.head import FILE as HEAD_FILE
from crosswalk.coding.head import Head
from crosswalk.coding.threshold import FILE as CALIBRATION
from crosswalk.errors import DataError
from crosswalk.model import Classification, IndexTitle, Item
from crosswalk.search.book import Book
from crosswalk.search.encoder import open_encoder
from crosswalk.search.groups import save_classification
from crosswalk.search.lexical import LexicalIndex
from crosswalk.search.retriever import WEIGHTS_FILE
from crosswalk.search.semantic import SemanticIndex

ISCO_08 = "isco-08"
RECIPE = "recipe.toml"
_ENCODER_PARTS = ("model.safetensors", "tokenizer.json", "modules.json", "training.json")

_TRAINED_ON = [
    "ESCO 1.0.8 to 1.2.1, titles and descriptions (European Commission, CC BY 4.0)",
    "ISCO-08 titles, definitions and index (International Labour Organization)",
    "17 national tables linked to ESCO (CC BY 4.0)",
    "SOC 2020 coding index (Office for National Statistics, Open Government Licence v3)",
    "NOC 2021 titles (Statistics Canada, open licence); ROME (France Travail, Licence Ouverte); KBJI 2014 (BPS Indonesia)",
    "job titles written for this project (data/job-titles)",
]
"""What the shipped encoder and head learned from; every manifest says so."""


def build_index(
    folder: Path,
    classification: Classification,
    titles: Iterable[IndexTitle],
    sources: Sequence[str],
    base: Path,
    encoder: str | None = None,
    install: Callable[[Path], None] | None = None,
    own_encoder: Path | None = None,
) -> int:
    """Write the index folder in one step (an older one is replaced whole); gives the number of titles.

    ``base`` is the index folder whose encoder, fusion weights and classifier are taken over, its head and calibration sample too where
    the codes are the same, unless ``install`` puts others into the new folder; ``encoder`` names another encoder, which must then be
    there whenever the index is opened; ``own_encoder`` is the folder of one that goes into the index. Titles of codes the classification
    lacks are refused with DataError: they could never be right.
    """
    units = {item.code for item in classification.unit_groups}
    book = Book.of(titles)
    _refuse_strange(set(book.code_names) - units, classification)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as name:
        fresh = Path(name) / folder.name
        fresh.mkdir()
        save_classification(fresh, classification)
        book.save(fresh)
        normalised = book.normalised()
        LexicalIndex.build(normalised).save(fresh)
        if encoder is None:
            shutil.copytree(own_encoder or base / "encoder", fresh / "encoder")
        SemanticIndex.build(open_encoder(encoder or fresh / "encoder").encode(normalised)).save(fresh)
        _take_over(base, fresh, same_codes=encoder is None and own_encoder is None and install is None and _knows(base, units))
        if install:
            install(fresh)
        facts = {"format": FORMAT, "scheme": classification.scheme, "version": classification.version, "encoder": encoder}
        manifest.seal(fresh, {**facts, "titles": len(book), "sources": list(sources), "trained_on": _TRAINED_ON})
        _swap(fresh, folder, Path(name) / "old")
    return len(book)


def _refuse_strange(codes: set[str], classification: Classification) -> None:
    if codes:
        raise DataError(
            f"{len(codes)} codes of index titles are no unit groups of {classification.scheme}: {', '.join(sorted(codes)[:10])}",
            hint="check that the titles belong to this version of the classification",
        )


def _knows(base: Path, codes: set[str]) -> bool:
    """Whether the head of ``base`` was trained for exactly these codes."""
    head = Head.load(base)
    return head is not None and set(head.facts.codes) == codes


def _take_over(base: Path, fresh: Path, *, same_codes: bool) -> None:
    """Copy what makes probabilities: with the head where it knows the codes, else the weights fitted without one."""
    for part in (WEIGHTS_FILE, WITHOUT_HEAD, RECIPE):
        shutil.copy(base / part, fresh / part)
    for part in (CLASSIFIER_FILE, HEAD_FILE, HEAD_FACTS, CALIBRATION) if same_codes else ():
        shutil.copy(base / part, fresh / part)
    if not same_codes:
        shutil.copy(base / WITHOUT_HEAD, fresh / CLASSIFIER_FILE)


def _swap(fresh: Path, folder: Path, aside: Path) -> None:
    """Put ``fresh`` where ``folder`` is; the old one leaves by renaming, so readers never see half of either."""
    if folder.exists():
        folder.rename(aside)
    fresh.rename(folder)


def shipped_isco_08() -> tuple[Classification, list[IndexTitle]]:
    """ISCO-08 and the starter book, from the facts shipped in ``data/``."""
    items = tuple(
        Item(code, title, int(level), parent or None)
        for code, level, parent, title in read_facts(places.shipped("data", ISCO_08, "groups.tsv"))
    )
    classification = Classification(ISCO_08, "2008", items)
    units = {item.code for item in classification.unit_groups}
    titles = [IndexTitle(item.title, item.code, "en", "isco-08 group titles") for item in items if item.code in units]
    for code, language, title, source in read_facts(places.shipped("data", ISCO_08, "titles.tsv")):
        if code in units:
            titles.append(IndexTitle(title, code, language, f"isco-08 group titles ({source})"))
    starter = read_facts(places.shipped("data", "index-titles", "isco-08.en.tsv"))
    titles += [IndexTitle(title, code, "en", "starter book") for code, title in starter]
    return classification, titles


def read_facts(path: Path) -> list[list[str]]:
    """Rows of a shipped TSV after its header."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream, delimiter="\t"))[1:]


def build_shipped(trained: Path | None = None, encoder: Path | None = None) -> int:
    """Build the shipped index again from ``data/`` (``make index``); gives the number of titles.

    ``encoder`` and ``trained`` are what ``crosswalk train encoder`` and ``train classifier`` wrote: they take the place of what is there.
    """
    classification, titles = shipped_isco_08()
    folder = places.shipped("indexes", ISCO_08)
    with tempfile.TemporaryDirectory() as name:
        base = Path(shutil.copytree(folder, Path(name) / "base"))
        if encoder:
            shutil.rmtree(base / "encoder")
            for part in _ENCODER_PARTS:
                (base / "encoder" / part).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(encoder / part, base / "encoder" / part)
        for part in (CLASSIFIER_FILE, WITHOUT_HEAD, HEAD_FILE, HEAD_FACTS, CALIBRATION) if trained else ():
            shutil.copy(Path(str(trained)) / part, base / part)
        return build_index(folder, classification, titles, ["shipped with crosswalk: data/SOURCES.toml"], base)


if __name__ == "__main__":
    build_shipped(*(Path(argument) for argument in sys.argv[1:]))
