"""A run as files: tables of maps, titles and checks, each with the columns its file came with; a queue of answers; SSSOM; XKOS."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from crosswalk.errors import UsageError
from crosswalk.files.sssom import write_sssom
from crosswalk.files.tabular import Sheet, refuse_overwriting, target_files, with_kept_columns, write_tables
from crosswalk.files.xkos import write_xkos
from crosswalk.jobs.checks import check_table
from crosswalk.jobs.coded_cells import QUEUE_COLUMNS, queue_cells
from crosswalk.jobs.discovery.report import SHEETS as FOUND
from crosswalk.jobs.discovery.report import kept_sheets as discovery_sheets
from crosswalk.jobs.official import DISAGREES, official_of
from crosswalk.jobs.opinions import judged
from crosswalk.jobs.promotion import decided_proposals
from crosswalk.jobs.publishing import publication
from crosswalk.manifest import sha256_of
from crosswalk.model import Classification, Coding, Map, Proposal
from crosswalk.store.decision_rows import KeptDecision
from crosswalk.store.opinions import KeptOpinion
from crosswalk.store.store import Store

MAP_COLUMNS = ("source_code", "source_title", "target_code", "target_title", "relation", "share", "probability", "status", "reasons")
TITLE_COLUMNS = ("target_code", "target_title", "probability", "matched", "method", "note")

OPINION_COLUMNS = ("llm", "llm_choice", "llm_fit")

DOUBTFUL_BELOW = 0.5
"""A proposal whose map is less probable than this asks for a person's eye."""


SHEETS = ("maps", "titles", "checks")
CHECK_COLUMNS = ("check", "source_code", "source_title", "target_code", "target_title", "finding")


@dataclass(frozen=True)
class Form:
    """What a run is written as: "tables", "sssom" or "xkos"; the last two under these IRIs and licence."""

    kind: str = "tables"
    source_iri: str | None = None
    licence: str | None = None

    def files(self, path: Path) -> list[Path]:
        """The files that would be written."""
        return target_files(path, (*SHEETS, *FOUND[1:])) if self.kind == "tables" else [path]


TABLES = Form()


def check_targets(path: Path | None, needed: Mapping[str, Path | str], form: Form = TABLES) -> None:
    """Refuse, before any work, an ``-o`` that cannot be written or that would overwrite what is needed."""
    if path:
        refuse_overwriting(form.files(path), {name: place for name, place in needed.items() if isinstance(place, Path)})


def refuse_the_input(store: Store, run: str, path: Path, form: Form = TABLES) -> None:
    """Refuse an ``-o`` that holds what the run was made from, wherever that file lies now."""
    made_from = store.run(run).settings.get("input")
    for target in form.files(path):
        if target.is_file() and sha256_of(target)[:16] == made_from:
            raise UsageError("this would overwrite the run's input", where=str(target), hint="name another file with -o")


def _refuse_publication(store: Store, run: str, form: Form) -> None:
    """A publication is one of a mapping: nothing else has maps."""
    job = store.run(run).job
    if form.kind != "tables" and job != "map":
        raise UsageError(
            f"the run {run!r} was made by '{job}': it holds no correspondence to write as {form.kind}", hint="give --format csv or xlsx"
        )


def export_run(store: Store, run: str, classification: Classification, path: Path, form: Form = TABLES) -> list[Path]:
    """Write a run: maps, titles and checks (sheets or files), the queue of a coded file, what was discovered, or a publication.

    Gives the files written. Raises UsageError for a publication of what is no mapping.
    """
    _refuse_publication(store, run, form)
    if form.kind == "sssom":
        write_sssom(path, publication(store, run, classification, form.source_iri, form.licence))
    elif form.kind == "xkos":
        write_xkos(path, publication(store, run, classification, form.source_iri, form.licence))
    elif store.run(run).job == "code":
        return write_tables(path, [queue_sheet(store, run, classification)])
    elif store.run(run).job == "discover":
        return write_tables(path, discovery_sheets(store, run, classification))
    else:
        return write_tables(path, [sheet(store, run, classification) for sheet in (map_sheet, title_sheet, check_sheet)])
    return [path]


def check_sheet(store: Store, run: str, classification: Classification) -> Sheet:
    """One row a finding of the checks over the whole table."""
    proposals = [entry.proposal for entry in decided_proposals(store, run, classification)]
    titles = {proposal.source_code: proposal.source_title for proposal in proposals}
    found = check_table(proposals, classification, title_votes(store, run), official_of(store.run(run)))
    rows = (
        [c.kind, c.source_code, titles.get(c.source_code, ""), c.target_code, classification.title(c.target_code), c.finding] for c in found
    )
    return Sheet(SHEETS[2], CHECK_COLUMNS, rows)


