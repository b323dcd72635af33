"""Text from outside, made fit for use: cleaned once at the reader, normalised for matching.

Two forms matter. ``clean`` keeps what the respondent wrote, made harmless for screens and databases.
``normalise`` is the form in which titles are compared: one case, one word order, no gender marks.
"""

import re
import unicodedata

LONGEST_TEXT = 2000
"""Characters of a text that are looked at; the reader says so when it cuts."""

BLANK = "<blank>"
"""What some workbooks write into their empty cells, the British ones among them."""

_CONTROL_PICTURES = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A, 0x0D)}
_CONTROL_PICTURES[0x7F] = 0x2421
_CONTROL_PICTURES |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_CONTROL_PICTURES |= dict.fromkeys([0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069], 0xFFFD)
_CONTROL_PICTURES |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)

_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_PLAIN = re.compile(r"[a-z0-9]+(?: [a-z0-9]+)*\Z")

# "(m/f)", "(f/m/d)", "m/w/d", "H/F", "(h/f)", "m/k": marks that say "any sex" and nothing of the job.
_ANY_SEX = re.compile(
    r"[(\[]\s*(?:[mfwhdxkvnž]|gn|div|all genders)(?:\s*[/|,.*-]\s*(?:[mfwhdxkvnž]|gn|div|i|a)){0,3}\s*[)\]]"
    r"|(?<!\w)[mfwhk]\s*/\s*[mfwhk](?:\s*/\s*[dxi])?(?!\w)"
)
# "Lehrer/in", "Lehrer(in)", "Lehrer*in", "Lehrer/-in", "abogado/a", "auxiliar(a)", "nauczyciel/ka".
_GENDER_SUFFIX = re.compile(
    r"(?<=\w\w\w)(?:\s?/\s?-?|\*|:|_|·|\.)(?:innen|in|a|as|o|e|es|ne|nes|ka|ra|trice|rice|euse|ère|ière|ienne|enne|essa|esse|ica|k[aá]|yně)(?!\w)"
    r"|(?<=\w\w\w)\(-?(?:innen|in|a|as|o|e|es|s|ne|ka|ra|trice|rice|euse|ère|ière|ienne|enne|essa|esse|ica|k[aá])\)"
)
_MARK = re.compile(r"[(\[/*:_·.]")  # no sex and no second form is told without one of these
_PAIR = re.compile(r"(\w{3,})\s*/\s*(\w{3,})")
# What people write round the job: "I am a ...", "work as ...", "job title: ...".
_STOP_PHRASE = re.compile(
    r"^(?:i am|i'm|i work as|i worked as|working as|work as|works as|employed as|job title|occupation|position|poste|métier|profession|"
    r"je suis|je travaille comme|soy|trabajo como|trabajo de|cargo|puesto|beruf|ich bin|sono|lavoro come|sou|trabalho como)"
    r"\s*[:\-]?\s+(?:an? |une? |de )?"
)
_ELISION = re.compile(r"(\w)['’](?=\w\w)")  # l'infirmière, dell'ufficio: two words; nurse's: one
_APOSTROPHE = re.compile(r"['’`´]")
_WORD = re.compile(r"[^\W_]+(?:[+#]+(?!\w))?|[#@]?\w*\d\w*")


def clean(text: str) -> str:
    """The text as written, made harmless: control and escape characters become visible symbols.

    Line breaks and tabs become spaces' worth of white space; the form is NFC. Nothing is cut here.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    text = unicodedata.normalize("NFC", text).translate(_CONTROL_PICTURES)
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def one_line(text: str) -> str:
    """Clean text for one line of a terminal: what comes from a name or a file cannot begin a line of its own."""
    return clean(text).replace("\n", "\u240a").replace("\t", " ")


def is_code(cell: str) -> bool:
    """Whether a cell holds a code, and not a blank or a filler ("}}}}", "<blank>")."""
    return any(letter.isalnum() for letter in cell) and cell.strip().casefold() != BLANK


def counted(count: int, what: str) -> str:
    """ "1 row", "1,234 rows"."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def is_plain_name(text: str) -> bool:
    """Whether a name a user gives can be printed and kept as it is: not blank, no control characters, no broken bytes."""
    return bool(text.strip()) and text.translate(_CONTROL_PICTURES) == text and not any(mark in text for mark in "\t\n\r\u2028\u2029")


def normalise(text: str) -> str:
    """The form in which titles are compared: words in natural order, lower case, single spaces.

    "Lecturer, university: law" -> "university lecturer law"; "Lehrer/in (m/w/d)" -> "lehrer".
    Accents stay: ``fold`` takes them off where a match with them was not found. Idempotent for plain words.
    """
    text = text[:LONGEST_TEXT].casefold()
    if _PLAIN.match(text) and not text.startswith(("i ", "work", "job ", "occupation ", "position ")):
        return text
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).casefold()
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    if _MARK.search(text):
        text = _ANY_SEX.sub(" ", text)
        text = _GENDER_SUFFIX.sub("", text)
        text = _PAIR.sub(_one_of_a_pair, text)
    text = text.strip()
    said_before = _STOP_PHRASE.match(text)
    text = text[said_before.end() :] if said_before else text
    if _APOSTROPHE.search(text):
        text = _APOSTROPHE.sub("", _ELISION.sub(r"\1 ", text))
    return " ".join(_WORD.findall(_natural_order(text)))


def fold(text: str) -> str:
    """The text without accents ("zahnärztin" -> "zahnarztin"), for those who type without them."""
    if text.isascii():
        return text
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare.translate(_LETTERS))


_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i", "ħ": "h", "ð": "d", "þ": "th", "ŧ": "t"})


def _one_of_a_pair(pair: re.Match[str]) -> str:
    """ "abatteur / abatteuse" -> "abatteur": two forms of one word, told by their common beginning."""
    first, second = pair.group(1), pair.group(2)
    common = 0
    while common < min(len(first), len(second)) and first[common] == second[common]:
        common += 1
    return first if common >= 3 and 2 * common >= min(len(first), len(second)) else f"{first} {second}"


def _natural_order(text: str) -> str:
    """ "engineer, water: drainage" -> "water engineer drainage"; only where the head is short."""
    head, comma, rest = text.partition(",")
    if not comma or not rest.strip() or len(head.split()) > 3:
        return text
    qualifier, _, tail = rest.partition(":")
    return f"{qualifier} {head} {tail}"
