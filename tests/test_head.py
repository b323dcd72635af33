"""The head: n-grams by field, shares that sum to one, weights kept and read again."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.coding.head import FACTS, FILE, Head, HeadFacts, field_grams, save_head, stored
from crosswalk.errors import ModelError
from crosswalk.text import normalise

CODES = ("1111", "2222", "3333")
FACTS_SMALL = HeadFacts(CODES, bits=10)
FACTS_PAIRS = HeadFacts(CODES, bits=10, pair_bits=8)


def weights(facts: HeadFacts = FACTS_SMALL, dimensions: int = 4) -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    return {
        "grams": random.normal(size=(facts.rows, 6)).astype(np.float32),
        "hidden": random.normal(size=(5, 6 + dimensions)).astype(np.float32),
        "hidden_bias": random.normal(size=5).astype(np.float32),
        "output": random.normal(size=(len(facts.codes), 5)).astype(np.float32),
        "output_bias": random.normal(size=len(facts.codes)).astype(np.float32),
    }


def test_a_field_has_ngrams_of_its_own() -> None:
    alone = field_grams([["nurse", ""]], 18)
    both = field_grams([["nurse", ""], ["nurse", "baker"]], 18)
    first, second = (set(both.ids[a:b].tolist()) for a, b in zip(both.starts[:-1], both.starts[1:], strict=True))
    assert set(alone.ids[: alone.starts[1]].tolist()) < first
    assert len(first) == 2 * (alone.starts[1])
    assert second == set(field_grams([["", ""], ["", "baker"]], 18).ids.tolist())


def test_pairs_of_words_have_buckets_of_their_own_and_keep_their_order() -> None:
    alone, both = field_grams([["loss adjuster"]], 10), field_grams([["loss adjuster"]], 10, 8)
    assert both.ids[: len(alone.ids)].tolist() == alone.ids.tolist()
    assert len(both.ids) == len(alone.ids) + 1
    assert 1 << 10 <= both.ids[-1] < FACTS_PAIRS.rows
    assert field_grams([["adjuster loss"]], 10, 8).ids[-1] != both.ids[-1]
    assert len(field_grams([["adjuster", ""], ["", "loss"]], 10, 8).ids) == len(field_grams([["adjuster", ""], ["", "loss"]], 10).ids)


@pytest.mark.parametrize("facts", [FACTS_SMALL, FACTS_PAIRS])
@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
def test_shares_sum_to_one_and_do_not_depend_on_neighbours(facts: HeadFacts, written: list[str]) -> None:
    texts = [normalise(text) for text in written]
    head = Head(facts, stored(weights(facts)))
    vectors = np.ones((len(texts), 4), dtype=np.float32)
    found = head.log_shares([texts], vectors)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, rtol=1e-4)
    alone = np.concatenate([head.log_shares([[text]], vectors[:1]) for text in texts])
    np.testing.assert_allclose(found, alone, atol=1e-4)


@pytest.mark.parametrize("facts", [FACTS_SMALL, FACTS_PAIRS])
def test_a_head_kept_and_read_again_answers_the_same(tmp_path: Path, facts: HeadFacts) -> None:
    save_head(tmp_path, facts, weights(facts))
    again = Head.load(tmp_path)
    assert again is not None
    assert again.facts == facts
    vectors = np.ones((2, 4), dtype=np.float32)
    np.testing.assert_array_equal(
        again.log_shares([["nurse", "baker"]], vectors), Head(facts, stored(weights(facts))).log_shares([["nurse", "baker"]], vectors)
    )


def test_a_folder_without_a_head_has_none(tmp_path: Path) -> None:
    assert Head.load(tmp_path) is None


@pytest.mark.parametrize("damage", ["facts", "tensors", "codes", "gone"])
def test_a_damaged_head_is_refused(tmp_path: Path, damage: str) -> None:
    save_head(tmp_path, FACTS_SMALL, weights())
    if damage == "facts":
        (tmp_path / FACTS).write_text("{")
    elif damage == "codes":
        (tmp_path / FACTS).write_text(json.dumps({"codes": ["1"], "fields": ["title"], "bits": 10}))
    elif damage == "tensors":
        (tmp_path / FILE).write_bytes(b"no tensors")
    else:
        (tmp_path / FILE).unlink()
    with pytest.raises(ModelError):
        Head.load(tmp_path)
