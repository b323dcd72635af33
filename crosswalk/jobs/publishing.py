"""A run as a publication: its maps with the relation, the cardinality in the whole table, and who reviewed them."""

from collections import Counter
from collections.abc import Sequence

from crosswalk import __version__
from crosswalk.errors import UsageError
from crosswalk.files.publication import ISCO_08, Association, Cardinality, Publication, Scheme, own_scheme
from crosswalk.files.sssom import UNSPECIFIED_LICENCE
from crosswalk.model import Classification, Map, Proposal
from crosswalk.store.store import Store


def publication(
    store: Store, run: str, classification: Classification, source_iri: str | None = None, licence: str | None = None
) -> Publication:
    """The correspondence of a run. Raises UsageError for a coded survey, which is none."""
    if store.run(run).job != "map":
        raise UsageError(f"run {run!r} coded a survey: it has no correspondence", hint="export it as csv or xlsx")
    proposals = [entry.proposal for entry in store.proposals(run)]
    source = own_scheme(run, source_iri)
    target = ISCO_08 if classification.scheme == "isco-08" else _other_target(classification)
    entries = associations(proposals, classification)
    return Publication(run, source, target, licence or UNSPECIFIED_LICENCE, __version__, entries)


def associations(proposals: Sequence[Proposal], classification: Classification) -> list[Association]:
    """One association a map, in the order of the file; items that are no occupations have none."""
    fan_in = Counter(link.target_code for proposal in proposals for link in proposal.maps if link.target_code)
    return [
        _association(proposal, link, classification, fan_in)
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


def cardinality(targets: int, sources: int) -> Cardinality:
    """How many targets the source has, and how many sources the target, in SSSOM's words."""
    if targets > 1:
        return "n:n" if sources > 1 else "1:n"
    return "n:1" if sources > 1 else "1:1"


def _other_target(classification: Classification) -> Scheme:
    scheme = own_scheme(classification.scheme, None)
    return Scheme("target", classification.scheme, scheme.base, scheme.iri)
