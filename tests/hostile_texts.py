"""Hostile texts without end, made by code from real titles: what people, scrapers and attackers put where a job title belongs."""

import random
import unicodedata
from collections.abc import Iterator, Sequence

from tests.hostile_files import SEQUENCES

NAUGHTY = (
    "", " ", ".", "-", "n/a", "9999", "NULL", "undefined", "nan", "'; drop table runs; --", "../../etc/passwd", "$(reboot)", "`id`", "%s%n%d",
    "{0.__class__}", "${jndi:ldap://x}", "[/]", "[bold", "[@click=app.quit]x[/]", "<script>alert(1)</script>", "</data>", '{"a": 1}',
    "=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\u202erewsna", "\u2066x\u2069", "C++", "C#", "#1", "a" * 3000, "e" * 50, "0" * 500,
    "👩‍🚒", "👨‍👩‍👧‍👦", "看護師", "ﬁreman", "Ⅷ officer", "ｎｕｒｓｅ", "nur\u00adse", "n\u200bu\u200brse", "пurse", "ñurse", "I\u0307mam", "ß" * 30,
    "Z\u0351\u036b\u0343a\u0329" * 80, "\ud800", "a\udfffb", "\ufffe\uffff", "\U0010ffff", "\x00", "nurse\x00", "\r\n\t", "\u2028x\u2029",
    "(((((((((", ")" * 40, "/" * 60, "a/b/c/d/e/f/g", ",,,,,", "manager, , ,", ":" * 30, "(m/f/d)" * 20, "in/in/in", "'" * 50, "l'l'l'l'l'",
    *(sequence.decode() for sequence in SEQUENCES.values()),
)  # fmt: skip

_SPICE = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x300, 0x301, 0x327, 0x489, 0x200B, 0x200D, 0x202E, 0x2066, 0xFE0F,
                                 0xFEFF, 0xD800, 0xFFFD, 0x1F469, 0x2028, 0x3000, 0xFF1D)]  # fmt: skip


def texts(titles: Sequence[str], seed: int = 0) -> Iterator[str]:
    """Texts without end: a tenth naughty strings, the rest titles that were changed, joined, spiced or drawn from all of Unicode."""
    rng = random.Random(seed)
    while True:
        yield _KINDS[rng.randrange(len(_KINDS))](rng, titles)


def _naughty(rng: random.Random, titles: Sequence[str]) -> str:
    text = rng.choice(NAUGHTY)
    return rng.choice([text, f"{rng.choice(titles)} {text}", f"{text}{rng.choice(titles)}"])


def _spiced(rng: random.Random, titles: Sequence[str]) -> str:
    letters = list(rng.choice(titles))
    for _ in range(rng.randint(1, 6)):
        letters.insert(rng.randint(0, len(letters)), rng.choice(_SPICE))
    return "".join(letters)


def _changed(rng: random.Random, titles: Sequence[str]) -> str:
    title = rng.choice(titles)
    return rng.choice([str.upper, str.title, str.swapcase, lambda t: unicodedata.normalize("NFD", t), lambda t: t[::-1],
                       lambda t: t[: rng.randint(0, len(t))], lambda t: "  ".join(t.split())])(title)  # fmt: skip


def _joined(rng: random.Random, titles: Sequence[str]) -> str:
    return rng.choice([" ", ", ", "/", ": ", " (", "; ", "\n", "\t", " & "]).join(rng.choices(titles, k=rng.randint(2, 5)))


def _typed(rng: random.Random, titles: Sequence[str]) -> str:
    letters = list(rng.choice(titles))
    for _ in range(rng.randint(1, 3)):
        letters[rng.randrange(len(letters))] = rng.choice("abcdefghijklmnopqrstuvwxyzäøñş 0123456789/(),.'")
    return "".join(letters)


def _any_letters(rng: random.Random, _titles: Sequence[str]) -> str:
    top = rng.choice([0x80, 0x250, 0x2FFF, 0x10FFFF])
    return "".join(chr(rng.randint(0, top)) for _ in range(rng.randint(0, 40)))


_KINDS = (_naughty, _spiced, _spiced, _changed, _changed, _joined, _typed, _typed, _any_letters, _any_letters)
