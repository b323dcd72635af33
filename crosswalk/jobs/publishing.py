"""A run as a publication: its maps with the relation, the cardinality in the whole table, and who reviewed them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from crosswalk import __version__
from crosswalk.errors import UsageError
from crosswalk.files.publication import ISCO_08, Association, Cardinality, Publication, Scheme, own_scheme
from crosswalk.files.sssom import UNSPECIFIED_LICENCE
from crosswalk.jobs.promotion import decided_proposals
from crosswalk.model import Classification, Map, Proposal
from crosswalk.store.decision_rows import KeptDecision
from crosswalk.store.store import Store


def publication(
    store: Store, run: str, classification: Classification, source_iri: str | None = None, licence: str | None = None
) -> Publication:
    """The correspondence of a run. Raises UsageError for a coded survey, which is none."""
    if store.run(run).job != "map":
        raise UsageError(f"run {run!r} coded a survey: it has no correspondence", hint="export it as csv or xlsx")
    source = own_scheme(run, source_iri)
    target = ISCO_08 if classification.scheme == "isco-08" else _other_target(classification)
    entries = associations(_as_published(store, run, classification), classification, store.decisions.settled(run))
    return Publication(run, source, target, licence or UNSPECIFIED_LICENCE, __version__, entries)


def _as_published(store: Store, run: str, classification: Classification) -> list[Proposal]:
    """Proposals with decisions in force; what was rejected stays as the program proposed it, to be published as rejected."""
    settled = store.decisions.settled(run)
    before = {kept.proposal.source_code: kept.proposal for kept in store.proposals(run)}
    decided = [kept.proposal for kept in decided_proposals(store, run, classification)]
    rejected = {key for key, decision in settled.items() if decision.action == "reject"}
    return [before[proposal.source_code] if proposal.source_code in rejected else proposal for proposal in decided]


def associations(
    proposals: Sequence[Proposal], classification: Classification, settled: Mapping[str, KeptDecision] | None = None
) -> list[Association]:
    """One association a map, in the order of the file; items that are no occupations have none."""
    fan_in = Counter(link.target_code for proposal in proposals for link in proposal.maps if link.target_code)
    return [
        _reviewed(_association(proposal, link, classification, fan_in), (settled or {}).get(proposal.source_code))
        for proposal in proposals
        if proposal.kind in ("map", "split", "new")
        for link in proposal.maps
    ]


def _association(proposal: Proposal, link: Map, classification: Classification, fan_in: Counter[str]) -> Association:
    code = link.target_code or ""
    return Association(
        source_code=proposal.source_code,
        source_title=proposal.source_title,
        target_code=code,
        target_title=classification.title(code),
        relation=link.relation,
        cardinality=cardinality(len(proposal.maps), fan_in[code]) if code else "1:0",
        share=link.share,
        probability=link.probability,
        comment=f"share {link.share:.2f}; {proposal.reasons}" if len(proposal.maps) > 1 else proposal.reasons,
    )


def _reviewed(entry: Association, decision: KeptDecision | None) -> Association:
    """With the person's word beside the machine's: who proposed a map stays told, and confidence and agreement stay apart.

    Where the person gave another map than the machine there is no machine's confidence of it, unless the machine had listed it.
    """
    if decision is None:
        return entry
    own = decision.action in ("amend", "split", "new")
    listed = {str(code): probability for code, probability in decision.against.get("codes", [])}  # type: ignore[attr-defined]
    return replace(
        entry,
        evidence="person" if own else "titles",
        probability=listed.get(entry.target_code) if own else entry.probability,
        reviewer=decision.coder,
        reviewed=decision.time[:10],
        agreement=-1.0 if decision.action == "reject" else 1.0,
    )


def cardinality(targets: int, sources: int) -> Cardinality:
    """How many targets the source has, and how many sources the target, in SSSOM's words."""
    if targets > 1:
        return "n:n" if sources > 1 else "1:n"
    return "n:1" if sources > 1 else "1:1"


def _other_target(classification: Classification) -> Scheme:
    scheme = own_scheme(classification.scheme, None)
    return Scheme("target", classification.scheme, scheme.base, scheme.iri)
