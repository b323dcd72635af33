import json
from pathlib import Path

import numpy as np
import pytest

from crosswalk.jobs.evaluation import coding_rate, expected_calibration_error
from tests.conftest import Run


def test_the_figures_of_a_small_file(crosswalk: Run, tmp_path: Path) -> None:
    path = tmp_path / "coded.csv"
    path.write_text("answer,isco\nbin man,9611\nbus driver,8331|8332\nRN,3221\nofficer,110\nstudent,\nx,9999\nnurse,2221\n")
    done = crosswalk("evaluate", path, "--text-column", "answer", "--truth-column", "isco", "--json")
    found = json.loads(done.stdout)
    assert found["n"] == 5
    assert found["left_out"] == {"no truth": 1, "truth not in the scheme": 1}
    assert found["accuracy"] == found["top_k"]["1"] >= 0.6
    assert found["accuracy_by_level"]["4"] == found["accuracy"] <= found["accuracy_by_level"]["1"]
    assert set(found) >= {"n", "accuracy", "top_k", "accuracy_by_level", "ece", "coding_rate_at", "seconds"}
    assert set(found["coding_rate_at"]) == {"0.90", "0.95", "0.99"}


def test_a_wrong_column_names_the_nearest(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("answer,isco\nbin man,9611\n")
    refused = crosswalk("evaluate", tmp_path / "a.csv", "--text-column", "anser", "--truth-column", "isco", code=2)
    assert "did you mean 'answer'?" in refused.stderr


def test_calibration_error_by_hand() -> None:
    sure = np.array([0.9, 0.9, 0.9, 0.9])
    assert expected_calibration_error(sure, np.array([True, True, True, False])) == pytest.approx(0.15)


def test_the_coding_rate_is_the_longest_sure_beginning() -> None:
    sure = np.array([0.9, 0.8, 0.7, 0.6])
    assert coding_rate(sure, np.array([True, False, True, True]), 0.75) == 1.0
    assert coding_rate(sure, np.array([True, False, False, False]), 0.9) == 0.25
    assert coding_rate(np.full(4, 0.5), np.array([True, False, False, False]), 0.9) == 0.0
