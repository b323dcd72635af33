"""Training examples that a language model writes for codes with few answers: off unless asked for, paid for once, marked everywhere."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosswalk.jobs.opinions import Bar, SecondOpinion, When, Wording, ask
from crosswalk.llm.budget import Price
from crosswalk.llm.examples import Wanted, titles_written
from crosswalk.llm.prompts import load_prompt
from crosswalk.llm.questions import request_key
from crosswalk.llm.service import Service
from crosswalk.model import Classification, IndexTitle, Item
from crosswalk.store.store import Store
from crosswalk.text import normalise

SOURCE = "written by a language model"
FILE = "machine-written.tsv"
"""Where an index folder lists the examples that its head learned from and no person wrote."""

_WORDING = Wording("examples", "codes", "codes with their titles and descriptions, no answers,")
_OTHERS = 5
_MOST = 30


@dataclass(frozen=True)
class Writing:
    """What the user allowed: codes with fewer answers than ``under`` get so many as they lack; which service, for how much."""

    service: Service
    under: int
    max_cost: float
    price: Price | None = None


def wanted_examples(classification: Classification, answers: Mapping[str, int], under: int) -> list[Wanted]:
    """What to ask for: for every unit group with fewer answers than ``under`` those that it lacks, at most 30."""
    siblings: defaultdict[str, list[Item]] = defaultdict(list)
    for item in classification.unit_groups:
        siblings[item.parent or ""].append(item)
    wanted = []
    for item in classification.unit_groups:
        lacking = min(_MOST, under - answers.get(item.code, 0))
        if lacking > 0 and item.title != item.code:
            others = [other.title for other in siblings[item.parent or ""] if other.code != item.code][:_OTHERS]
            wanted.append(Wanted(item.code, item.title, item.notes, tuple(others), lacking))
    return wanted


def machine_written(
    classification: Classification, learned: Sequence[str], writing: Writing, store: Store, bar: Bar, say: Callable[[str], None]
) -> list[IndexTitle]:
    """Examples for the codes that are thin among ``learned``, a code an answer. What was written before is not paid for again.

    Raises UsageError before any call when the price is not known, ModelError when the service refuses.
    """
    prompt = load_prompt("write_examples")
    wanted = wanted_examples(classification, Counter(learned), writing.under)
    requests = {one.code: request_key(writing.service.model, prompt, one) for one in wanted}
    known = store.opinions.known(requests.values())
    say(f"{len(wanted):,} codes have fewer than {writing.under} answers; {len(known):,} of them were written for before")
    waiting = [one for one in wanted if requests[one.code] not in known]
    if waiting:
        allowed = SecondOpinion(writing.service, When(), writing.max_cost, writing.price)
        ask(store, waiting, allowed, prompt, _WORDING, bar, say)
        known = store.opinions.known(requests.values())
    titles = {code: titles_written(known[request]) for code, request in requests.items() if request in known}
    found = [IndexTitle(title, code, "", SOURCE) for code, written in titles.items() for title in written]
    say(f"{len(found):,} examples {SOURCE}, for {len({title.code for title in found}):,} codes")
    return found


def save_written(titles: Sequence[IndexTitle], folder: Path) -> None:
    """List the examples in an index folder: code, text, source."""
    lines = ["code\ttext\tsource", *(f"{title.code}\t{normalise(title.text)}\t{title.source}" for title in titles)]
    (folder / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
