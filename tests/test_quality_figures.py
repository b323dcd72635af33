"""The figures against scikit-learn and scipy on the same data, and against what must hold of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.errors import DataError
from crosswalk.jobs.quality.accuracy import by_level, top_k
from crosswalk.jobs.quality.by_code import code_figures, major_groups, trend
from crosswalk.jobs.quality.calibration import calibration
from crosswalk.jobs.quality.confusion import confusions
from crosswalk.jobs.quality.drift import LOOK, batch, chi_square_95, drift, stability_index
from crosswalk.jobs.quality.estimates import bootstrapped, wilson
from crosswalk.jobs.quality.label_errors import label_errors, suspects
from crosswalk.jobs.quality.learning_curve import learning_curve
from crosswalk.jobs.quality.measures import quality
from crosswalk.jobs.quality.outcomes import CodedText, Outcomes
from crosswalk.jobs.quality.thresholds import thresholds
from crosswalk.model import Classification, Item
from crosswalk.store.answers import KeptAnswer, KeptCode, packed

metrics = pytest.importorskip("sklearn.metrics")
stats = pytest.importorskip("scipy.stats")

UNITS = [f"{a}{b}{c}" for a in "12" for b in "12" for c in "123"]
SCHEME = Classification(
    "made", "1",
    tuple(Item(code, f"title of {code}", len(code), code[:-1] or None) for code in sorted({u[:n] for u in UNITS for n in (1, 2, 3)})),
)  # fmt: skip


def made(seed: int, n: int = 400, weighted: bool = True) -> Outcomes:
    """Random codings, some without a code, some texts with two acceptable codes."""
    drawn = np.random.default_rng(seed)
    texts = []
    for row in range(n):
        truth = drawn.choice(UNITS)
        listed = [str(code) for code in drawn.permutation(UNITS)[:6]]
        if drawn.random() < 0.5:
            listed = [str(truth), *(code for code in listed if code != truth)][:6]
        sure = np.sort(drawn.dirichlet(np.ones(7)))[::-1]
        best = tuple(KeptCode(code, round(float(p), 6), "") for code, p in zip(listed, sure, strict=False)) if drawn.random() > 0.05 else ()
        also = {str(drawn.choice(UNITS))} if drawn.random() < 0.1 else set()
        weight = float(drawn.integers(1, 9)) if weighted else 1.0
        texts.append(CodedText(f"text {row}", best, frozenset({str(truth)} | also), weight=weight, row=row, groups=(str(row % 3),)))
    return Outcomes(SCHEME, texts)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("weighted", [False, True])
def test_precision_recall_and_f1_are_those_of_scikit_learn(seed: int, weighted: bool) -> None:
    outcomes = made(seed, weighted=weighted)
    for row in by_level(outcomes):
        truth, predicted = outcomes.truth(row.level), outcomes.predicted(row.level)
        labels = np.union1d(truth, predicted[predicted >= 0])
        for average in ("macro", "weighted"):
            theirs = metrics.precision_recall_fscore_support(
                truth, predicted, labels=labels, average=average, zero_division=0, sample_weight=outcomes.weights
            )[:3]
            ours = [getattr(row, f"{average}_{name}").value for name in ("precision", "recall", "f1")]
            assert ours == pytest.approx(theirs, abs=1e-12)
        assert row.accuracy.value == pytest.approx(metrics.accuracy_score(truth, predicted, sample_weight=outcomes.weights), abs=1e-12)
        assert all(getattr(row, name).low <= getattr(row, name).value <= getattr(row, name).high for name in ("macro_f1", "weighted_f1"))


def test_the_first_codes_are_those_of_scikit_learn() -> None:
    outcomes = Outcomes(SCHEME, [text for text in made(5).texts if text.best and len(text.truths) == 1])
    scores = np.array([[{c: p for c, p, _ in text.best}.get(unit, 0.0) for unit in UNITS] for text in outcomes.texts])
    truth = [UNITS.index(next(iter(text.truths))) for text in outcomes.texts]
    for k, estimate in top_k(outcomes).items():
        theirs = metrics.top_k_accuracy_score(truth, scores, k=int(k), labels=range(len(UNITS)), sample_weight=outcomes.weights)
        assert estimate.value == pytest.approx(theirs)


def test_single_codes_and_pairs_are_those_of_scikit_learn() -> None:
    outcomes = made(7, weighted=False)
    codes = outcomes.codes_at(3)
    truth, predicted = outcomes.truth(3), outcomes.predicted(3)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(truth, predicted, labels=range(len(codes)), zero_division=0)
    for figure in code_figures(outcomes, {}):
        place = codes.index(figure.code)
        ours = [figure.precision or 0.0, figure.recall or 0.0, figure.f1 or 0.0, figure.true_cases]
        assert ours == pytest.approx([precision[place], recall[place], f1[place], support[place]])
    matrix = metrics.confusion_matrix(truth, predicted, labels=range(len(codes)))
    np.fill_diagonal(matrix, 0)
    worst = sorted(matrix.ravel(), reverse=True)[:20]
    found = confusions(outcomes)
    assert [pair.cases for pair in found] == worst
    assert all(matrix[codes.index(pair.truth), codes.index(pair.coded)] == pair.cases for pair in found)
    assert 1 <= len(found[0].texts) <= 3


def test_calibration_is_that_of_scikit_learn() -> None:
    from sklearn.calibration import calibration_curve

    outcomes = made(9, 2000, weighted=False)
    measured = calibration(outcomes)
    right, said = calibration_curve(outcomes.right, outcomes.sure, n_bins=15)
    assert [one.accuracy.value for one in measured.bins] == pytest.approx(right)
    assert [one.probability for one in measured.bins] == pytest.approx(said)
    assert measured.brier == pytest.approx(metrics.brier_score_loss(outcomes.right, outcomes.sure))
    by_hand = sum(one.texts * abs(one.accuracy.value - one.probability) for one in measured.bins) / len(outcomes)
    assert measured.ece == pytest.approx(by_hand)


@given(st.integers(1, 4000), st.floats(0, 1))
def test_wilson_is_that_of_scipy(n: int, share: float) -> None:
    hits = round(share * n)
    theirs = stats.binomtest(hits, n).proportion_ci(method="wilson")
    ours = wilson(hits / n, n)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_the_bootstrap_of_a_mean_has_the_width_it_must_have() -> None:
    hits = np.random.default_rng(1).random(900) < 0.3
    found = bootstrapped(lambda weights: np.array([weights @ hits / weights.sum()]), np.ones(900))[0]
    half = 1.96 * (found.value * (1 - found.value) / 900) ** 0.5
    assert found.high - found.value == pytest.approx(half, rel=0.08)
    again = bootstrapped(lambda weights: np.array([weights @ hits / weights.sum()]), np.ones(900))[0]
    assert again == found


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_threshold_accounts_for_every_case(seed: int, level: float) -> None:
    outcomes = made(seed, 60)
    found = thresholds(outcomes, level)
    cases = outcomes.weights.sum()
    for row in found.offered:
        assert row.automatic_cases + row.clerical_cases == pytest.approx(cases)
        assert row.more_cases == pytest.approx(row.clerical_cases - found.chosen.clerical_cases)
        taken = outcomes.certainty >= row.threshold
        assert row.wrong_cases == pytest.approx((outcomes.weights * taken * ~outcomes.right).sum())
    rates = [row.coding_rate for row in found.offered]
    assert rates == sorted(rates, reverse=True)
    shares = [share for share, _ in found.curve]
    assert shares == sorted(shares)
    assert 0 < shares[-1] <= 1


def test_texts_without_a_code_are_never_coded() -> None:
    outcomes = Outcomes(SCHEME, [CodedText("x", (), frozenset({"111"})), CodedText("y", (KeptCode("111", 0.4, ""),), frozenset({"111"}))])
    assert thresholds(outcomes, 0.0).chosen.coding_rate == 0.5
    assert thresholds(outcomes, 0.0).coding_rate_at["0.90"] == 0.5


def test_a_look_up_is_taken_whatever_the_threshold() -> None:
    text = CodedText("x", (KeptCode("111", 0.1, ""),), frozenset({"111"}), method="register")
    assert thresholds(Outcomes(SCHEME, [text]), 0.9).chosen.coding_rate == 1.0


def test_the_trend_is_spearmans() -> None:
    outcomes = made(11, 1500)
    learned = {code: place * place for place, code in enumerate(UNITS)}
    figures = code_figures(outcomes, learned)
    found = trend(figures)
    assert found is not None
    theirs = stats.spearmanr([f.learned for f in figures], [f.precision for f in figures]).statistic
    assert found.rank_correlation == pytest.approx(theirs)
    assert trend(figures[:2]) is None


def test_major_groups_are_means_over_their_unit_groups() -> None:
    outcomes = made(12, 800)
    figures = code_figures(outcomes, {})
    first = major_groups(outcomes, figures)[0]
    units = [f for f in figures if f.code.startswith(first.code)]
    assert first.macro_f1 == pytest.approx(np.mean([f.f1 or 0.0 for f in units]))
    assert first.cases == pytest.approx(sum(f.true_cases for f in units))


def test_parts_add_up_to_the_whole() -> None:
    outcomes = made(13, 300, weighted=False)
    measured = quality(outcomes, {}, 0.5, 1.0, ["third"])
    for split in measured.breakdowns:
        assert sum(part.texts for part in split.parts) == 300
        whole = sum(part.texts * part.accuracy.value for part in split.parts) / 300
        assert whole == pytest.approx(measured.top_k["1"].value)
    assert [split.by for split in measured.breakdowns] == ["third", "method", "number of words"]


def test_the_most_frequent_parts_are_shown() -> None:
    best = (KeptCode("111", 0.9, ""),)
    texts = [CodedText("x", best, frozenset({"111"}), groups=(f"value {place:02}",)) for place in range(60) for _ in range(place + 1)]
    split = quality(Outcomes(SCHEME, texts), {}, 0.5, 1.0, ["value"]).breakdowns[0]
    assert [part.texts for part in split.parts] == list(range(60, 20, -1))
    assert split.not_shown == 20


def _mislabelled(seed: int) -> tuple[Outcomes, set[int]]:
    """A good model, and one label in twelve wrong."""
    drawn = np.random.default_rng(seed)
    texts, wrong = [], set()
    for row in range(1200):
        truth = int(drawn.integers(len(UNITS)))
        scores = drawn.normal(size=len(UNITS))
        scores[truth] += 4
        shares = np.exp(scores) / np.exp(scores).sum()
        best = tuple(KeptCode(UNITS[place], round(float(shares[place]), 6), "") for place in np.argsort(-shares)[:6])
        given = truth
        if row % 12 == 0:
            given = (truth + 1 + int(drawn.integers(len(UNITS) - 1))) % len(UNITS)
            wrong.add(row)
        texts.append(CodedText(f"text {row}", best, frozenset({UNITS[given]}), row=row))
    return Outcomes(SCHEME, texts), wrong


def test_wrong_labels_are_found() -> None:
    outcomes, wrong = _mislabelled(3)
    found = label_errors(outcomes)
    named = {one.row for one in found.ranked}
    assert len(named & wrong) / len(named) > 0.9
    assert len(named & wrong) / len(wrong) > 0.6
    assert found.accuracy_now < found.accuracy_without < 1.0  # type: ignore[operator]
    assert found.accuracy_if_suggested > found.accuracy_now
    margins = [one.margin for one in found.ranked]
    assert margins == sorted(margins)
    assert all(one.given != one.suggested for one in found.ranked)


def test_confident_learning_by_hand() -> None:
    """Two codes; thresholds are the mean probabilities .7 and .6. Only the third text is confidently the other code."""
    first = np.array([0.9, 0.9, 0.3, 0.4, 0.4])
    listed = np.tile(np.array([[0, 1]], np.int32), (5, 1))
    probabilities = np.column_stack([first, 1 - first])
    order = np.argsort(-probabilities, axis=1)
    given = np.array([0, 0, 0, 1, 1], np.int32)
    suggested, of_given, _ = suspects(
        np.take_along_axis(listed, order, 1), np.take_along_axis(probabilities, order, 1), given, 2, prior=0.0
    )
    assert suggested.tolist() == [-1, -1, 1, -1, -1]
    assert of_given.tolist() == pytest.approx([0.9, 0.9, 0.3, 0.6, 0.6])


@given(st.lists(st.integers(0, 400), min_size=2, max_size=12))
def test_a_batch_is_like_itself(counts: list[int]) -> None:
    index, noise = stability_index(counts, counts)
    assert index == pytest.approx(0.0, abs=1e-12)
    assert noise >= 0


def test_the_stability_index_by_hand() -> None:
    index, _ = stability_index([500, 500], [250, 750])
    p, q = np.array([500.5, 500.5]) / 1001, np.array([250.5, 750.5]) / 1001
    assert index == pytest.approx(float(((q - p) * np.log(q / p)).sum()))


@pytest.mark.parametrize("freedom", [1, 2, 5, 9, 42])
def test_the_quantile_is_that_of_chi_square(freedom: int) -> None:
    assert chi_square_95(freedom) == pytest.approx(stats.chi2.ppf(0.95, freedom), rel=0.03)


def test_like_batches_stay_below_the_noise_in_95_of_100() -> None:
    drawn = np.random.default_rng(4)
    shares = drawn.dirichlet(np.ones(10) * 5)
    below = 0
    for _ in range(400):
        index, noise = stability_index(drawn.multinomial(600, shares).tolist(), drawn.multinomial(900, shares).tolist())
        below += index <= noise
    assert 0.92 <= below / 400 <= 0.985


def answers(words: list[str], code: str, sure: float, n: int = 200) -> list[KeptAnswer]:
    best = packed([KeptCode(code, sure, "")])
    return [KeptAnswer(f"{place:05}", words[place % len(words)], "{}", 2, "coded", "model", "", "", 0.0, 0.1, best) for place in range(n)]


def test_drift_says_what_changed_and_what_to_do() -> None:
    before = batch("first", answers(["bus driver", "nurse"], "111", 0.95))
    same = drift(before, batch("second", answers(["nurse", "bus driver"], "111", 0.95)), SCHEME)
    assert same.verdict == "stable"
    assert same.unseen_words == 0
    assert all(shift.psi < LOOK for shift in same.shifts)
    other = drift(before, batch("third", answers(["drone pilot"], "222", 0.35)), SCHEME)
    assert other.verdict == "act"
    assert other.unseen_words == 1.0
    assert [word for word, _ in other.unseen] == ["drone", "pilot"]
    assert {row.code for row in other.moved} == {"11", "22"}
    assert "checked" in other.advice


def test_the_learning_curve_in_words() -> None:
    curve = learning_curve([(1.0, 0.80), (0.25, 0.70), (0.5, 0.75)])
    assert [share for share, _ in curve.points] == [0.25, 0.5, 1.0]
    assert curve.gain_of_doubling == pytest.approx(0.05)
    assert "5.0%" in curve.words
    assert "hardly" in learning_curve([(0.5, 0.8), (1.0, 0.801)]).words
    for broken in ([(1.0, 0.8)], [(0.0, 0.1), (1.0, 0.2)], [(0.5, 0.1), (0.5, 0.2)], [(0.5, 1.1), (1.0, 0.2)]):
        with pytest.raises(DataError):
            learning_curve(broken)
