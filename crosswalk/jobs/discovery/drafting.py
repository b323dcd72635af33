"""A language model's draft of a name and a definition for each candidate: evidence for the expert, who writes and decides."""

from collections.abc import Sequence

from crosswalk.jobs.discovery.findings import NewOccupation
from crosswalk.jobs.opinions import Bar, SecondOpinion, Talk, Wording, ask_all
from crosswalk.llm.drafts import PROMPT, Description, redacted_description
from crosswalk.llm.prompts import load_prompt
from crosswalk.model import Classification, Opinion
from crosswalk.store.store import Store

COLUMNS = ("draft_by", "draft_name", "draft_definition")

_WORDING = Wording("drafts of names and definitions", "candidates", "candidates (their titles and nearest groups)")


def ask_drafts(
    store: Store,
    run: str,
    occupations: Sequence[tuple[str, NewOccupation]],
    classification: Classification,
    wanted: SecondOpinion,
    bar: Bar,
    say: Talk,
) -> None:
    """Ask for a draft of every candidate that has none, the most promising first, until the money is spent."""
    asked = [description(key, entry, classification) for key, entry in occupations]
    if wanted.redact:
        asked = [redacted_description(one) for one in asked]
    ask_all(store, run, asked, wanted, load_prompt(PROMPT), _WORDING, bar, say)


def description(key: str, entry: NewOccupation, classification: Classification) -> Description:
    """What a model is told of a candidate."""
    facts = {"ads": str(entry.ads)} | ({"languages": entry.languages} if entry.languages else {})
    return Description(key, entry.titles, tuple((code, classification.title(code)) for code, _ in entry.codes), facts)


def drafts_of(store: Store, run: str) -> dict[str, Opinion]:
    """The drafts of a run by the key of their candidate; replies that could not be used are left out."""
    return {key: kept.opinion for key, kept in store.opinions.of_run(run).items() if kept.opinion.is_draft}


def draft_cells(draft: Opinion | None) -> list[str]:
    """Cells in the order of ``COLUMNS``."""
    return [f"draft by {draft.model}", draft.choice, draft.said] if draft else ["", "", ""]
