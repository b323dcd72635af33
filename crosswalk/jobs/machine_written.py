"""Training examples that a language model writes for codes with few answers: off unless asked for, paid for once, marked everywhere."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crosswalk.llm.budget import Budget, Price
from crosswalk.llm.client import price_to_keep
from crosswalk.llm.examples import Wanted, Writer, Written, request_key, tokens_about
from crosswalk.llm.prompts import load_prompt
from crosswalk.llm.service import Service
from crosswalk.model import Classification, IndexTitle, Item, Opinion
from crosswalk.store.store import Store
from crosswalk.text import normalise

SOURCE = "written by a language model"
FILE = "machine-written.tsv"
"""Where an index folder lists the examples that its head learned from and no person wrote."""

_WRITTEN = "examples"  # the outcome under which a store keeps them beside opinions
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
    classification: Classification, learned: Sequence[str], writing: Writing, store: Store, say: Callable[[str], None]
) -> list[IndexTitle]:
    """Examples for the codes that are thin among ``learned``, a code an answer. What was written before is not paid for again.

    Raises UsageError before any call when the price is not known, ModelError when the service refuses.
    """
    prompt, counts = load_prompt("write_examples"), Counter(learned)
    wanted = wanted_examples(classification, counts, writing.under)
    requests = {request_key(writing.service.model, prompt, one): one for one in wanted}
    kept = {request: _titles(opinion) for request, opinion in store.opinions.known(requests).items()}
    say(f"{len(wanted):,} codes have fewer than {writing.under} answers; {len(kept):,} of them were written for before")
    waiting = [one for request, one in requests.items() if request not in kept]

    def keep(written: Written) -> None:
        store.opinions.keep([_kept(written, writing.service.model, prompt.fingerprint)])
        kept[written.request] = written.titles

    if waiting:
        price = price_to_keep(writing.service, writing.price)
        sent, received = map(sum, zip(*(tokens_about(prompt, one) for one in waiting), strict=True))
        say(f"titles and descriptions of {len(waiting):,} codes, no answers, leave this machine, to {writing.service.described()}; about "
            f"{price.of(sent, received):.4f} dollars (limit: --max-cost {writing.max_cost:g})")  # fmt: skip
        if not Writer(writing.service, prompt, price, Budget(writing.max_cost)).write(waiting, keep):
            say(f"--max-cost {writing.max_cost:g} is reached: the codes left get no examples")
    found = [IndexTitle(title, one.code, "", SOURCE) for request, one in requests.items() for title in kept.get(request, ())]
    say(f"{len(found):,} examples {SOURCE}, for {len({title.code for title in found}):,} codes")
    return found


def save_written(titles: Sequence[IndexTitle], folder: Path) -> None:
    """List the examples in an index folder: code, text, source."""
    lines = ["code\ttext\tsource", *(f"{title.code}\t{normalise(title.text)}\t{title.source}" for title in titles)]
    (folder / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _titles(opinion: Opinion) -> tuple[str, ...]:
    return tuple(json.loads(opinion.said)) if opinion.outcome == _WRITTEN else ()


def _kept(written: Written, model: str, fingerprint: str) -> Opinion:
    outcome, reply = _WRITTEN if written.titles else "another object", written.reply
    said = json.dumps(written.titles, ensure_ascii=False)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Opinion(written.request, model, reply.answered_by, fingerprint, outcome, "", "", "", said, reply.tokens_in, reply.tokens_out,
                   written.cost, 0.0, now)  # fmt: skip
