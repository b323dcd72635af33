"""A run as tables: one row an item and target, one row a title, each with the columns its file came with; or a queue of answers."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from crosswalk.errors import UsageError
from crosswalk.files.tabular import Sheet, refuse_overwriting, target_files, with_kept_columns, write_tables
from crosswalk.jobs.coded_cells import QUEUE_COLUMNS, queue_cells
from crosswalk.jobs.promotion import decided_proposals
from crosswalk.manifest import sha256_of
from crosswalk.model import Classification, Coding, Map, Proposal
from crosswalk.store.store import Store

MAP_COLUMNS = ("source_code", "source_title", "target_code", "target_title", "relation", "share", "probability", "status", "reasons")
TITLE_COLUMNS = ("target_code", "target_title", "probability", "matched", "method", "note")

DOUBTFUL_BELOW = 0.5
"""A proposal whose map is less probable than this asks for a person's eye."""


SHEETS = ("maps", "titles")


def check_targets(path: Path | None, needed: Mapping[str, Path | str]) -> None:
    """Refuse, before any work, an ``-o`` that cannot be written or that would overwrite what is needed."""
    if path:
        refuse_overwriting(target_files(path, SHEETS), {name: place for name, place in needed.items() if isinstance(place, Path)})


def refuse_the_input(store: Store, run: str, path: Path) -> None:
    """Refuse an ``-o`` that holds what the run was made from, wherever that file lies now."""
    made_from = store.run(run).settings.get("input")
    for target in target_files(path, SHEETS):
        if target.is_file() and sha256_of(target)[:16] == made_from:
            raise UsageError("this would overwrite the run's input", where=str(target), hint="name another file with -o")


def export_run(store: Store, run: str, classification: Classification, path: Path) -> list[Path]:
    """Write a run to .xlsx or .csv: maps and titles (two sheets or files), or the queue of a coded file; gives the files written."""
    if store.run(run).job == "code":
        return write_tables(path, [queue_sheet(store, run, classification)])
    return write_tables(path, [map_sheet(store, run, classification), title_sheet(store, run, classification)])


def queue_sheet(store: Store, run: str, classification: Classification) -> Sheet:
    """One row a distinct answer that waits for a person, the most frequent first."""
    return Sheet("queue", QUEUE_COLUMNS, (queue_cells(answer, classification) for answer in store.queue(run)))


def map_sheet(store: Store, run: str, classification: Classification) -> Sheet:
    """One row an item and target; an item without target has one row, its target blank."""
    proposals = decided_proposals(store, run, classification)
    names = with_kept_columns(MAP_COLUMNS, dict.fromkeys(name for entry in proposals for name in entry.kept))

    def rows() -> Iterator[list[str]]:
        for entry in proposals:
            for link in entry.proposal.maps or (None,):
                yield [*_map_cells(entry.proposal, link, classification), *(entry.kept.get(name, "") for name in names)]

    return Sheet(SHEETS[0], [*MAP_COLUMNS, *names.values()], rows())


def _map_cells(proposal: Proposal, link: Map | None, classification: Classification) -> list[str]:
    code = (link.target_code or "") if link else ""
    return [
        proposal.source_code,
        proposal.source_title,
        code,
        classification.title(code),
        (link.relation or "") if link else "",
        f"{link.share:.4f}" if link and code else "",
        f"{link.probability:.4f}" if link else "",
        status(proposal, link),
        proposal.reasons,
    ]


def status(proposal: Proposal, link: Map | None) -> str:
    """ "proposed", "doubtful", or why the item has no target."""
    if proposal.kind in ("map", "split"):
        return "doubtful" if link and link.probability < DOUBTFUL_BELOW else "proposed"
    return {"new": "no target", "group": "group", "non-occupation": "not an occupation", "cross-reference": "not coded"}[proposal.kind]


def title_sheet(store: Store, run: str, classification: Classification) -> Sheet:
    """One row a row of the file: its own columns, then what its title was coded to."""
    codings = store.codings(run)
    rows = list(store.source_rows(run))
    kept = with_kept_columns(TITLE_COLUMNS, rows[0].cells if rows else ())

    def out() -> Iterator[list[str]]:
        for row in rows:
            coding = codings.get(row.text_key)
            ours = _coding_cells(coding, classification) if coding and not row.outcome else ["", "", "", "", "", row.outcome]
            yield [*(row.cells[name] for name in kept), *ours]

    return Sheet(SHEETS[1], [*kept.values(), *TITLE_COLUMNS], out())


def _coding_cells(coding: Coding, classification: Classification) -> list[str]:
    if not coding.codes or coding.p_none > coding.codes[0].probability:
        return ["", "", f"{coding.p_none:.4f}", "", coding.method, coding.note or "no code is near enough"]
    best = coding.codes[0]
    matched = best.candidate.matched.text if best.candidate else ""
    return [best.code, classification.title(best.code), f"{best.probability:.4f}", matched, coding.method, coding.note]
