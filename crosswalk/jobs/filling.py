"""Cases for people from what a run found: the doubtful answers of a coded file, every item of a mapped classification."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from crosswalk.errors import UsageError
from crosswalk.jobs.answers import BEST
from crosswalk.model import CodeShare, Coding, Proposal
from crosswalk.store.answers import KeptAnswer, KeptCode
from crosswalk.store.case_rows import Case
from crosswalk.store.erasures import ERASED
from crosswalk.store.store import KeptProposal, SourceRow, Store
from crosswalk.text import fold, normalise

_WORD_BEGINNING = 6
_TITLES_SHOWN = 12


def fill_queue(store: Store, run: str, answers: Iterable[tuple[int, KeptAnswer]] | None = None, *, automatic: bool = False) -> int:
    """Put a run's cases into its queue; gives how many were not in it yet, so that it may be called again.

    A run of `code`: answers left to a person (``answers`` with their places in the file, where these are at hand), and with
    ``automatic`` those coded without one, for verification. A run of `map`: every item that may have a target.
    Raises UsageError for other runs.
    """
    job = store.run(run).job
    if job == "code":
        placed = answers if answers is not None else enumerate(store.answers(run))
        cases = answer_cases(run, placed, automatic=automatic)
    elif job == "map":
        cases = item_cases(run, store)
    else:
        raise UsageError(f"the run {run!r} was made by '{job}': there is nothing in it to decide", hint="see 'crosswalk runs'")
    added = store.cases.fill(cases)
    if added:
        store.cases.rank_clusters(run)
    return added


def answer_cases(run: str, answers: Iterable[tuple[int, KeptAnswer]], *, automatic: bool = False) -> Iterator[Case]:
    """A case for each distinct answer that waits for a person."""
    wanted = {"review", "coded"} if automatic else {"review"}
    for place, answer in answers:
        if answer.status in wanted:
            best = tuple(answer.best())
            yield new_case(
                run, answer.text_key, answer.text, best, [CodeShare(best[0].code)] if best else [],
                fields=answer.fields(), frequency=answer.frequency, p_none=answer.p_none, method=answer.method, note=answer.note,
                coarser=answer.coarser, automatic=answer.status == "coded", position=place,
            )  # fmt: skip


def item_cases(run: str, store: Store) -> Iterator[Case]:
    """A case for each item of a mapped classification but its groups, with the best codes over all its titles."""
    codings = store.codings(run)
    rows: dict[str, list[SourceRow]] = defaultdict(list)
    for row in store.source_rows(run):
        rows[row.source_code].append(row)
    for place, kept in enumerate(store.proposals(run)):
        if kept.proposal.kind in ("map", "split", "new"):
            found = [codings[row.text_key] for row in rows[kept.proposal.source_code] if row.text_key in codings and not row.outcome]
            yield _item_case(run, place, kept, found)


def _item_case(run: str, place: int, kept: KeptProposal, codings: Sequence[Coding]) -> Case:
    proposal = kept.proposal
    proposed = [CodeShare(link.target_code, link.share) for link in proposal.maps if link.target_code]
    titles = list(dict.fromkeys(coding.query.text for coding in codings))
    fields = {name: cell for name, cell in kept.kept.items() if cell} | dict(codings[0].query.context if codings else {})
    if len(titles) > 1:
        more = f" ... and {len(titles) - _TITLES_SHOWN} more" if len(titles) > _TITLES_SHOWN else ""
        fields = {**fields, "titles": " · ".join(titles[:_TITLES_SHOWN]) + more}
    p_none = sum(coding.p_none for coding in codings) / len(codings) if codings else 1.0
    return new_case(
        run, proposal.source_code, proposal.source_title, _with_proposed(proposal, _averaged(codings)), proposed,
        fields={"code": proposal.source_code, **fields}, frequency=max(proposal.titles, 1), p_none=p_none,
        method=proposal.kind, note=proposal.reasons, position=place,
    )  # fmt: skip


def _averaged(codings: Sequence[Coding]) -> tuple[KeptCode, ...]:
    """The best codes of an item: probabilities averaged over its titles, each with the title that spoke loudest for it."""
    total: dict[str, float] = defaultdict(float)
    loudest: dict[str, tuple[float, str]] = {}
    for coding in codings:
        for entry in coding.codes:
            total[entry.code] += entry.probability / len(codings)
            matched = entry.candidate.matched.text if entry.candidate else ""
            loudest[entry.code] = max(loudest.get(entry.code, (0.0, "")), (entry.probability, matched))
    ranked = sorted(total.items(), key=lambda entry: (-round(entry[1], 6), entry[0]))[:BEST]
    return tuple(KeptCode(code, round(probability, 6), loudest[code][1]) for code, probability in ranked)


def _with_proposed(proposal: Proposal, codes: tuple[KeptCode, ...]) -> tuple[KeptCode, ...]:
    """The best codes with the one that is proposed first, as probable as the table says; the others share the rest as they did.

    The proposal knows more than the titles alone: the item's description, its siblings, an official table, second opinions.
    """
    if proposal.kind != "map":
        return codes
    (link,) = proposal.maps
    before = next((kept for kept in codes if kept.code == link.target_code), KeptCode(str(link.target_code), 0.0, ""))
    left = (1.0 - link.probability) / max(1.0 - before.probability, 1e-9)
    others = (kept._replace(probability=round(kept.probability * left, 6)) for kept in codes if kept.code != before.code)
    return (before._replace(probability=round(link.probability, 6)), *others)[:BEST]


def new_case(
    run: str, key: str, text: str, codes: Sequence[KeptCode], proposed: Sequence[CodeShare], *, frequency: int = 1, **more: object
) -> Case:
    """A case nobody has decided, with its place by impact (rows times doubt) and its cluster worked out from the text."""
    same = "" if text == ERASED else fold(normalise(text))
    same = same or f"case {key}"  # a text without a letter, or one that was erased, is like no other
    rank = -frequency * (1.0 - codes[0].probability) if codes else -float(frequency)
    return Case(
        run, key, text, frequency=frequency, codes=tuple(codes), proposed=tuple(proposed),
        same_text=same, cluster=cluster_of(same), rank=rank, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def cluster_of(same_text: str) -> str:
    """Equal for near-identical texts: the beginnings of their words, sorted ("chauffeuse de bus", "bus chauffeur de")."""
    return " ".join(sorted({word[:_WORD_BEGINNING] for word in same_text.split()}))
