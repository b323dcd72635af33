"""Maps a classification: its file to rows, the rows' texts to codings, the codings to a proposal for every item."""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from crosswalk.coding.autocoder import Autocoder
from crosswalk.errors import DataError
from crosswalk.files.table import Table
from crosswalk.jobs import item_evidence
from crosswalk.jobs.batch import Progress, code_run
from crosswalk.jobs.hierarchy import groups
from crosswalk.jobs.official import load_official, official_of, with_official_reason, with_prior
from crosswalk.jobs.opinion_weight import learned, with_opinion
from crosswalk.jobs.opinions import Bar, SecondOpinion, judged, opinions_in_words, questions_of, second_opinions
from crosswalk.jobs.rollup import roll_up, with_relations
from crosswalk.manifest import sha256_of
from crosswalk.model import Classification, Coding, CorrespondenceTable, Query
from crosswalk.store.opinions import KeptOpinion
from crosswalk.store.store import KeptProposal, SourceRow, Store
from crosswalk.text import LONGEST_TEXT, clean, is_code, one_line

Talk = Callable[[str], None]
"""Says one line to the person."""

_BETWEEN_TITLES = re.compile(r"[\n;|]")
_AROUND_TITLES = " \t~*\u2022\u00b7-"


@dataclass(frozen=True)
class MappingColumns:
    """Which columns of the source say what. All-digit codes shorter than ``code_width`` get their zeros back.

    A cell of ``index_titles`` holds further titles of the item, a line each or separated by ";" or "|".
    """

    code: str
    title: str
    qualifiers: tuple[str, ...] = ()
    description: str | None = None
    code_width: int | None = None
    index_titles: str | None = None

    def settings(self) -> dict[str, object]:
        """The columns as the run remembers them."""
        return {**asdict(self), "qualifiers": list(self.qualifiers)}

    def source_code(self, cells: Mapping[str, str]) -> str:
        """The item's code, its lost zeros restored."""
        code = cells[self.code].strip()
        return code.zfill(self.code_width) if self.code_width and code.isdigit() else code


def map_table(
    table: Table, columns: MappingColumns, coder: Autocoder, store: Store, run: str | None, progress: Progress, say: Talk,
    official: str | None = None,
) -> str:  # fmt: skip
    """Map every item of the table; gives the run's name. A run that was broken off is completed.

    ``official`` names an imported correspondence that is a prior.

    Raises DataError for a table without rows, UsageError when ``run`` was made from something else.
    """
    rows, texts = _source_rows(table, columns, say)
    settings: dict[str, object] = {
        "input": sha256_of(table.path)[:16], "sheet": table.sheet, "file": clean(table.path.name),
        "contents": _contents(rows), "columns": columns.settings(), "index": coder.fingerprint, "scheme": coder.classification.scheme,
    }  # fmt: skip
    if official:
        settings |= {"official": official, "official_contents": load_official(official).sha256}
    fingerprint = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
    name = run or f"{one_line(table.path.stem.split('.')[0][:40])}-{fingerprint[:6]}"
    if store.begin_run(name, "map", fingerprint, settings, rows, texts):
        say(f"run {name!r} was begun before with the same file and settings: what is there is not done again")
    del rows, texts  # the store has them, and a large table would be in memory twice
    code_run(store, name, coder, progress)
    store.save_proposals(name, propose(store, name, columns, coder, say))
    store.finish_run(name)
    return name


def ask_for_opinions(run: str, columns: MappingColumns, coder: Autocoder, store: Store, wanted: SecondOpinion, bar: Bar, say: Talk) -> None:
    """Ask a language model about the run's doubtful titles, and propose again with what it said as evidence."""
    codings = store.codings(run)
    titles = dict.fromkeys(row.text_key for row in store.source_rows(run))
    questions = questions_of((codings[key] for key in titles if key in codings), wanted, coder.classification)
    second_opinions(store, run, questions, wanted, bar, say)
    store.save_proposals(run, propose(store, run, columns, coder, say))


