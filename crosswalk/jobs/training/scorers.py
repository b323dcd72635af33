"""Scorers made in memory, of books and heads that no index folder holds."""

from collections.abc import Iterable

from crosswalk.coding.classifier import Classifier, Weights
from crosswalk.coding.features import CODE_FEATURES, NONE_FEATURES
from crosswalk.coding.head import Head
from crosswalk.coding.scorer import Scorer
from crosswalk.model import Classification, IndexTitle
from crosswalk.search.book import Book
from crosswalk.search.encoder import Encoder
from crosswalk.search.lexical import LexicalIndex
from crosswalk.search.retriever import FusionWeights, Retriever
from crosswalk.search.semantic import SemanticIndex

UNWEIGHED = Weights(dict.fromkeys(CODE_FEATURES, 0.0), dict.fromkeys(NONE_FEATURES, 0.0))
"""For a scorer of which only the features are wanted."""


def scorer_of(
    classification: Classification,
    titles: Iterable[IndexTitle],
    encoder: Encoder,
    head: Head | None,
    fusion: FusionWeights,
    weights: Weights = UNWEIGHED,
) -> Scorer:
    """A scorer over a book of these titles."""
    book = Book.of(titles)
    normalised = book.normalised()
    retriever = Retriever(book, LexicalIndex.build(normalised), SemanticIndex.build(encoder.encode(normalised)), encoder, fusion)
    return Scorer(retriever, classification, Classifier(weights), head)
