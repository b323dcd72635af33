"""Encoding, search over 300,000 ESCO labels, typos: python benchmarks/search.py [--data DIR]

Every speed stands beside its limit or a peer measured in the same run.
"""

import argparse
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from crosswalk.files.readers import read_table
from crosswalk.model import IndexTitle, Query
from crosswalk.places import shipped
from crosswalk.search.book import Book
from crosswalk.search.encoder import StaticEncoder, open_encoder
from crosswalk.search.lexical import LexicalIndex
from crosswalk.search.retriever import FusionWeights, Retriever
from crosswalk.search.semantic import SemanticIndex
from crosswalk.text import fold, normalise

INDEX = shipped("indexes", "isco-08")


def esco_titles(data: Path) -> list[IndexTitle]:
    """All labels of ESCO 1.0.8 in its languages."""
    titles = []
    for path in sorted((data / "esco" / "v1.0.8").glob("occupations_*.csv.gz")):
        table = read_table(path)
        code, preferred, others = (table.columns.index(name) for name in ("iscoGroup", "preferredLabel", "altLabels"))
        for row in table.rows:
            labels = [row[preferred], *row[others].split("\n")]
            titles += [IndexTitle(label, row[code], path.name[12:14], "ESCO") for label in labels if label]
    return titles


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """Median wall seconds."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return float(np.median(taken))


def with_typo(text: str, chance: random.Random) -> str:
    """One random edit: a letter left out, doubled, changed or swapped with the next."""
    if len(text) < 3:
        return text
    place = chance.randrange(len(text) - 1)
    letter = chance.choice("abcdefghijklmnopqrstuvwxyz")
    return chance.choice(
        [
            text[:place] + text[place + 1 :],
            text[:place] + text[place] + text[place:],
            text[:place] + letter + text[place + 1 :],
            text[:place] + text[place + 1] + text[place] + text[place + 2 :],
        ]
    )


def inverted(text: str) -> str:
    """ "bus driver" as "driver, bus"."""
    words = text.split()
    return f"{words[-1]}, {' '.join(words[:-1])}" if 1 < len(words) < 5 else text


def encoding(titles: Sequence[str]) -> None:
    """Titles a second, from strings to vectors, beside tokenising alone."""
    encoder = open_encoder(INDEX / "encoder")
    assert isinstance(encoder, StaticEncoder)
    distinct = sorted({normalise(title) for title in titles})[:200_000]
    whole = seconds(lambda: encoder.encode(distinct))
    tokens = seconds(lambda: encoder.pieces.tokenizer().encode_batch_fast(distinct, add_special_tokens=False))
    with_normal_form = seconds(lambda: encoder.encode([normalise(title) for title in titles[:200_000]]), 1)
    size = sum(path.stat().st_size for path in (INDEX / "encoder").rglob("*") if path.is_file()) / 2**20
    print(f"| encoding {len(distinct):,} distinct titles | {len(distinct) / whole:,.0f} titles/s | >= 50,000; tokenising alone "
          f"{len(distinct) / tokens:,.0f}, ratio {whole / tokens:.2f} |")  # fmt: skip
    print(f"| the same with normalisation | {200_000 / with_normal_form:,.0f} titles/s | |")
    print(f"| encoder folder | {size:.1f} MB | <= 40 MB |", flush=True)


def searching(titles: list[IndexTitle]) -> Retriever:
    """Search over all labels: build, recall against exact search, 10,000 titles."""
    begun = time.perf_counter()
    book = Book.of(titles)
    normalised = book.normalised()
    encoder = open_encoder(INDEX / "encoder")
    vectors = encoder.encode(normalised)
    semantic = SemanticIndex.build(vectors)
    retriever = Retriever(book, LexicalIndex.build(normalised), semantic, encoder, FusionWeights.load(INDEX))
    print(f"| building the index of {len(book):,} titles | {time.perf_counter() - begun:.1f} s | |")
    asked = random.Random(8).sample(normalised, 10_000)
    queries = encoder.encode([with_typo(text, random.Random(place)) for place, text in enumerate(asked)])
    found = semantic.search(queries[:1000], 10)
    exact = -np.sort(-(queries[:1000] @ vectors.T), axis=1)[:, :10]
    recall = np.count_nonzero(found.scores >= exact[found.rows, 9] - 1e-3) / (10 * len(exact))
    print(f"| recall@10 against exact search (by score) | {recall:.3f} | >= 0.98 |")
    print(f"| semantic search of 10,000 titles | {seconds(lambda: semantic.search(encoder.encode(asked), 40), 1):.1f} s | < 10 s |")
    shortlists = seconds(lambda: retriever.shortlists([Query(text) for text in asked]), 1)
    print(f"| fused shortlists of 10,000 titles | {shortlists:.1f} s | |", flush=True)
    return retriever


def national_titles(data: Path) -> list[tuple[str, set[str]]]:
    """Titles of the national tables, none of them taken from the book, with their ISCO-08 codes."""
    found = []
    for path in sorted((data / "national" / "esco_tables").glob("*.csv.gz")):
        table = read_table(path)
        title, codes = table.columns.index("title"), table.columns.index("isco08_any")
        found += [(row[title], set(row[codes].split("|"))) for row in table.rows if row[codes] and 8 <= len(row[title]) <= 60]
    return found


def robustness(retriever: Retriever, titles: list[tuple[str, set[str]]]) -> None:
    """Share of national titles with a right code among the first six, and what is left of it when they are written otherwise."""
    chance = random.Random(9)
    sample = chance.sample(titles, 4000)
    forms: dict[str, Callable[[str], str]] = {
        "as they are": lambda text: text,
        "one random edit": lambda text: with_typo(text, chance),
        "upper case": str.upper,
        "without accents": fold,
        "inverted": inverted,
        "with (m/f)": lambda text: f"{text} (m/f)",
    }
    clean = 0.0
    for name, form in forms.items():
        shortlists = retriever.shortlists([Query(form(text)) for text, _ in sample])
        hits = np.mean([any(c.code in codes for c in found.candidates[:6]) for (_, codes), found in zip(sample, shortlists, strict=True)])
        clean = clean or float(hits)
        print(f"| first-six rate, {name} | {hits:.3f} ({hits / clean:.1%} of clean) | typos >= 90 %, the others ~100 % |", flush=True)


def main() -> None:
    """Print one row a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    data = parser.parse_args().data
    titles = esco_titles(data)
    print("| what | figure | target |\n|---|---|---|")
    encoding([title.text for title in titles])
    robustness(searching(titles), national_titles(data))


if __name__ == "__main__":
    main()