def _source_rows(table: Table, columns: MappingColumns, say: Talk) -> tuple[list[SourceRow], dict[str, Query]]:
    """The table's rows and their distinct texts by key."""
    rows: list[SourceRow] = []
    texts: dict[str, Query] = {}
    for cells in _title_cells(table, columns):
        query = _query(cells, columns)
        key, outcome = _text_key(query), _row_outcome(cells, columns, table.columns)
        if not outcome:
            texts.setdefault(key, query)
        rows.append(SourceRow(len(rows), columns.source_code(cells), cells[columns.title].strip(), key, cells, outcome))
    if not rows:
        raise DataError("the table has a header but no rows", where=str(table.path), hint="check the sheet and the file")
    naming = _naming_column(_by_item(rows), columns)
    _warn_of_lost_zeros({row.source_code for row in rows}, columns.code, say)
    if not columns.index_titles:
        _say_of_codes_that_stand_twice(rows, say)
    if cut := sum(len(query.text) > LONGEST_TEXT for query in texts.values()):
        say(f"titles longer than {LONGEST_TEXT:,} characters, of which only these are looked at: {cut:,}")
    for rows_of_item in _by_item(rows).values():
        texts |= {_text_key(query): query for query in _texts_beside(rows_of_item, columns, naming).values()}
    parents = groups(row.source_code for row in rows)
    if parents:
        shown = ", ".join(sorted(parents)[:5]) + (" ..." if len(parents) > 5 else "")
        say(f"codes taken as groups (items stand below them, so they are not mapped themselves): {len(parents):,} ({shown})")
    return [replace(row, outcome="group") if row.source_code in parents and not row.outcome else row for row in rows], texts


def _title_cells(table: Table, columns: MappingColumns) -> Iterator[dict[str, str]]:
    """The cells of every title of the table: those of its row, and again for each index title that a cell of the row lists."""
    for values in table.rows:
        cells = dict(zip(table.columns, values, strict=True))
        yield cells
        if columns.index_titles:
            known = {cells[columns.title].strip()}
            for part in _BETWEEN_TITLES.split(cells[columns.index_titles]):
                title = part.strip(_AROUND_TITLES)
                if title and title not in known:
                    known.add(title)
                    yield {**cells, columns.title: title}


def _text_key(query: Query) -> str:
    """Under which a text and its coding are kept."""
    return hashlib.sha256(json.dumps([query.text, query.context], ensure_ascii=False).encode()).hexdigest()[:20]


def _query(cells: Mapping[str, str], columns: MappingColumns) -> Query:
    context = {name: cells[name] for name in columns.qualifiers if cells[name]}
    if columns.description and cells[columns.description]:
        context["description"] = cells[columns.description]
    return Query(cells[columns.title], context=context)


def _row_outcome(cells: Mapping[str, str], columns: MappingColumns, all_columns: Sequence[str]) -> str:
    """ "cross-reference: see Adviser" for a row whose code is a filler ("}}}}"), blank for a row to be coded."""
    if is_code(cells[columns.code]):
        return ""
    see = next((cells[name] for name in all_columns if name.casefold() in {"see", "see also"}), "")
    return f"cross-reference: {see}" if see else "no code in the file"


