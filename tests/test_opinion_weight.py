"""What an opinion is worth, learned from decided cases: opinions come through the real client, from a stand-in of known accuracy."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from crosswalk.jobs.answers import kept_answer
from crosswalk.jobs.filling import fill_queue
from crosswalk.jobs.opinion_weight import FEWEST, WORSE_BORNE, Weights, fitted, learned, listed_case, with_opinion
from crosswalk.jobs.opinions import second_opinions
from crosswalk.jobs.quality.calibration import expected_calibration_error
from crosswalk.llm.questions import Option, Question
from crosswalk.model import Classification, CodeProbability, CodeShare, Coding, Decision, Item, Opinion, Query
from crosswalk.store.store import Store
from tests.test_llm import Bar, TestServer, fresh, key, server, wanted  # noqa: F401  (fixtures)

CODES = [f"{number}" for number in range(2211, 2217)]
TARGET = Classification("isco-08", "1", tuple(Item(code, f"Group {code}", 1) for code in CODES))


def codings(count: int, seed: int) -> list[tuple[Coding, str]]:
    """Codings whose probabilities are right by construction, each with its truth ("" for none)."""
    draw = np.random.default_rng(seed)
    found = []
    for number in range(count):
        shares = draw.dirichlet([0.6] * (len(CODES) + 1))
        truth = [*CODES, ""][int(draw.choice(len(shares), p=shares))]
        entries = sorted((CodeProbability(code, float(share)) for code, share in zip(CODES, shares, strict=False)),
                         key=lambda entry: -entry.probability)  # fmt: skip
        query = Query(f"job {seed} {number}, truth {truth or 'NONE'}", f"{seed}-{number:05}")
        found.append((Coding(query, tuple(entries), float(shares[-1]), "review"), truth))
    return found


def ask(store: Store, run: str, cases: Sequence[tuple[Coding, str]], where: TestServer, mode: str) -> None:
    options = tuple(Option(code, f"Group {code}") for code in CODES)
    questions = [Question(coding.query.id, coding.query.text, options) for coding, _ in cases]
    second_opinions(store, run, questions, wanted(where, mode), Bar(), lambda line: None)


def decided_run(store: Store, cases: Sequence[tuple[Coding, str]]) -> None:
    """A coded survey, all of whose doubtful answers a person has decided as the truth has it."""
    store.begin_run("past", "code", "f", {}, [], {})
    store.save_answers("past", [kept_answer(coding, 1) for coding, _ in cases])
    fill_queue(store, "past", enumerate(store.answers("past")))
    coder = store.sessions.begin("Ana")
    for coding, truth in cases:
        case = store.cases.find("past", coding.query.id)
        assert case is not None
        decision = Decision("amend", (CodeShare(truth),)) if truth else Decision("reject")
        store.decisions.decide(case.id, decision, coder, seen=case.version, seconds=0.0)


def figures(cases: Sequence[tuple[Coding, str]]) -> tuple[float, float]:
    """Share with the right answer first, and the calibration error."""
    firsts = [max([(entry.probability, entry.code) for entry in coding.codes] + [(coding.p_none, "")]) for coding, _ in cases]
    right = np.array([first[1] == truth for first, (_, truth) in zip(firsts, cases, strict=True)])
    return float(right.mean()), expected_calibration_error(np.array([first[0] for first in firsts]), right)


@pytest.mark.parametrize(("mode", "gain"), [("right-90", 0.15), ("right-14", -0.02)])
def test_an_opinion_weighs_what_it_was_worth_and_new_cases_come_out_no_worse(
    server: TestServer,  # noqa: F811
    tmp_path: Path,
    mode: str,
    gain: float,
) -> None:
    past, new = codings(400, 1), codings(1000, 2)
    with Store(tmp_path / "s.db") as store:
        decided_run(store, past)
        ask(store, "past", past, server, mode)
        (weights,) = learned(store, TARGET).values()
        store.begin_run("new", "code", "f", {}, [], {})
        ask(store, "new", new, server, mode)
        opinions = store.opinions.of_run("new")
        known = learned(store, TARGET)
    asked = [(Coding(c.query, c.codes, c.p_none), truth) for c, truth in new]
    after = [(with_opinion(c, opinions[c.query.id].opinion, known), truth) for c, truth in asked]
    (top, ece), (top_after, ece_after) = figures(asked), figures(after)
    print(f"{mode}: right first {top:.3f} -> {top_after:.3f}, calibration error {ece:.3f} -> {ece_after:.3f}, weights {weights.values}")
    assert weights.cases == 400
    assert top_after >= top + gain
    assert ece_after <= max(ece, 0.02) + WORSE_BORNE + 0.01
    assert weights.helps or top_after == top
    if gain > 0:
        assert weights.helps
        assert weights.after.top > weights.before.top + 0.1
    for coding, _ in after:
        assert sum(entry.probability for entry in coding.codes) + coding.p_none == pytest.approx(1, abs=1e-5)


def opinion(choice: str) -> Opinion:
    return Opinion("r", "m", "m", "p", "answered", choice, "yes", "clearly", "", 1, 1, 0.0, 0.1, "2026")


def cases_of(count: int) -> Weights:
    made = []
    for coding, truth in codings(count, 3):
        codes, given = [entry.code for entry in coding.codes], [entry.probability for entry in coding.codes]
        made.append(listed_case(codes, given, coding.p_none, opinion(truth or "NONE"), truth))
    return fitted(made)


def test_too_few_decided_cases_reorder_nothing_however_good_the_model() -> None:
    (coding, _), judge = codings(1, 4)[0], ("m", "p")
    asked = Coding(coding.query, coding.codes, coding.p_none)
    few, enough = cases_of(FEWEST - 1), cases_of(FEWEST)
    assert with_opinion(asked, opinion(asked.codes[-1].code), {judge: few}) == asked
    assert with_opinion(asked, opinion(asked.codes[-1].code), {judge: enough}).codes[0].code == asked.codes[-1].code
    assert "now change probabilities" in enough.in_words(judge)
    other = Opinion("r", "other", "m", "p", "answered", asked.codes[-1].code, "yes", "clearly", "", 1, 1, 0.0, 0.1, "2026")
    assert with_opinion(asked, other, {judge: enough}) == asked


def test_what_rules_or_refused_replies_left_stays() -> None:
    (coding, _), enough = codings(1, 4)[0], {("m", "p"): cases_of(FEWEST)}
    assert with_opinion(coding, opinion(CODES[0]), enough) == coding, "method review is no work of the model alone"
    asked = Coding(coding.query, coding.codes, coding.p_none)
    assert with_opinion(asked, None, enough) == asked
    refused = Opinion("r", "m", "m", "p", "not JSON", "", "", "", "x", 1, 1, 0.0, 0.1, "2026")
    assert with_opinion(asked, refused, enough) == asked
