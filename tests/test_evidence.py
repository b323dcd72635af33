"""What the searches found, code by code; features made of it; weights learned from features."""

import numpy as np

from crosswalk.coding.classifier import Classifier, Weights
from crosswalk.coding.features import CODE_FEATURES, NONE_FEATURES, Features, features
from crosswalk.jobs.training.combiner import EXACT, Sample, fit_weights, right_of
from crosswalk.search.evidence import KINDS, gather
from crosswalk.search.hits import Hits, best_first
from tests.promises import promise

CODES = np.array([0, 0, 1, 2], dtype=np.int32)  # of four titles


def hits(*pairs: tuple[int, float], row: int = 0) -> Hits:
    titles, scores = [title for title, _ in pairs], [score for _, score in pairs]
    return best_first(np.full(len(pairs), row), np.array(titles, dtype=np.int64), np.array(scores, dtype=np.float64), 40)


def test_a_code_gets_its_best_title_and_the_best_score_of_each_search() -> None:
    found = gather([hits(), hits((0, 0.4), (1, 0.9), (2, 0.5)), hits((0, 0.8))], (0.1, 1.0, 0.2), CODES, 1, 3)
    assert found.scores[0, 0].tolist()[:3] == [0.0, np.float32(0.9), np.float32(0.8)]
    assert found.matched[0].tolist() == [1, 2, -1]
    assert found.fused[0, 0] == np.float32(0.9)
    np.testing.assert_allclose(found.scores[0, :, KINDS.index("votes")].sum(), 1, rtol=1e-5)


@promise("C6", "of equal titles in the book the first stands, always")
def test_of_equal_titles_the_first_in_the_book_stands() -> None:
    found = gather([hits(), hits((1, 0.7), (0, 0.7)), hits()], (0.1, 1.0, 0.2), CODES, 1, 3)
    assert found.matched[0, 0] == 0


def test_texts_without_hits_have_no_evidence() -> None:
    found = gather([hits(), hits((3, 0.2), row=1), hits()], (0.1, 1.0, 0.2), CODES, 2, 3)
    assert not found.scores[0].any()
    assert found.matched[0].tolist() == [-1, -1, -1]
    assert found.matched[1].tolist() == [-1, -1, 3]
    made = features(found, None, np.array([0, 0, 1]))
    assert np.isfinite(made.codes).all()
    assert np.isfinite(made.none).all()


def test_a_group_has_the_share_of_its_codes() -> None:
    head = np.log(np.array([[0.5, 0.3, 0.2]], dtype=np.float32))
    found = gather([hits(), hits((0, 0.5)), hits()], (0.1, 1.0, 0.2), CODES, 1, 3)
    made = features(found, head, np.array([0, 0, 1]))
    np.testing.assert_allclose(np.exp(made.codes[0, :, CODE_FEATURES.index("head_group")]), [0.8, 0.8, 0.2], rtol=1e-5)


def _world(seed: int, count: int = 600) -> Sample:
    """Texts of whose codes the first feature is high where it is right; every fifth has no right code and low evidence."""
    random = np.random.default_rng(seed)
    codes = random.normal(size=(count, 5, len(CODE_FEATURES))).astype(np.float32)
    none = random.normal(size=(count, len(NONE_FEATURES))).astype(np.float32)
    none[:, 0] = 1.0
    codes[:, :, CODE_FEATURES.index("exact")] = 0.0
    right = np.zeros((count, 6), dtype=bool)
    answers = random.integers(5, size=count)
    missing = np.arange(count) % 5 == 0
    right[np.arange(count), np.where(missing, 5, answers)] = True
    codes[np.flatnonzero(~missing), answers[~missing], 0] += 3.0
    none[missing, 1] -= 3.0
    return Sample(Features(codes, none), right)


def test_weights_learn_what_speaks_for_a_code_and_for_none() -> None:
    weights = fit_weights([_world(1)])
    judged = _world(2)
    shares = Classifier(weights).probabilities(judged.features)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (shares.argmax(axis=1) == judged.right.argmax(axis=1)).mean() > 0.85
    sure = shares.max(axis=1)
    assert abs(sure.mean() - (shares.argmax(axis=1) == judged.right.argmax(axis=1)).mean()) < 0.05
    assert weights.codes["head"] > 0.5
    assert weights.none["best_semantic"] < -0.3


def test_what_a_sample_says_nothing_of_stays_as_it_was() -> None:
    prior = Weights(dict.fromkeys(CODE_FEATURES, 1.0) | {"exact": 12.0}, dict.fromkeys(NONE_FEATURES, 0.0))
    sample = _world(1)
    weights = fit_weights([sample], prior=prior, hold=1e-3)
    assert weights.codes["exact"] == 12.0
    assert fit_weights([sample]).codes["exact"] == EXACT  # the least it may be: no sample has titles that an office imported
    assert fit_weights([sample], head=False).codes["head"] == 0.0


def test_texts_whose_codes_are_unknown_are_none() -> None:
    right = right_of([frozenset({"b"}), frozenset({"x"}), frozenset({"a", "x"})], ["a", "b"])
    assert right.tolist() == [[False, True, False], [False, False, True], [True, False, False]]
