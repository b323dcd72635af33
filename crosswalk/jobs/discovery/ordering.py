"""The order of candidates: those most like an occupation that the classification lacks come first, so that an expert reads fewer."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from crosswalk.coding.autocoder import Autocoder
from crosswalk.jobs.batch import Progress
from crosswalk.jobs.discovery.findings import NewOccupation
from crosswalk.model import Query

_KNOWN, _TITLES, _APART, _NONE, _SURE = 3.8, 1.2, 4.3, 13.2, 6.7
"""Weights of a logistic regression on the development world of benchmarks/discover.py, where none of the tested occupations is."""

_GROWTH = 1.0
"""Set by hand: these data have no dates."""

_CHUNK = 1024


def in_order(found: Sequence[NewOccupation], coder: Autocoder, progress: Progress) -> list[NewOccupation]:
    """The candidates with their scores, the most promising first.

    What counts: words that the book knows, many titles, more alike among themselves than to the book, and what the classifier says of their
    titles: that it is some kind of work (one code is likely) and that none of the groups may fit.
    """
    none, sure = _said(found, coder, progress)
    scored = [
        replace(one, score=round(_base(one) + _NONE * p_none + _SURE * best, 6))
        for one, p_none, best in zip(found, none.tolist(), sure.tolist(), strict=True)
    ]
    return sorted(scored, key=lambda candidate: (-candidate.score, candidate.name))


def _base(one: NewOccupation) -> float:
    apart = one.cohesion - one.similarity
    return float(_KNOWN * one.known + _TITLES * np.log(one.title_count) + _APART * apart + _GROWTH * np.log(one.growth or 1.0))


def _said(found: Sequence[NewOccupation], coder: Autocoder, progress: Progress) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each candidate the mean over its titles of p_none, and of the best code's probability; shape (n,) both."""
    owners = np.repeat(np.arange(len(found)), [len(one.titles) for one in found])
    titles = [title for one in found for title in one.titles]
    values = np.zeros((len(titles), 2))
    for begin in range(0, len(titles), _CHUNK):
        codings = coder.code([Query(title) for title in titles[begin : begin + _CHUNK]], 6)
        said = [(coding.p_none, coding.best.probability if coding.codes else 0.0) for coding in codings]
        values[begin : begin + len(said)] = said
        progress(begin + len(said), len(titles))
    counts = np.maximum(np.bincount(owners, minlength=len(found)), 1)
    none, sure = (np.bincount(owners, weights=column, minlength=len(found)) / counts for column in values.T)
    return none, sure
