"""The classifier under scikit-learn's conventions, for pipelines, metrics and comparisons: texts in, codes out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from crosswalk.coding.autocoder import find_index
from crosswalk.coding.classifier import WITHOUT_HEAD, Classifier
from crosswalk.coding.head import Head
from crosswalk.jobs.fitting import scorer_for
from crosswalk.jobs.training.office import Ground, train_office
from crosswalk.model import Classification, IndexTitle, Item, Query
from crosswalk.search.encoder import open_encoder
from crosswalk.search.retriever import FusionWeights
from crosswalk.text import normalise


class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of short texts, as ``crosswalk fit`` trains it.

    ``base`` is the index folder or scheme whose encoder and weights it begins with; ``encoder``, ``head`` name folders to begin
    with instead; ``titles`` are index titles known beforehand. X are texts, or rows of several fields named ``fields``; y codes.
    """

    def __init__(
        self,
        base: str = "isco-08",
        encoder: str | None = None,
        head: str | None = None,
        titles: Sequence[IndexTitle] = (),
        fields: Sequence[str] = ("title",),
        seed: int = 8,
    ) -> None:
        self.base = base
        self.encoder = encoder
        self.head = head
        self.titles = titles
        self.fields = fields
        self.seed = seed

    def fit(self, X: Sequence[Any], y: Sequence[str]) -> "TextClassifier":
        """Train on texts and their codes; equal texts count once, with the code given last."""
        queries = self._queries(X)
        keys = [tuple(normalise(text) for text in (query.text, *query.context.values())) for query in queries]
        answers = {key: (query, frozenset([str(code)])) for key, query, code in zip(keys, queries, y, strict=True)}
        folder = find_index(self.base)
        codes = sorted({str(code) for code in y} | {title.code for title in self.titles})
        scheme = Classification("fitted", "", tuple(Item(code, code, 1) for code in codes))
        encoder = open_encoder(Path(self.encoder) if self.encoder else folder / "encoder")
        prior = Classifier.load(folder, "classifier.json" if Head.load(folder) else WITHOUT_HEAD).weights
        start = Head.load(Path(self.head)) if self.head else None
        ground = Ground(scheme, self.titles, encoder, FusionWeights.load(folder), prior, start)
        trained = train_office(list(answers.values()), list(self.fields), ground, self.seed, self._say)
        self._scorer = scorer_for(trained, ground)
        self.classes_ = np.array(self._scorer.retriever.book.code_names)
        self.weights_ = trained.weights
        return self

    def predict_proba(self, X: Sequence[Any]) -> NDArray[np.float64]:
        """Shape (texts, classes): rows sum to one; "none of these" is divided among the classes in proportion."""
        shares = self.shares(X)[:, :-1]
        proportions: NDArray[np.float64] = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
        return proportions

    def predict(self, X: Sequence[Any]) -> NDArray[np.str_]:
        """The likeliest code of each text."""
        likeliest: NDArray[np.str_] = self.classes_[self.shares(X)[:, :-1].argmax(axis=1)]
        return likeliest

    def shares(self, X: Sequence[Any]) -> NDArray[np.float64]:
        """Shape (texts, classes + 1), the last column "none of these"; rows sum to one."""
        check_is_fitted(self, "classes_")
        return np.concatenate([scored.shares for _, scored in self._scorer.scored(self._queries(X))])

    @staticmethod
    def _say(line: str) -> None:
        """Estimators are silent."""
        del line

    def _queries(self, X: Sequence[Any]) -> list[Query]:
        rows = [(row,) if isinstance(row, str) else tuple(row) for row in X]
        return [Query(str(row[0]), context={n: str(v) for n, v in zip(self.fields[1:], row[1:], strict=True)}) for row in rows]
