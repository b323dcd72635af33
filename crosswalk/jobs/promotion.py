"""Decisions put to use: as a look-up table for the next batch, as training data, and in the coded file and the mapping themselves."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from crosswalk.files.tabular import Sheet, write_tables
from crosswalk.jobs.rollup import with_relations
from crosswalk.model import Classification, CorrespondenceTable, Kind, Map, Proposal
from crosswalk.store.answers import KeptAnswer, KeptCode, packed
from crosswalk.store.decision_rows import KeptDecision
from crosswalk.store.erasures import ERASED
from crosswalk.store.store import KeptProposal, Store

LOOKUP_COLUMNS = ("text", "code", "title", "rows", "coder", "decided")
TRAINING_COLUMNS = ("text", "more", "code", "not", "rows", "action", "coder", "decided")


def write_lookup(store: Store, run: str, classification: Classification, path: Path) -> tuple[int, int]:
    """Write a look-up table of what coders decided, for ``[[lookup-table]]`` in the rules; gives texts written and texts left out.

    A text is left out where its decisions differ, or are no single unit group: a look-up must always be right.
    """
    settled = store.decisions.settled(run)
    units = {item.code for item in classification.unit_groups}
    by_text: dict[str, list[tuple[str, int, KeptDecision]]] = defaultdict(list)
    for case, _ in store.decisions.in_force(run):
        if case.key in settled and case.text != ERASED:
            by_text[case.same_text].append((case.text, case.frequency, settled[case.key]))
    rows = []
    for group in by_text.values():
        codes = {kept.code if len(kept.codes) == 1 else "" for _, _, kept in group}
        code = codes.pop() if len(codes) == 1 else ""
        if code in units:
            text, _, kept = group[0]
            rows.append([text, code, classification.title(code), str(sum(each[1] for each in group)), kept.coder, kept.time])
    write_tables(path, [Sheet("lookup", list(LOOKUP_COLUMNS), iter(rows))])
    return len(rows), len(by_text) - len(rows)


def write_training(store: Store, run: str, path: Path) -> int:
    """Write decisions as training data: text, code (several of a split with "|" between), and in "not" the suggestions turned down."""
    rows = list(_training_rows(store, run))
    write_tables(path, [Sheet("training", list(TRAINING_COLUMNS), iter(rows))])
    return len(rows)


def _training_rows(store: Store, run: str) -> Iterator[list[str]]:
    settled = store.decisions.settled(run)
    for case, _ in store.decisions.in_force(run):
        kept = settled.get(case.key)
        if kept is None or case.text == ERASED:
            continue
        codes = [given.code for given in kept.codes]
        turned_down = [entry.code for entry in case.codes if entry.code not in codes] if kept.suggested else []
        more = "; ".join(f"{name}: {value}" for name, value in case.fields.items() if value)
        yield [case.text, more, "|".join(codes), "|".join(turned_down), str(case.frequency), kept.action, kept.coder, kept.time]


def decided_answer(answer: KeptAnswer, kept: KeptDecision | None) -> KeptAnswer:
    """An answer with what a coder decided of it: method "coder"; the code given stands first, with the model's probability of it."""
    if kept is None:
        return answer
    best = answer.best()
    given = [next((entry for entry in best if entry.code == share.code), KeptCode(share.code, 0.0, "")) for share in kept.codes]
    others = [entry for entry in best if entry not in given]
    note = ": ".join(part for part in (f"{kept.action} by {kept.coder}, {kept.time[:10]}", kept.name or kept.note) if part)
    return answer._replace(
        status="coded" if given else "no occupation", method="coder", note=note, coarser="", codes=packed([*given, *others][:_BEST])
    )  # fmt: skip


def decided_proposal(kept: KeptProposal, decision: KeptDecision | None) -> KeptProposal:
    """An item's proposal with what an expert decided of it: the reasons begin with who and how."""
    if decision is None:
        return kept
    before = {link.target_code: link for link in kept.proposal.maps}
    source = kept.proposal.source_code
    maps = tuple(
        replace(before.get(given.code) or Map(source, given.code, None, given.share, 0.0), share=given.share) for given in decision.codes
    )
    reason = "; ".join(part for part in (f"{decision.action} by {decision.coder}", decision.name, decision.note) if part)
    kind: Kind = "new" if not maps else "split" if len(maps) > 1 else "map"
    proposal = Proposal(
        source, kept.proposal.source_title, kind, maps or (Map(source, None, None, 1.0, 1.0),), reason, kept.proposal.titles
    )
    return replace(kept, proposal=proposal)


def decided_proposals(store: Store, run: str, classification: Classification) -> list[KeptProposal]:
    """Proposals of a mapping with the decisions in force; relations are read off the table as it is then."""
    proposals, settled = store.proposals(run), store.decisions.settled(run)
    if not settled:
        return proposals
    decided = [decided_proposal(kept, settled.get(kept.proposal.source_code)) for kept in proposals]
    table = CorrespondenceTable(run, classification.scheme, tuple(kept.proposal for kept in decided))
    related = with_relations(table, classification).proposals
    return [replace(kept, proposal=proposal) for kept, proposal in zip(decided, related, strict=True)]


_BEST = 6