def title_votes(store: Store, run: str) -> dict[str, Counter[str]]:
    """By source code: how many of its titles were coded to each target, as the titles sheet shows them."""
    codings = judged(store.codings(run, scores=False), store.opinions.of_run(run))
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for row in store.source_rows(run):
        coding = codings.get(row.text_key)
        if coding and not row.outcome and coding.method != "non-occupation":
            votes[row.source_code][coding.codes[0].code if coding.has_code else ""] += 1
    return votes


def queue_sheet(store: Store, run: str, classification: Classification) -> Sheet:
    """One row a distinct answer that waits for a person, the most frequent first, with a language model's opinion where one was asked."""
    opinions = store.opinions.of_run(run)
    if not opinions:
        return Sheet("queue", QUEUE_COLUMNS, (queue_cells(answer, classification) for answer in store.queue(run)))
    rows = ([*queue_cells(answer, classification), *opinion_cells(opinions.get(answer.text_key))] for answer in store.queue(run))
    return Sheet("queue", (*QUEUE_COLUMNS, *OPINION_COLUMNS), rows)


def map_sheet(store: Store, run: str, classification: Classification) -> Sheet:
    """One row an item and target; an item without target has one row, its target blank."""
    proposals = decided_proposals(store, run, classification)
    settled = store.decisions.settled(run)
    names = with_kept_columns(MAP_COLUMNS, dict.fromkeys(name for entry in proposals for name in entry.kept))

    def rows() -> Iterator[list[str]]:
        for entry in proposals:
            for link in entry.proposal.maps or (None,):
                decision = settled.get(entry.proposal.source_code)
                yield [*_map_cells(entry.proposal, link, classification, decision), *(entry.kept.get(name, "") for name in names)]

    return Sheet(SHEETS[0], [*MAP_COLUMNS, *names.values()], rows())


def _map_cells(proposal: Proposal, link: Map | None, classification: Classification, decision: KeptDecision | None) -> list[str]:
    code = (link.target_code or "") if link else ""
    return [
        proposal.source_code,
        proposal.source_title,
        code,
        classification.title(code),
        (link.relation or "") if link else "",
        f"{link.share:.4f}" if link and code else "",
        f"{link.probability:.4f}" if link else "",
        status(proposal, link, decision),
        proposal.reasons,
    ]


DECIDED = {"accept": "accepted", "amend": "amended", "split": "amended", "new": "new occupation", "reject": "rejected"}
"""What a person's decision makes of an item's status."""


def status(proposal: Proposal, link: Map | None, decision: KeptDecision | None = None) -> str:
    """What a person decided; else "proposed", "doubtful", or why the item has no target."""
    if decision:
        return DECIDED.get(decision.action, decision.action)
    if proposal.kind in ("map", "split"):
        return "doubtful" if (link and link.probability < DOUBTFUL_BELOW) or DISAGREES in proposal.reasons else "proposed"
    return {"new": "no target", "group": "group", "non-occupation": "not an occupation", "cross-reference": "not coded"}[proposal.kind]


def title_sheet(store: Store, run: str, classification: Classification) -> Sheet:
    """One row a row of the file: its own columns, then what its title was coded to, and what a language model said where one was asked."""
    opinions = store.opinions.of_run(run)
    codings = judged(store.codings(run, scores=False), opinions)
    rows = list(store.source_rows(run))
    ours = (*TITLE_COLUMNS, *(OPINION_COLUMNS if opinions else ()))
    kept = with_kept_columns(ours, rows[0].cells if rows else ())

    def out() -> Iterator[list[str]]:
        for row in rows:
            coding = codings.get(row.text_key)
            found = _coding_cells(coding, classification) if coding and not row.outcome else ["", "", "", "", "", row.outcome]
            said = opinion_cells(opinions.get(row.text_key)) if opinions else []
            yield [*(row.cells[name] for name in kept), *found, *said]

    return Sheet(SHEETS[1], [*kept.values(), *ours], out())


def opinion_cells(kept: KeptOpinion | None) -> list[str]:
    """Cells in the order of ``OPINION_COLUMNS``."""
    return [kept.opinion.model, kept.opinion.choice, kept.opinion.fit] if kept else ["", "", ""]


def _coding_cells(coding: Coding, classification: Classification) -> list[str]:
    if not coding.has_code:
        return ["", "", f"{coding.p_none:.4f}", "", coding.method, coding.note or "no code is near enough"]
    best = coding.codes[0]
    matched = best.candidate.matched.text if best.candidate else ""
    return [best.code, classification.title(best.code), f"{best.probability:.4f}", matched, coding.method, coding.note]
