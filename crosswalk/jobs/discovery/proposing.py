"""Proposals of a discovery into the store and the review queue; what was rejected before stays away until its evidence has grown."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from crosswalk.errors import UsageError
from crosswalk.jobs.discovery.discover import Discovery
from crosswalk.jobs.discovery.findings import NewOccupation, NewTitle
from crosswalk.jobs.filling import new_case
from crosswalk.model import Classification, CodeShare
from crosswalk.store.answers import KeptCode
from crosswalk.store.candidates import CandidateKind, KeptCandidate
from crosswalk.store.case_rows import Case
from crosswalk.store.decision_rows import KeptDecision
from crosswalk.store.store import Store
from crosswalk.text import fold, normalise

GROWN = 2.0
"""A rejected candidate comes back when it has at least so many times the ads it had when it was rejected."""

_SAME = 0.5


@dataclass(frozen=True)
class Proposed:
    """What goes into the queue, with the keys of the cases, and how many were left out since they had been decided before."""

    run: str
    occupations: list[tuple[str, NewOccupation]]
    titles: list[tuple[str, NewTitle]]
    decided_before: int


@dataclass(frozen=True)
class _Memory:
    """Candidates decided in earlier runs, by the forms of their titles."""

    decided: list[tuple[frozenset[str], KeptCandidate, KeptDecision]]

    def settles(self, kind: CandidateKind, titles: Sequence[str], ads: int) -> bool:
        """Whether the same was decided before: accepted for good, rejected for as long as the evidence has not grown."""
        forms = _forms(titles)
        for known, candidate, decision in self.decided:
            same = candidate.kind == kind and len(forms & known) >= _SAME * min(len(forms), len(known))
            if same and (decision.action != "reject" or ads < GROWN * candidate.ads):
                return True
        return False


def propose(found: Discovery, run: str, classification: Classification, store: Store) -> Proposed:
    """Keep what a run that was begun has found, and put its proposals into the queue."""
    memory = _memory(store, but=run)
    occupations = [
        (_key("occupation", entry.titles), entry)
        for entry in found.occupations
        if not memory.settles("occupation", entry.titles, entry.ads)
    ]
    titles = [
        (_key("index title", (entry.title,)), entry)
        for entry in found.titles
        if not memory.settles("index title", (entry.title,), entry.ads)
    ]
    kept = [_kept_occupation(run, key, entry) for key, entry in occupations] + [_kept_title(run, key, entry) for key, entry in titles]
    store.candidates.save(kept)
    store.cases.fill(_cases(kept, dict(occupations), dict(titles), classification))
    store.cases.rank_clusters(run)
    store.finish_run(run)
    left = len(found.occupations) + len(found.titles) - len(occupations) - len(titles)
    return Proposed(run, occupations, titles, left)


def decided(store: Store, runs: Iterable[str]) -> list[tuple[KeptCandidate, KeptDecision]]:
    """Candidates of some runs that a person has decided, with the decision in force."""
    found = []
    for run in runs:
        settled = store.decisions.settled(run)
        found += [(candidate, settled[candidate.key]) for candidate in store.candidates.of([run]) if candidate.key in settled]
    return found


def discover_runs(store: Store, wanted: Sequence[str] = ()) -> list[str]:
    """Names of the runs of `discover`, or those wanted of them. Raises UsageError for runs of another kind."""
    if not wanted:
        return [run.name for run in store.runs() if run.job == "discover"]
    for name in wanted:
        if store.run(name).job != "discover":
            raise UsageError(f"the run {name!r} was not made by 'discover'", hint="crosswalk runs lists them")
    return list(wanted)


def _memory(store: Store, but: str) -> _Memory:
    runs = [run for run in discover_runs(store) if run != but]
    return _Memory([(_forms(candidate.titles), candidate, decision) for candidate, decision in decided(store, runs)])


def _cases(
    kept: Sequence[KeptCandidate], occupations: dict[str, NewOccupation], titles: dict[str, NewTitle], classification: Classification
) -> Iterator[Case]:
    for place, candidate in enumerate(kept):
        growth = {"growth": f"{candidate.growth:.2f}"} if candidate.growth is not None else {}
        titles_of = " · ".join(candidate.titles) if candidate.kind == "occupation" else ""  # first: they are what is to be judged
        fields = {"titles": titles_of, "ads": f"{candidate.ads:,}", **growth, "languages": candidate.languages}
        if candidate.kind == "occupation":
            entry = occupations[candidate.key]
            codes = [KeptCode(code, share, entry.nearest_title) for code, share in entry.codes]
            yield new_case(candidate.run, candidate.key, candidate.name, codes, (), fields=_filled(fields), frequency=candidate.ads,
                           p_none=1.0, method="new occupation?", note=candidate.why, position=place)  # fmt: skip
        else:
            probability = titles[candidate.key].probability
            codes = [KeptCode(candidate.code, probability, classification.title(candidate.code))]
            yield new_case(candidate.run, candidate.key, candidate.name, codes, (CodeShare(candidate.code),), fields=_filled(fields),
                           frequency=candidate.ads, p_none=round(1 - probability, 4), method="new index title", position=place)  # fmt: skip


def _kept_occupation(run: str, key: str, entry: NewOccupation) -> KeptCandidate:
    code = entry.codes[0][0] if entry.codes else ""
    return KeptCandidate(run, key, "occupation", entry.name, code, entry.titles, entry.ads, entry.growth, entry.languages, entry.why)


def _kept_title(run: str, key: str, entry: NewTitle) -> KeptCandidate:
    why = f"not in the book; coded with probability {entry.probability:.2f}"
    return KeptCandidate(run, key, "index title", entry.title, entry.code, (entry.title,), entry.ads, entry.growth, entry.languages, why)


def _filled(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


def _key(kind: CandidateKind, titles: Sequence[str]) -> str:
    """Equal for equal titles, whatever the run."""
    return hashlib.sha256("\x1f".join((kind, *sorted(_forms(titles)))).encode()).hexdigest()[:12]


def _forms(titles: Iterable[str]) -> frozenset[str]:
    return frozenset(fold(normalise(title)) for title in titles)