def _contents(rows: Sequence[SourceRow]) -> str:
    """Hash of the rows as they were read: another --encoding or --delimiter makes other rows of the same file."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(dict(row.cells)).encode())
    return digest.hexdigest()[:16]


def _say_of_codes_that_stand_twice(rows: Sequence[SourceRow], say: Talk) -> None:
    """Rows of one code are titles of one item, which is what a coding index means and a slip of the pen does not."""
    counts = Counter(row.source_code for row in rows if not row.outcome)
    several = [code for code, count in counts.items() if count > 1]
    if len(several) == 1:
        say(f"code {several[0]} stands on {counts[several[0]]:,} rows: treated as titles of one item")
    elif several:
        say(f"{len(several):,} codes stand on several rows (code {several[0]} on {counts[several[0]]:,}): treated as titles of one item")


def _warn_of_lost_zeros(codes: set[str], column: str, say: Talk) -> None:
    """Codes one digit short, among codes nearly all of one length, have probably been through a spreadsheet."""
    digits = [code for code in codes if code.isdigit()]
    if len(digits) < max(10, 0.9 * len(codes)):
        return
    length, count = Counter(map(len, digits)).most_common(1)[0]
    short = sorted(code for code in digits if len(code) == length - 1)
    if short and count >= 0.9 * len(digits):
        shown = ", ".join(f"{code} -> {code.zfill(length)}" for code in short[:5])
        say(f"{len(short)} codes in column {column!r} have {length - 1} digits, the others {length}: zeros lost in a spreadsheet? "
            f"They are kept as they are; to repair them ({shown}) add --pad-codes {length}")  # fmt: skip


def propose(store: Store, run: str, columns: MappingColumns, coder: Autocoder, say: Talk) -> list[KeptProposal]:
    """Roll the codings of a run up to a proposal for each item, in the order of the file."""
    opinions, official = store.opinions.of_run(run), official_of(store.run(run))
    codings = _in_the_light_of(opinions, judged(store.codings(run, scores=False), opinions), store, coder.classification, say)
    by_item = _by_item(store.source_rows(run))
    naming = _naming_column(by_item, columns)
    titles = {code: _codings_of(rows, codings) for code, rows in by_item.items()}
    siblings = item_evidence.of_siblings({code: found for code, found in titles.items() if found}, coder.classification)
    proposals = []
    for code, rows in by_item.items():
        beside = {what: codings.get(_text_key(query)) for what, query in _texts_beside(rows, columns, naming).items()}
        own, description = beside.get("own title"), beside.get("description")
        evidence = (
            item_evidence.of_text(own, item_evidence.OWN_TITLE, coder.classification),
            item_evidence.of_text(description, item_evidence.DESCRIPTION, coder.classification),
            siblings.get(code),
        )
        listed = official.get(code, frozenset())
        found = [with_prior(item_evidence.weighed(coding, evidence), listed) for coding in titles[code]]
        proposal = roll_up(code, _own_title(rows, naming), found, [row.outcome for row in rows])
        proposal = with_official_reason(item_evidence.with_reasons(proposal, own, description), listed)
        said = opinions_in_words([opinions[row.text_key] for row in rows if row.text_key in opinions])
        proposals.append(replace(proposal, reasons=f"{proposal.reasons}; {said}") if said else proposal)
    table = with_relations(CorrespondenceTable(run, coder.classification.scheme, tuple(proposals)), coder.classification)
    kept = [_kept_cells(rows, columns) for rows in by_item.values()]
    return [KeptProposal(proposal, cells) for proposal, cells in zip(table.proposals, kept, strict=True)]


def _in_the_light_of(
    opinions: Mapping[str, KeptOpinion], codings: Mapping[str, Coding], store: Store, target: Classification, say: Talk
) -> Mapping[str, Coding]:
    """The codings with what decided cases show opinions to be worth, which is said."""
    if not opinions:
        return codings
    weights = learned(store, target)
    for judge, known in weights.items():
        say(known.in_words(judge))
    said = {key: kept.opinion for key, kept in opinions.items()}
    return {key: with_opinion(coding, said.get(key), weights) for key, coding in codings.items()}


def _codings_of(rows: Iterable[SourceRow], codings: Mapping[str, Coding]) -> list[Coding]:
    return [codings[row.text_key] for row in rows if row.text_key in codings and not row.outcome]


def _by_item(rows: Iterable[SourceRow]) -> dict[str, list[SourceRow]]:
    """The rows of each item, in the order of the file."""
    items: dict[str, list[SourceRow]] = defaultdict(list)
    for row in rows:
        items[row.source_code].append(row)
    return dict(items)


def _own_title(rows: Sequence[SourceRow], naming: str | None) -> str:
    return (rows[0].cells.get(naming, "") if naming else "") or rows[0].source_title


def _texts_beside(rows: Sequence[SourceRow], columns: MappingColumns, naming: str | None) -> dict[str, Query]:
    """What is coded of an item beside its titles: its own title where it stands over several, and its description."""
    texts = {}
    if all(row.outcome for row in rows):
        return {}
    if len(rows) > 1 and (naming or columns.index_titles):
        texts["own title"] = Query(_own_title(rows, naming))
    if columns.description and (words := next((cell for row in rows if (cell := row.cells[columns.description].strip())), "")):
        texts["description"] = Query(words)
    return texts


def _kept_cells(rows: Sequence[SourceRow], columns: MappingColumns) -> dict[str, str]:
    """Cells on which all rows of an item agree."""
    first = rows[0].cells
    own = {columns.code, columns.title}
    return {name: clean(cell) for name, cell in first.items() if name not in own and all(row.cells[name] == cell for row in rows[1:])}


def _naming_column(by_item: Mapping[str, Sequence[SourceRow]], columns: MappingColumns) -> str | None:
    """Where an item has many rows: the column that gives each item one name ("SOC2020_unit_group_title")."""
    if columns.index_titles:
        return None
    if sum(map(len, by_item.values())) < 1.5 * len(by_item):
        return None
    names = next(iter(by_item.values()))[0].cells
    digits = "".join(letter for letter in columns.code if letter.isdigit())

    def one_name(column: str) -> bool:
        return sum(len({row.cells[column] for row in rows}) == 1 for rows in by_item.values()) >= 0.95 * len(by_item)

    titled = [name for name in names if name != columns.title and "title" in name.casefold() and digits in name]
    return next((name for name in titled if one_name(name)), None)
