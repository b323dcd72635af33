"""Titles of job ads without what an ad adds: employer, place, pay, hours, reference numbers, bullet signs, seniority.

What is taken off says nothing of the kind of work. A word that might is kept: an ad's title has no grammar to be sure by.
"""

import re
import unicodedata
from collections.abc import Container


def _any_of(*words: str) -> re.Pattern[str]:
    """Whole words, whatever their case."""
    return re.compile(rf"\b(?:{'|'.join(words)})\b\.?", re.IGNORECASE)


_CURRENCY = r"(?:[$€£¥₹]|\b(?:usd|eur|gbp|rm|rs|inr|sgd|aud|cad|chf|php|idr|myr)\b\.?)"
_PAY = re.compile(
    rf"(?:(?:up to|from|ab|bis zu|desde|hasta|à partir de)\s+)?{_CURRENCY}\s?\d[\d.,\s]*k?\+?"
    rf"(?:\s*(?:-|–|to|bis|a)\s*{_CURRENCY}?\s?\d[\d.,]*k?\+?)?"
    r"|\d[\d.,]*\s?(?:k\b|[€£$]|\beur\b|\busd\b)(?:\s*[-–]\s*\d[\d.,]*\s?k?[€£$]?)?",
    re.IGNORECASE,
)
_PAY_PERIOD = re.compile(
    r"(?:\b(?:per|pro|par|por|a)\s+|/\s?)(?:hour|hr|day|week|month|year|annum|stunde|monat|jahr|heure|mois|an|hora|mes|año)\b"
    r"|\bp\.?[ahm]\.?(?=$|\W)",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"\b(?:ref(?:erence)?|job\s?id|id|req|requisition|no|nr|vacancy)\b[\s.:#-]*[a-z]{0,4}-?\d[\w/-]*|#\s?\d+|\b[a-z]{1,4}-?\d{4,}\b"
    r"|\(?\bx\s?\d+\)?|\b\d+\s?(?:x\b|positions?\b|posts?\b|vacanc(?:y|ies)\b|openings?\b|stellen\b|postes?\b|plazas\b)",
    re.IGNORECASE,
)
_NOISE = _any_of(
    r"(?:very\s+)?urgent(?:ly|e)?", r"(?:we(?:'re| are)\s+|now\s+|urgently\s+)*hiring(?:\s+now)?", r"(?:staff\s+)?wanted", "required",
    "needed", "vacancy", "vacancies", "job (?:offer|opening)", "immediate (?:start|joiner|joining|hiring)", "apply now", "hot job",
    r"full[\s-]?time", r"part[\s-]?time", "permanent", r"fixed[\s-]?term", "temporary", "temp to perm", "zero hours?",
    r"contract(?=\s*(?:$|[)\]|,/-]))", r"remote(?:\s*(?:work|job|possible))?", "hybrid", r"home[\s-]?office", "work(?:ing)? from home",
    "wfh", "on-?site", "day shift", "night shift", r"\d+\s?(?:months?|monate|mois|meses)", "vollzeit", "teilzeit", "befristet",
    "unbefristet", "ab sofort", "gesucht", "minijob", "temps (?:plein|partiel)", "cdi", "cdd", "intérim", "interim", "alternance",
    "jornada completa", "media jornada", "se busca", "tiempo completo", "medio tiempo", "all genders", "gn",
    "fresh graduates?(?: (?:are )?welcome)?", "(?:no )?experience (?:not )?(?:required|needed)",
    "with training", "great benefits", r"sign[\s-]?on bonus",
)  # fmt: skip
_SENIORITY = _any_of(
    "senior", "junior", "snr", "sr", "jr", "jnr", r"mid[\s-]?level", r"entry[\s-]?level", "experienced", "erfahrener?", "confirmée?",
    "débutante?", "i{2,3}(?=$)", "iv(?=$)",
)  # fmt: skip
_BRACKETS = re.compile(r"[(\[{][\s\W]*[)\]}]")
_PLACE = re.compile(r"(?<=\w)\s+(?:in|at|for|bei|à|chez|en)\s+((?:[A-ZÀ-Þ][\w.'&-]*[\s,]*){1,5})$")
_PARTS = re.compile(r"\s+[-–—|•·:]+\s+|\s*[|•►★●▪✦]+\s*|\s*//+\s*|\s[-–]|(?<=\w)\s?:\s|\s*@\s*")
_WORD = re.compile(r"[^\W\d_]{2,}")
_MONEY = re.compile(r"[\d$€£¥₹#]|\bp\.?[ahm]\b|\b(?:per|pro|par|por|usd|eur|gbp|ref|id|rm)\b", re.IGNORECASE)


def _triggers(*patterns: re.Pattern[str]) -> frozenset[str]:
    """Words without which none of the patterns can match: a title that has none of them need not be searched."""
    return frozenset(word for pattern in patterns for word in _WORD.findall(re.sub(r"\\.|\(\?[:!=<]*", " ", pattern.pattern).casefold()))


_WORDS_OF_NOISE = _triggers(_NOISE, _SENIORITY) | {
    *("urgently", "urgente", "erfahrener", "erfahrene", "confirmé", "confirmée", "débutant", "débutante", "ii", "iii", "iv"),
    *("graduates", "graduate", "shift", "months", "month", "monate", "working", "onsite", "parttime", "fulltime", "entrylevel", "midlevel"),
}


_VAGUE = frozenset([
    "specialist", "associate", "manager", "executive", "engineer", "consultant", "officer", "assistant", "analyst", "advisor", "adviser",
    "coordinator", "technician", "operator", "trainer", "lecturer", "intern", "internship", "trainee", "apprentice", "lead", "head",
    "it", "hr", "pr", "qa", "sme", "spezialist", "berater", "leiter", "técnico", "jefe", "chef",
])  # fmt: skip
"""Words that say nothing without what follows them."""


def without_noise(title: str, words: Container[str] = ()) -> str:
    """The title of an ad reduced to what it says of the work; blank when nothing is left.

    ``words`` are those of the book of index titles: what follows a separator or "in" is kept where all its words are among them.
    """
    text = title if title.isascii() else "".join(" " if unicodedata.category(mark) in ("So", "Sk", "Cn") else mark for mark in title)
    if _MONEY.search(text):
        for pattern in (_NUMBERED, _PAY, _PAY_PERIOD):
            text = pattern.sub(" ", text)
    if any(word in _WORDS_OF_NOISE for word in _WORD.findall(text.casefold())):
        text = _SENIORITY.sub(" ", _NOISE.sub(" ", text))
    text = _of_the_work(_BRACKETS.sub(" ", text), words)
    place = None if text.isupper() else _PLACE.search(text)
    if place and not _are_known(place.group(1), words):
        text = text[: place.start()]
    return " ".join(text.strip(" \t\n-–—|•·:;,.!*/&#>~_'\"").split())


def _of_the_work(text: str, words: Container[str]) -> str:
    """The first part, those after a separator that speak of work, and what follows a vague one ("Specialist - Blockchain")."""
    parts = [part for part in (" ".join(part.split()) for part in _PARTS.split(text)) if sum(map(str.isalpha, part)) > 1]
    if len(parts) < 2:
        return parts[0] if parts else text
    kept = [
        part for place, part in enumerate(parts) if not place or _are_known(part, words) or (place == 1 and parts[0].casefold() in _VAGUE)
    ]
    return " ".join(kept)


def _are_known(part: str, words: Container[str]) -> bool:
    found = _WORD.findall(part.casefold())
    return bool(found) and all(word in words for word in found)
