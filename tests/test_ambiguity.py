import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.coding.ambiguity import coarser, deciding_fact, groups_above, settled
from crosswalk.jobs.indexing import shipped_isco_08
from crosswalk.model import CodeProbability, Coding, Query
from tests.promises import promise

ISCO = shipped_isco_08()[0]
ABOVE = groups_above(ISCO)


def coding(*shares: tuple[str, float], none: float = 0.0) -> Coding:
    return Coding(Query("t"), tuple(CodeProbability(code, p) for code, p in shares), none)


@pytest.mark.parametrize(
    ("shares", "group"),
    [
        ((("2221", 0.5), ("2222", 0.45)), "222"),
        ((("2211", 0.5), ("2221", 0.45)), "22"),
        ((("2211", 0.5), ("2341", 0.45)), "2"),
        ((("2211", 0.5), ("8331", 0.45)), None),
    ],
)
def test_the_finest_group_that_is_sure_enough(shares: tuple[tuple[str, float], ...], group: str | None) -> None:
    found = settled(coding(*shares, none=0.05), 0.85, ABOVE, ISCO)
    assert found.method == "review"
    assert (found.coarser.code if found.coarser else None) == group
    if found.coarser:
        assert found.coarser.probability == pytest.approx(0.95)


def test_what_is_sure_enough_is_left_alone() -> None:
    sure = coding(("2221", 0.9), none=0.1)
    assert settled(sure, 0.9, ABOVE, ISCO) is sure


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("2221", "3221", "professional's full training"),
        ("5221", "5223", "on own account"),
        ("2341", "2330", "'primary school' or 'secondary education'"),
        ("8331", "9412", "'bus tram drivers' or 'kitchen helpers'"),
    ],
)
def test_equally_good_codes_ask_for_the_fact_that_decides(first: str, second: str, words: str) -> None:
    asked = deciding_fact(coding((first, 0.4), (second, 0.38)), ISCO)
    assert asked.startswith(f"{first} or {second}? It depends on ")
    assert words in asked


def test_a_clear_first_or_a_hopeless_pair_asks_nothing() -> None:
    assert deciding_fact(coding(("2221", 0.6), ("3221", 0.3)), ISCO) == ""
    assert deciding_fact(coding(("2221", 0.05), ("3221", 0.05)), ISCO) == ""
    assert deciding_fact(coding(("2221", 0.6)), ISCO) == ""
    assert "near enough" in settled(coding(none=1.0), 0.5, ABOVE, ISCO).note


@promise("C11", "a coarser code is said to be one and is never filled up with zeros")
@given(st.dictionaries(st.sampled_from(sorted(ABOVE)), st.floats(0.01, 1), min_size=1, max_size=8), st.floats(0, 1), st.floats(0.3, 0.99))
def test_a_coarser_code_is_the_sum_of_its_unit_groups(shares: dict[str, float], none: float, threshold: float) -> None:
    total = sum(shares.values()) + none
    made = coding(*sorted(((c, p / total) for c, p in shares.items()), key=lambda e: -e[1]), none=none / total)
    found = coarser(made, threshold, ABOVE)
    if found:
        assert found.probability == pytest.approx(made.probability_of(found.code))
        assert found.probability >= threshold - 1e-6
        level = len(found.code)
        assert not any(made.probability_of(c.code[:finer]) >= threshold + 1e-6 for c in made.codes for finer in range(level + 1, 4))
