"""A classifier of one's own: fitted from coded answers, used, repeated."""

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from crosswalk.jobs.training.office import held_apart
from crosswalk.places import shipped
from tests.conftest import Run
from tests.promises import promise

pytest.importorskip("torch", reason="fitting needs the extra 'transformers'")


def coded_answers(path: Path, codes: int = 12) -> list[tuple[str, str]]:
    """Titles of the starter book as an office's coded answers, in a scheme of its own."""
    with shipped("data", "index-titles", "isco-08.en.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream, delimiter="\t"))[1:]
    often = [code for code, _ in Counter(code for code, _ in rows).most_common(codes)]
    kept = [(title, f"X{often.index(code):02}") for code, title in rows if code in often]
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("answer", "code"), *kept, ("", "X01"), ("no code given", "")])
    return kept


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fit")
    coded_answers(folder / "coded.csv")
    return folder


def test_fit_trains_tests_and_writes_a_scheme_that_codes(fitted: Path, crosswalk: Run) -> None:
    done = crosswalk("fit", fitted / "coded.csv", "--text-column", "answer", "--truth-column", "code", "--scheme", "office",
                     "-o", fitted / "office")  # fmt: skip
    assert "1 with no text" in done.stderr
    assert "1 with no code" in done.stderr
    assert "accuracy (first code)" in done.stdout
    card = (fitted / "office" / "README.md").read_text()
    assert "first code right" in card
    rows = coded_answers(fitted / "again.csv")
    asked = [title for title, _ in rows[::40]]
    found = json.loads(crosswalk("lookup", *asked, "--scheme", fitted / "office", "--json").stdout)
    right = [entry["codes"][0]["code"] == code for entry, (_, code) in zip(found, rows[::40], strict=True)]
    assert np.mean(right) > 0.8
    coded = fitted / "out.csv"
    crosswalk("code", fitted / "again.csv", "--text-column", "answer", "--scheme", fitted / "office", "--threshold", "0.5", "-o", coded,
              "--store", fitted / "store.db")  # fmt: skip
    with coded.open(encoding="utf-8-sig", newline="") as stream:
        methods = Counter(row["method"] for row in csv.DictReader(stream))
    assert methods["model"] > methods["review"]


def test_too_little_to_learn_from_is_said(tmp_path: Path, crosswalk: Run) -> None:
    (tmp_path / "few.csv").write_text("answer,code\nnurse,1\nbaker,2\n")
    done = crosswalk("fit", tmp_path / "few.csv", "--text-column", "answer", "--truth-column", "code", "--scheme", "mine", "-o",
                     tmp_path / "out", code=3)  # fmt: skip
    assert "too few" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_index_is_left_alone(fitted: Path, tmp_path: Path, crosswalk: Run) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    done = crosswalk("fit", fitted / "coded.csv", "--text-column", "answer", "--truth-column", "code", "--scheme", "mine", "-o",
                     tmp_path / "precious", code=2)  # fmt: skip
    assert "no index" in done.stderr
    assert (tmp_path / "precious" / "thesis.txt").read_text() == "years of work"


@promise("X14", "a text that is tested on is never in the training, however often it stands in the file")
def test_a_split_keeps_equal_texts_together_and_every_code_in_training() -> None:
    pairs = [(f"text {n % 70}", f"code {n % 7}") for n in range(210)] + [("alone", "rare")]
    apart = held_apart(pairs, 0.2, seed=3)
    assert apart.tolist() == held_apart(pairs, 0.2, seed=3).tolist()
    assert apart.tolist() != held_apart(pairs, 0.2, seed=4).tolist()
    sides = {text: {bool(apart[n]) for n, (other, _) in enumerate(pairs) if other == text} for text, _ in pairs}
    assert all(len(side) == 1 for side in sides.values())
    assert not apart[-1]
    assert 0.1 < apart.mean() < 0.3


def test_the_estimator_keeps_scikit_learns_conventions(fitted: Path) -> None:
    from sklearn.base import clone
    from sklearn.metrics import accuracy_score, log_loss

    from crosswalk.jobs.estimator import TextClassifier

    rows = coded_answers(fitted / "estimator.csv", codes=6)
    texts, codes = [title for title, _ in rows], [code for _, code in rows]
    model = clone(TextClassifier(seed=5)).fit(texts[::2], codes[::2])
    shares = model.predict_proba(texts[1::2])
    assert shares.shape == (len(texts[1::2]), len(model.classes_))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert accuracy_score(codes[1::2], model.predict(texts[1::2])) > 0.8
    assert log_loss(codes[1::2], shares, labels=model.classes_) < 1.0
    assert model.get_params()["seed"] == 5
