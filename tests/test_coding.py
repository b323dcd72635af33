from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk import Autocoder, Query
from crosswalk.coding.classifier import Classifier
from crosswalk.errors import DataError, IndexFolderError, ModelError
from crosswalk.places import shipped
from tests.promises import promise


@pytest.fixture(scope="module")
def coder() -> Autocoder:
    return Autocoder.open(shipped("indexes", "isco-08"))


def test_a_title_in_the_book_gets_its_code(coder: Autocoder) -> None:
    best = coder.code(["bin man"])[0].best
    assert best.code == "9611"
    assert best.probability > 0.9


@pytest.mark.parametrize("text", ["BIN MAN", "man, bin", "bin  man.", "Bin-man"])
def test_writing_does_not_matter(coder: Autocoder, text: str) -> None:
    assert coder.code([text])[0].best.code == "9611"


@promise("T9", "answers that say nothing have an outcome of their own and never a code")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        ".",
        "-",
        "...",
        "-97",
        "9999",
        "refused",
        "Student",
        "STUDENTS",
        "étudiante",
        "retired",
        "jubilado",
        "n/a",
        "no sabe",
        "x",
        "?!",
        "🙂",
    ],
)
def test_answers_without_an_occupation_have_an_outcome_of_their_own(coder: Autocoder, text: str) -> None:
    coding = coder.code([text])[0]
    assert coding.method == "non-occupation"
    assert coding.codes == ()
    assert coding.p_none == 1.0
    assert coding.note
    with pytest.raises(DataError):
        _ = coding.best


@pytest.mark.parametrize("text", ["student nurse", "student adviser", "child minder", "other clerical worker", "pensions clerk"])
def test_occupations_that_resemble_them_are_coded(coder: Autocoder, text: str) -> None:
    assert coder.code([text])[0].codes


@given(st.lists(st.text(max_size=60), max_size=5))
@settings(deadline=None, max_examples=25)
def test_probabilities_sum_to_one_in_the_order_asked(texts: list[str]) -> None:
    codings = Autocoder.open(shipped("indexes", "isco-08")).code(texts)
    assert [coding.query.text for coding in codings] == texts
    for coding in codings:
        assert coding.p_none + sum(entry.probability for entry in coding.codes) + coding.rest == pytest.approx(1)
        assert list(coding.codes) == sorted(coding.codes, key=lambda e: (-round(e.probability, 6), e.code))


def test_a_group_has_the_probability_of_its_unit_groups(coder: Autocoder) -> None:
    coding = coder.code(["driver"])[0]
    assert coding.probability_of("83") == pytest.approx(sum(e.probability for e in coding.codes if e.code.startswith("83")))
    assert coding.probability_of("8") >= coding.probability_of("83") >= coding.probability_of("8331")


@promise("X12", "a text has the same codes alone as among others")
def test_one_by_one_is_the_same_as_together(coder: Autocoder) -> None:
    texts = ["welder on an oil rig", "sygeplejerske", "data analyst", "", "chauffeur de bus", "ceo"] * 3
    together, alone = coder.code(texts), [coder.code([text])[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert [entry.code for entry in one.codes] == [entry.code for entry in other.codes]
        assert [e.probability for e in one.codes] == pytest.approx([e.probability for e in other.codes], abs=1e-5)


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "nurse " * 20_000, "مهندس برمجيات", "软件工程师", "e\u0301" * 3000, "💼" * 500, "[/]", "'; drop table runs"]
)
def test_strange_texts_are_answered(coder: Autocoder, text: str) -> None:
    coding = coder.code([Query(text)])[0]
    assert coding.p_none + sum(entry.probability for entry in coding.codes) + coding.rest == pytest.approx(1)


def copy_of_the_index(tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(shipped("indexes", "isco-08"), tmp_path / "index"))


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove", "manifest"])
@promise("X1")
def test_a_damaged_index_is_refused(tmp_path: Path, damage: str) -> None:
    folder = copy_of_the_index(tmp_path)
    victim = folder / ("manifest.json" if damage == "manifest" else "lexical_titles.npy")
    content = bytearray(victim.read_bytes())
    if damage == "remove":
        victim.unlink()
    elif damage == "flip":
        content[len(content) // 2] ^= 1
        victim.write_bytes(content)
    else:
        victim.write_bytes(content[: len(content) // 2])
    with pytest.raises(IndexFolderError) as caught:
        Autocoder.open(folder)
    assert "build" in caught.value.hint


def test_an_unknown_scheme_says_what_to_do() -> None:
    with pytest.raises(IndexFolderError) as caught:
        Autocoder.open("isco-99")
    assert "index info" in caught.value.hint


@pytest.mark.parametrize("content", ["{}", "not json", '{"evidence": {}, "none": 1}'])
@promise("X13", "a classifier with missing or impossible numbers is refused")
def test_broken_weights_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "classifier.json").write_text(content)
    with pytest.raises(ModelError):
        Classifier.load(tmp_path)


def test_every_code_has_a_probability_and_with_none_they_sum_to_one(coder: Autocoder) -> None:
    texts = ["nurse", "zxqv", "chauffeur de bus", "a" * 500]
    shares = coder.probabilities(texts)
    assert shares.shape == (4, len(coder.codes) + 1)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    for coding, row in zip(coder.code(texts, k=500), shares, strict=True):
        assert len(coding.codes) == len(coder.codes)
        assert coding.rest == pytest.approx(0, abs=1e-6)
        assert coding.probability_of("2") == pytest.approx(row[[code.startswith("2") for code in coder.codes] + [False]].sum())


def test_an_explanation_names_titles_and_the_words_that_carried_the_code(coder: Autocoder) -> None:
    coding = coder.code(["experienced bus driver"])[0]
    explained = coder.explain(coding)
    assert explained.code == coding.best.code == "8331"
    assert all(title.code == "8331" for title, _ in explained.titles)
    parts = dict(explained.words)
    assert min(parts, key=lambda word: parts[word]) == "experienced"
    with pytest.raises(DataError):
        coder.explain(coding, "9999")
