"""The Autocoder: the one path from texts to codings, whoever asks."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosswalk import manifest, places
from crosswalk.coding.classifier import Classifier
from crosswalk.coding.explanation import Explanation, explain
from crosswalk.coding.head import Head
from crosswalk.coding.rules import Rules, after_model, before_model
from crosswalk.coding.scorer import Scorer
from crosswalk.errors import IndexFolderError
from crosswalk.model import Classification, Coding, Query
from crosswalk.search.book import Book
from crosswalk.search.encoder import open_encoder
from crosswalk.search.groups import load_classification
from crosswalk.search.lexical import LexicalIndex
from crosswalk.search.retriever import FusionWeights, Retriever
from crosswalk.search.semantic import SemanticIndex

FORMAT = 4
"""Version of the index folder's layout. A folder of another version is refused."""


class Autocoder:
    """Codes texts to one classification. Open it once, code many."""

    def __init__(self, classification: Classification, retriever: Retriever, scorer: Scorer, fingerprint: str) -> None:
        self.classification = classification
        self.retriever = retriever
        self._scorer = scorer
        self.fingerprint = fingerprint
        """Hash of everything in the folder: equal fingerprints give equal codings."""

    @classmethod
    def open(cls, scheme: str | Path = "isco-08") -> "Autocoder":
        """Open a scheme by name ("isco-08") or by folder. Raises IndexFolderError when it is missing or damaged."""
        folder = find_index(scheme)
        facts = manifest.read(folder)
        if facts.get("format") != FORMAT:
            raise IndexFolderError(
                f"the folder has layout {facts.get('format')}, this crosswalk reads {FORMAT}",
                where=str(folder),
                hint="build it again with 'crosswalk index build'",
            )
        with manifest.verifying(folder, facts) as wait_for_verdict:
            encoder = open_encoder(facts.get("encoder") or folder / "encoder")
            book, head = Book.load(folder), Head.load(folder)
            lexical, fusion = LexicalIndex.load(folder), FusionWeights.load(folder)
            classification, classifier = load_classification(folder), Classifier.load(folder)
            wait_for_verdict()  # faiss does not notice damage
            retriever = Retriever(book, lexical, SemanticIndex.load(folder, len(book)), encoder, fusion)
        fingerprint = manifest.sha256_of(folder / manifest.MANIFEST)[:16]
        return cls(classification, retriever, Scorer(retriever, classification, classifier, head), fingerprint)

    def code(self, queries: Sequence[Query | str], k: int = 10, rules: Rules | None = None, *, scores: bool = True) -> list[Coding]:
        """One coding a query, in the same order, each with its ``k`` likeliest codes; ``rules`` stand before and around the model.

        Without ``scores`` the codes lack what each search said of them, which nobody reads of a million answers.
        """
        asked = [query if isinstance(query, Query) else Query(query) for query in queries]
        codings = [before_model(query, rules) for query in asked]
        open_places = [place for place, coding in enumerate(codings) if coding is None]
        scored = self._scorer.codings([asked[place] for place in open_places], k, scores)
        for place, coding in zip(open_places, scored, strict=True):
            codings[place] = after_model(coding, rules)
        return [coding for coding in codings if coding is not None]

    @property
    def codes(self) -> list[str]:
        """The codes that a text can get, in the order of ``probabilities``."""
        return self.retriever.book.code_names

    def probabilities(self, queries: Sequence[Query | str]) -> NDArray[np.float64]:
        """Shape (texts, codes + 1): what the model alone gives every code and, last, "none of these"; rows sum to one."""
        asked = [query if isinstance(query, Query) else Query(query) for query in queries]
        return np.concatenate([np.empty((0, len(self.codes) + 1)), *(scored.shares for _, scored in self._scorer.scored(asked))])

    def explain(self, coding: Coding, code: str | None = None) -> Explanation:
        """What carried a coding's best code, or ``code``: its titles in the book that are nearest, and what each word adds."""
        return explain(self._scorer, coding, code)


def find_index(scheme: str | Path) -> Path:
    """The folder of a scheme: a path as given, else the user's own index of that name, else the shipped one.

    A folder of the same name that happens to lie in the current one is no index unless it holds a manifest.
    """
    named, name = Path(scheme), str(scheme)
    try:
        if os.sep in name or (os.altsep or os.sep) in name or (named / manifest.MANIFEST).is_file():
            return named
        for folder in (places.user_folder() / "indexes" / name, places.shipped("indexes", name)):
            if (folder / manifest.MANIFEST).is_file():
                return folder
    except (OSError, ValueError) as error:
        raise IndexFolderError(f"no index can be called {name[:60]!r} ({error})", hint=_KNOWN) from None
    raise IndexFolderError(
        f"there is no index called {name[:60]!r}",
        hint=_KNOWN,
    )


_KNOWN = "see 'crosswalk index info', or name a folder made by 'crosswalk index build' or 'crosswalk fit'"
