"""Hostile texts through normalisation and the coder; a million of them: python benchmarks/trust.py texts."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.trust_texts import coding_fault, fault_of, some
from crosswalk.coding.autocoder import Autocoder
from crosswalk.text import clean
from tests.hostile_texts import NAUGHTY
from tests.promises import promise


@pytest.fixture(scope="module")
def coder() -> Autocoder:
    return Autocoder.open()


@promise("T1")
@promise("T4", "a lone surrogate is replaced by a visible symbol at the reader")
@given(st.text(st.characters(exclude_categories=())))
@settings(deadline=None)
def test_any_text_is_cleaned_and_normalised_without_a_fault(text: str) -> None:
    assert fault_of(text) == ""


@promise("T12", "thousands of repeated words or combining marks take no longer than other texts")
@promise("T15", "SQL, shell commands and paths in a title are plain text")
def test_hostile_texts_are_coded_like_any(coder: Autocoder) -> None:
    asked = [clean(text) for text in [*NAUGHTY, *some(coder.retriever.book.texts(), 400, 11), "word " * 4000, "Z\u0351\u036b" * 5000]]
    codings = coder.code(asked)
    assert [fault_of(text) for text in asked if fault_of(text)] == []
    assert not any(coding_fault(coding, text) for coding, text in zip(codings, asked, strict=True))


@promise("T10", "one letter or a word that says nothing of the job is not coded without a person")
@pytest.mark.parametrize("text", ["e", "a", "x", "I", "the", "job", "work", "thing", "person", "staff", "other", "employee", "boss"])
def test_one_generic_word_waits_for_a_person(coder: Autocoder, text: str) -> None:
    (coding,) = coder.code([text])
    assert not coding.codes or coding.codes[0].probability < 0.85


@promise("T11", "a text of any length takes a bounded time: what is beyond 2,000 characters is not looked at, and it is said")
@pytest.mark.parametrize("length", [100, 10_000, 1_000_000])
def test_a_long_text_takes_no_longer(coder: Autocoder, length: int) -> None:
    coder.code(["warm"])
    begun = time.process_time()
    coder.code([("cook in a school kitchen " * (length // 25 + 1))[:length]])
    assert time.process_time() - begun < 1.0
