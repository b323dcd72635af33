"""Which column is the code, which the title: named by the user, or guessed from their names and said."""

import re
from collections.abc import Sequence

from crosswalk.errors import UsageError
from crosswalk.text import fold

_CODE_NAMES = (
    "code",
    "codes",
    "national code",
    "item code",
    "source code",
    "codigo",
    "cod",
    "kode",
    "kod",
    "koodi",
    "codice",
    "cod ocupacao",
    "id",
)
_TITLE_NAMES = (
    "title",
    "job title",
    "occupation title",
    "source title",
    "title en",
    "indexocc",
    "occupation",
    "job",
    "preferred label",
    "label",
    "name",
    "index title",
    "titulo",
    "titre",
    "intitule",
    "libelle",
    "titel",
    "bezeichnung",
    "beruf",
    "denominacion",
    "denominazione",
    "ocupacion",
    "ocupacao",
    "nama",
    "nazwa",
    "nazev",
    "answer",
    "text",
    "group title",
)
_DESCRIPTION_NAMES = (
    "description",
    "definition",
    "detailed definitions",
    "group description",
    "descripcion",
    "descricao",
    "beschreibung",
    "descrizione",
)
_INDEX_TITLES_NAMES = (
    "index titles",
    "related job titles",
    "alt labels",
    "alternative labels",
    "example titles",
    "sample titles",
    "synonyms",
)
_QUALIFIER_NAMES = ("add", "ind", "additional", "industry", "qualifier", "qualifiers", "additional qualification")
_SCHEME = re.compile(r"([a-z]{2,8}) ?(\d{2}|\d{4})(?: code)?\Z")
_TARGET = re.compile(r"isco|ciuo|citp")


def named_column(columns: Sequence[str], wanted: str, *, option: str) -> str:
    """The column a user named, whatever its case. Raises UsageError naming the nearest and all others."""
    for column in columns:
        if column == wanted:
            return column
    alike = [column for column in columns if _plain(column) == _plain(wanted)]
    if len(alike) == 1:
        return alike[0]
    from rapidfuzz import process

    near = process.extractOne(wanted, columns, score_cutoff=55, processor=_plain)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UsageError(f"there is no column {wanted!r}", where=option, hint=f"{hint}columns: {', '.join(columns)}")


def guess_code(columns: Sequence[str]) -> str | None:
    """The column of the source's own codes; of several versions the latest; an ISCO column only when there is no other."""
    plain = {column: _plain(column) for column in columns}
    own = [column for column in columns if not _TARGET.search(plain[column])]
    exact = _first_of(own, _CODE_NAMES[:-1])
    if exact:
        return exact
    schemes = [(_year(match.group(2)), -place, column) for place, column in enumerate(own) if (match := _SCHEME.match(plain[column]))]
    if schemes:
        return max(schemes)[2]
    ending = [column for column in own if plain[column].endswith((" code", " unit group")) or plain[column].startswith("code ")]
    if ending:
        return ending[-1]
    target = [
        column for column in columns if _TARGET.search(plain[column]) and "title" not in plain[column] and "part" not in plain[column]
    ]
    return target[0] if target else _first_of(columns, ("id",))


def guess_code_pair(columns: Sequence[str]) -> tuple[str, str] | None:
    """Source and target of a correspondence table: the two columns that are called like versions ("isco88", "SOC 2020"), in their order."""
    schemes = [column for column in columns if _SCHEME.match(_plain(column))]
    return (schemes[0], schemes[1]) if len(schemes) == 2 else None


def guess_title(columns: Sequence[str], code: str | None) -> str | None:
    """The column of the titles, or None."""
    others = [column for column in columns if column != code]
    exact = _first_of(others, _TITLE_NAMES)
    if exact:
        return exact
    of_code = [column for column in others if code and _plain(column).startswith(_plain(code)) and "title" in _plain(column)]
    containing = [column for column in others if re.search(r"title|label|titre|titul|denomin", _plain(column))]
    return next(iter(of_code or containing), None)


def guess_description(columns: Sequence[str]) -> str | None:
    """The column of definitions, or None."""
    return _first_of(columns, _DESCRIPTION_NAMES)


def guess_index_titles(columns: Sequence[str]) -> str | None:
    """The column whose cells list further titles of an item, or None."""
    return _first_of(columns, _INDEX_TITLES_NAMES)


def guess_qualifiers(columns: Sequence[str]) -> tuple[str, ...]:
    """Columns whose words complete a title (the ADD and IND of the British coding index)."""
    return tuple(column for column in columns if _plain(column) in _QUALIFIER_NAMES)


def _first_of(columns: Sequence[str], names: Sequence[str]) -> str | None:
    plain = {_plain(column): column for column in reversed(columns)}
    return next((plain[name] for name in names if name in plain), None)


def _plain(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name) if not name.isupper() else name
    return " ".join(re.findall(r"[a-z]+|\d+", fold(spaced.casefold())))


def _year(digits: str) -> int:
    year = int(digits)
    return year if year >= 100 else (1900 if year > 50 else 2000) + year
