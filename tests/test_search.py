import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.model import IndexTitle, Query
from crosswalk.places import shipped
from crosswalk.search.book import Book
from crosswalk.search.encoder import open_encoder
from crosswalk.search.lexical import LexicalIndex, similarity
from crosswalk.search.ngrams import grams
from crosswalk.search.retriever import FusionWeights, Retriever
from crosswalk.search.semantic import SemanticIndex
from crosswalk.text import normalise

TITLES = [
    IndexTitle("bus driver", "8331", "en", "a"),
    IndexTitle("lorry driver", "8332", "en", "a"),
    IndexTitle("primary school teacher", "2341", "en", "a"),
    IndexTitle("sjuksköterska", "2221", "sv", "b"),
    IndexTitle("C++ developer", "2514", "en", "a"),
]


@pytest.fixture(scope="module")
def book() -> Book:
    return Book.of(TITLES)


@pytest.fixture(scope="module")
def lexical(book: Book) -> LexicalIndex:
    return LexicalIndex.build(book.normalised())


def test_grams_of_many_texts_are_those_of_each_alone() -> None:
    texts = ["bus driver", "", "sjuksköterska", "a", "c++ developer"]
    together = grams(texts)
    for place, text in enumerate(texts):
        alone = grams([text])
        np.testing.assert_array_equal(together.ids[together.starts[place] : together.starts[place + 1]], alone.ids)


def test_grams_do_not_mind_the_order_of_words() -> None:
    np.testing.assert_array_equal(grams(["bus driver"]).ids, grams(["driver bus"]).ids)


@given(st.lists(st.text(max_size=30), max_size=8))
def test_any_texts_have_grams(texts: list[str]) -> None:
    found = grams([normalise(text) for text in texts])
    assert len(found.starts) == len(texts) + 1
    assert found.starts[-1] == len(found.ids)


def test_exact_match_ignores_accents_case_and_inversion(lexical: LexicalIndex) -> None:
    for text, position in [("Driver, bus", 0), ("SJUKSKOTERSKA", 3)]:
        assert lexical.exact([normalise(text)]).titles.tolist() == [position]
    assert lexical.exact([""]).titles.tolist() == []


def test_the_nearest_title_comes_first_and_scores_stay_in_bounds(lexical: LexicalIndex) -> None:
    hits = lexical.search(["school bus driver", "zzzz", ""], 3)
    assert hits.of(0).titles[0] == 0
    assert set(hits.rows) == {0}
    assert all(0 <= score <= 1 for score in hits.scores)


def test_a_batch_answers_as_each_text_alone(lexical: LexicalIndex) -> None:
    texts = ["bus driver", "teacher of a primary school", "lorry"] * 5
    together = lexical.search(texts, 3)
    for place, text in enumerate(texts):
        np.testing.assert_array_equal(together.of(place).titles, lexical.search([text], 3).titles)


def test_a_book_saved_and_opened_is_the_same(book: Book, lexical: LexicalIndex, tmp_path) -> None:  # type: ignore[no-untyped-def]
    book.save(tmp_path)
    lexical.save(tmp_path)
    again = Book.load(tmp_path)
    assert [again.title(place) for place in range(len(again))] == TITLES
    np.testing.assert_array_equal(LexicalIndex.load(tmp_path).search(["bus driver"], 5).titles, lexical.search(["bus driver"], 5).titles)


def test_shortlists_hold_each_code_once(book: Book, lexical: LexicalIndex) -> None:
    encoder = open_encoder(shipped("indexes", "isco-08", "encoder"))
    semantic = SemanticIndex.build(encoder.encode(book.normalised()))
    shortlist = Retriever(book, lexical, semantic, encoder, FusionWeights(1.0, 0.3, 0.3)).shortlists([Query("driver")])[0]
    codes = [candidate.code for candidate in shortlist.candidates]
    assert len(set(codes)) == len(codes)
    assert set(codes[:2]) == {"8331", "8332"}


def test_similarity_is_bounded_and_blank_is_like_nothing() -> None:
    assert similarity("nurse", "nurse") == 1.0
    assert similarity("driver bus", "bus driver") == 1.0
    assert similarity("", "") == 0.0
    assert similarity("x" * 100_000, "nurse") < 0.2


def test_a_text_is_answered_alike_after_any_other() -> None:
    """The memory in which weights are added up is used again: texts with few postings and with many, in turns."""
    titles = [f"{name} {work}" for name in ("north", "south", "east", "west") for work in ("driver", "teacher", "nurse", "miller")]
    book = LexicalIndex.build([f"{title} {n}" for n in range(400) for title in titles])
    texts = ["north driver 7 east nurse 9", "m", "miller", "zz 399 zz", "south teacher 17", "399"] * 3
    together = book.search(texts, 5)
    for place, text in enumerate(texts):
        alone = book.search([text], 5)
        np.testing.assert_array_equal(together.of(place).titles, alone.titles)
        np.testing.assert_array_equal(together.of(place).scores, alone.scores)
