from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk import Autocoder, Query
from crosswalk.coding.rules import Constraint, Rules, after_model, as_phrase, under_constraints
from crosswalk.coding.rules_file import read_rules
from crosswalk.errors import DataError
from crosswalk.model import Candidate, CodeProbability, Coding, IndexTitle
from crosswalk.places import shipped


@pytest.fixture(scope="module")
def coder() -> Autocoder:
    return Autocoder.open(shipped("indexes", "isco-08"))


def coding(shares: Mapping[str, float], none: float, text: str = "shop manager", **facts: str) -> Coding:
    codes = tuple(
        CodeProbability(c, p, Candidate(c, IndexTitle("t", c), {})) for c, p in sorted(shares.items(), key=lambda e: (-e[1], e[0]))
    )
    return Coding(Query(text, facts=facts), codes, none)


def rules_of(tmp_path: Path, text: str, coder: Autocoder) -> Rules:
    (tmp_path / "rules.toml").write_text(text, encoding="utf-8")
    return read_rules(tmp_path / "rules.toml", coder.classification)


def test_the_example_is_read_and_does_what_it_says(coder: Autocoder) -> None:
    rules = read_rules(shipped("data", "rules", "example.toml"), coder.classification)
    found = coder.code(["Lollipop Lady", "LORRY  driver", "student", "finance manager", "hospital porter"], rules=rules)
    assert [c.method for c in found[:3]] == ["lookup", "lookup", "non-occupation"]
    assert [c.best.code for c in found[:2]] == ["5419", "8332"]
    assert found[3].best.code.startswith("1")
    assert not any(entry.code.startswith("1") for entry in found[4].codes)


def test_a_look_up_comes_before_everything_else(coder: Autocoder, tmp_path: Path) -> None:
    rules = rules_of(tmp_path, '[lookup]\n"Student" = "2310"\n', coder)
    found = coder.code(["student"], rules=rules)[0]
    assert (found.method, found.best.code, found.best.probability, found.p_none) == ("lookup", "2310", 1.0, 0.0)


def test_a_long_list_stands_in_a_file_and_ambiguous_texts_are_said(coder: Autocoder, tmp_path: Path) -> None:
    (tmp_path / "long.tsv").write_text("text\tcode\nnail lady\t5142\nboss\t1120\nBoss\t1219\n", encoding="utf-8")
    rules = rules_of(tmp_path, '[[lookup-table]]\nfile = "long.tsv"\n', coder)
    assert dict(rules.lookups) == {"nail lady": "5142"}
    assert "'boss'" in rules.notes[0]
    before = rules.fingerprint
    (tmp_path / "long.tsv").write_text("text\tcode\nnail lady\t5141\n", encoding="utf-8")
    assert rules_of(tmp_path, '[[lookup-table]]\nfile = "long.tsv"\n', coder).fingerprint != before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[lookup]\n'x' = '999'", "'999'"),
        ("[lookup]\n'x' = 110", "110"),
        ("[lokup]\n", "lokup"),
        ("[[constraint]]\nremove = ['1']\n", "condition"),
        ("[[constraint]]\nremove = ['1']\nonly = ['2']\nwhen-words = ['a']", "either"),
        ("[[constraint]]\nwhen-words = ['a']", "either"),
        ("[[constraint]]\nremove = ['77777']\nwhen-words = ['a']", "77777"),
        ("[[constraint]]\nremove = [1]\nwhen-words = ['a']", "quotation"),
        ("[constraint]\nremove = ['1']\n", "two brackets"),
        ("[register]\nfirst = 0", "first"),
        ("lookup = 3", "table"),
        ("[[lookup-table]]\ntext-column = 'a'", "names no file"),
        ("this is no toml", "cannot be read"),
    ],
)
def test_faults_in_the_file_are_told(coder: Autocoder, tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError) as caught:
        rules_of(tmp_path, text, coder)
    assert said in str(caught.value)
    assert caught.value.where
    assert caught.value.hint


def test_conditions_have_to_hold_all_together() -> None:
    constraint = Constraint(
        "r", remove=("1",), unless_words=(as_phrase("manag*"), as_phrase("Head of")), when={"supervises": frozenset({"no"})}
    )
    shares = {"1420": 0.6, "5223": 0.3}

    def first(text: str, **facts: str) -> str:
        return under_constraints(coding(shares, 0.1, text, **facts), [constraint]).best.code

    assert first("shop worker", supervises="No") == "5223"
    assert first("shop worker", supervises="yes") == "1420"
    assert first("shop worker") == "1420"
    assert first("shop management", supervises="no") == "1420"
    assert first("head of shop", supervises="no") == "1420"
    assert first("headhunter of shops", supervises="no") == "5223"


def test_words_are_looked_for_in_all_text_fields() -> None:
    constraint = Constraint("r", only=("0",), when_words=(as_phrase("army"),))
    entry = coding({"3221": 0.7, "0310": 0.2}, 0.1)
    asked = Coding(Query("nurse", context={"employer": "The Army"}), entry.codes, entry.p_none)
    ruled = under_constraints(asked, [constraint])
    assert (ruled.method, ruled.best.code) == ("rule", "0310")
    assert ruled.note == "3221 is ruled out: r"
    assert ruled.best.probability == pytest.approx(0.2 / 0.3)


def test_where_no_code_is_left_nothing_is_claimed() -> None:
    ruled = under_constraints(coding({"1420": 1.0}, 0.0), [Constraint("r", remove=("1",), when_words=(" shop ",))])
    assert (ruled.codes, ruled.p_none, ruled.method) == ((), 1.0, "rule")


def test_a_registers_code_is_accepted_among_the_first_only() -> None:
    rules = Rules(register_column="reg", register_first=2)
    shares = {"1420": 0.5, "5223": 0.3, "5221": 0.1}
    accepted = after_model(coding(shares, 0.1, reg="5223"), rules)
    assert (accepted.method, accepted.best.code, accepted.best.probability) == ("register", "5223", 0.3)
    assert [entry.code for entry in accepted.codes] == ["5223", "1420", "5221"]
    for other in ("5221", "", "9999"):
        assert after_model(coding(shares, 0.1, reg=other), rules).method == "model"


_CODES = st.text(alphabet="0123456789", min_size=4, max_size=4)


@given(
    st.dictionaries(_CODES, st.floats(0.001, 1), min_size=1, max_size=12),
    st.floats(0, 1),
    st.lists(st.tuples(st.booleans(), st.text(alphabet="0123456789", min_size=1, max_size=3)), max_size=3),
)
def test_constraints_keep_proportions_and_the_sum(shares: dict[str, float], none: float, made: list[tuple[bool, str]]) -> None:
    total = sum(shares.values()) + none
    before = coding({code: share / total for code, share in shares.items()}, none / total)
    constraints = [Constraint("r", **{"only" if only else "remove": (prefix,)}, when_words=(" shop ",)) for only, prefix in made]
    after = under_constraints(before, constraints)
    assert after.p_none + sum(entry.probability for entry in after.codes) == pytest.approx(1)
    expected = [entry.code for entry in before.codes if all(c.allows(entry.code) for c in constraints)]
    assert [entry.code for entry in after.codes] == expected
    if len(after.codes) > 1:
        one, other = after.codes[0], after.codes[-1]
        was = {entry.code: entry.probability for entry in before.codes}
        assert one.probability * was[other.code] == pytest.approx(other.probability * was[one.code])
    assert under_constraints(after, constraints).codes == after.codes or not constraints
