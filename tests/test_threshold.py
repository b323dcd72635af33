from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from crosswalk.coding.threshold import best_accuracy, choose_threshold, load_calibration, tail_probability
from crosswalk.errors import ModelError

binom = pytest.importorskip("scipy.stats").binom


@given(st.integers(1, 3000), st.floats(0, 1), st.floats(0.001, 0.6))
def test_the_binomial_tail_is_exact(n: int, share: float, error_rate: float) -> None:
    wrong = round(share * n)
    assert tail_probability(wrong, n, error_rate) == pytest.approx(binom.cdf(wrong, n, error_rate), rel=1e-6, abs=1e-12)


@given(st.integers(1, 300), st.integers(0, 300))
def test_it_agrees_with_clopper_and_pearson(n: int, wrong: int) -> None:
    from scipy.stats import beta

    wrong = min(wrong, n - 1)
    lower = beta.ppf(0.05, n - wrong, wrong + 1)
    assert tail_probability(wrong, n, 1 - (lower - 1e-6)) <= 0.05 <= tail_probability(wrong, n, 1 - min(lower + 1e-6, 1 - 1e-9))


def made(seed: int, n: int, sharper: float = 1.1) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and outcomes that are a little worse than they say."""
    drawn = np.random.default_rng(seed)
    sure = drawn.beta(1.2, 0.5, n)
    return sure.astype(np.float32), (drawn.random(n) < sure**sharper).astype(np.uint8)


@pytest.mark.parametrize("accuracy", [0.80, 0.90, 0.95])
@pytest.mark.parametrize("n", [1000, 5000])
def test_the_promise_is_kept_in_95_of_100_random_splits(accuracy: float, n: int) -> None:
    sure, right = made(7, 200_000)
    kept = 0
    for split in range(100):
        order = np.random.default_rng(split).permutation(len(sure))
        chosen = choose_threshold(sure[order[:n]], right[order[:n]], accuracy)
        above = sure[order[n:]] >= (1.1 if chosen is None else chosen)
        kept += not above.any() or right[order[n:]][above].mean() >= accuracy
    assert kept >= 95


def test_a_looser_promise_codes_more() -> None:
    sure, right = made(1, 20_000)
    thresholds = [choose_threshold(sure, right, accuracy) for accuracy in (0.8, 0.9, 0.95)]
    assert None not in thresholds
    assert thresholds == sorted(thresholds)  # type: ignore[type-var]


def test_none_when_nothing_can_be_promised() -> None:
    assert choose_threshold(np.array([0.9] * 40), np.array([1] * 40, np.uint8), 0.95) is None
    assert choose_threshold(np.array([0.9] * 4000), np.array([1, 0] * 2000, np.uint8), 0.95) is None
    assert choose_threshold(np.array([]), np.array([], np.uint8), 0.9) is None
    assert best_accuracy(np.array([0.9] * 10), np.array([0] * 10, np.uint8)) is None


def test_equal_probabilities_go_together() -> None:
    sure = np.array([0.9] * 2000 + [0.4] * 2000, dtype=np.float32)
    right = np.array([1] * 2000 + [0] * 2000, dtype=np.uint8)
    assert choose_threshold(sure, right, 0.95) == pytest.approx(0.9)


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=400), st.sampled_from([0.5, 0.8, 0.95]))
def test_what_is_chosen_passes_its_own_test(pairs: list[tuple[int, bool]], accuracy: float) -> None:
    sure = np.array([place / 20 for place, _ in pairs])
    right = np.array([good for _, good in pairs], dtype=np.uint8)
    chosen = choose_threshold(sure, right, accuracy)
    if chosen is not None:
        above = sure >= chosen
        assert tail_probability(int((1 - right[above]).sum()), int(above.sum()), 1 - accuracy) <= 0.05


def test_the_sample_is_read_from_the_index(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        load_calibration(tmp_path)
    assert "--threshold" in caught.value.hint
    save_file({"sure": np.array([0.5], np.float32), "right": np.array([1], np.uint8)}, tmp_path / "calibration.safetensors")
    assert load_calibration(tmp_path).right.tolist() == [1]
    for broken in ({"sure": np.array([0.5], np.float32)}, {"sure": np.array([np.nan], np.float32), "right": np.array([1], np.uint8)}):
        save_file(broken, tmp_path / "calibration.safetensors")
        with pytest.raises(ModelError):
            load_calibration(tmp_path)
    (tmp_path / "calibration.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError):
        load_calibration(tmp_path)
