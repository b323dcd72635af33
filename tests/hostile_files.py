"""Hostile files, made by code: each is to be refused with a reason, or read right, in bounded memory and time.

``corpus(seed, some)`` gives them one by one; the tests take a few of each family, ``benchmarks/hostile.py`` takes 500.
"""

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

Rows = list[list[str]]

HEADER = ["code", "title"]
ROWS: Rows = [["0110", "Commissioned armed forces officer"], ["2221", "Nurse, registered"], ["5120", "Cook"], ["7212", "Welder; gas"]]

REFUSED = "refused"
RIGHT = "right"
EITHER = "refused or right"
SAID = "right, or said"


@dataclass(frozen=True)
class Hostile:
    """A file and what must become of it; ``rows`` is what reading right means, None where any reading will do."""

    family: str
    name: str
    content: bytes | Callable[[], bytes]
    expected: str
    rows: Rows | None = None
    options: dict[str, str] = field(default_factory=dict)

    def made(self) -> bytes:
        """The file's bytes; large ones are made when they are asked for."""
        return self.content if isinstance(self.content, bytes) else self.content()


def corpus(seed: int = 0, some: int | None = None) -> Iterator[Hostile]:
    """All files, or the first ``some`` of each family in an order drawn by the seed."""
    for family in FAMILIES:
        files = list(family(random.Random(f"{seed} {family.__name__}")))
        if some is not None:
            random.Random(seed).shuffle(files)
        yield from files[:some]


def csv_text(rows: Sequence[Sequence[str]], separator: str = ",", end: str = "\n") -> str:
    """Rows as a careful program writes them: quoted where needed."""
    quoted = [['"' + cell.replace('"', '""') + '"' if set(cell) & set(separator + '"\n\r') else cell for cell in row] for row in rows]
    return "".join(separator.join(row) + end for row in quoted)


# Encodings

_TITLES = {
    "es": ["Enseñante de niños", "Peón agrícola", "Médico cirujano"],
    "de": ["Bäcker", "Straßenwärter", "Müllfahrer"],
    "fr": ["Infirmière", "Garçon de café", "Ébéniste"],
    "pl": ["Nauczyciel języka", "Żołnierz", "Mąż opatrznościowy"],
    "tr": ["Öğretmen", "Şoför", "Aşçı yardımcısı"],
    "el": ["Νοσοκόμος", "Μάγειρας", "Οδηγός"],
    "ru": ["Учитель", "Водитель", "Медсестра"],
    "da": ["Sygeplejerske på øen", "Køkkenmedhjælper", "Pædagog"],
}
_ENCODINGS = {
    "es": ["cp1252", "latin-1", "mac_roman"], "de": ["cp1252", "latin-1", "mac_roman"], "fr": ["cp1252", "mac_roman"],
    "pl": ["cp1250", "iso8859-2"], "tr": ["cp1254"], "el": ["cp1253", "iso8859-7"], "ru": ["cp1251", "koi8-r"], "da": ["cp1252", "mac_roman"],
}  # fmt: skip


def encodings(rng: random.Random) -> Iterator[Hostile]:
    for language, titles in _TITLES.items():
        for encoding in [*_ENCODINGS[language], "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]:
            for count in (1, 30):
                rows = [[str(1000 + n), rng.choice(titles)] for n in range(count)]
                content = csv_text([HEADER, *rows]).encode(encoding)
                known = encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32")
                if known:
                    yield Hostile("encodings", f"{language}-{encoding}-{count}.csv", content, RIGHT, rows)
                    continue
                yield Hostile("encodings", f"{language}-{encoding}-{count}.csv", content, SAID, rows)
                yield Hostile("encodings", f"{language}-{encoding}-{count}-named.csv", content, RIGHT, rows, {"encoding": encoding})


def broken_utf8(rng: random.Random) -> Iterator[Hostile]:
    """UTF-8 of many accents in which one byte is wrong."""
    rows = [[str(n), rng.choice(_TITLES["de"])] for n in range(60)]
    good = csv_text([HEADER, *rows]).encode()
    accents = [place for place, byte in enumerate(good) if byte >= 0xC0]
    for n in range(20):
        place = rng.choice(accents)
        yield Hostile("broken utf-8", f"broken-{n}.csv", good[:place] + good[place + 1 :], REFUSED)


# Rows, quotes and headers


def quotes(rng: random.Random) -> Iterator[Hostile]:
    for n in range(20):
        rows = [[str(1000 + k), rng.choice(["Cook", "Nurse", 'Driver "B"'])] for k in range(rng.randint(1, 40))]
        text = csv_text([HEADER, *rows])
        yield Hostile("quotes", f"never-closed-{n}.csv", (text + '9999,"never closed\n1,b\n').encode(), REFUSED)
        yield Hostile("quotes", f"after-the-end-{n}.csv", (text + '9999,"closed" and more\n').encode(), REFUSED)
        yield Hostile("quotes", f"well-quoted-{n}.csv", text.encode(), RIGHT, rows)


def ragged(rng: random.Random) -> Iterator[Hostile]:
    for n in range(15):
        place = rng.randint(1, len(ROWS))
        longer = [HEADER, *ROWS[:place], ["1", "a", "b"], *ROWS[place:]]
        shorter = [HEADER, *ROWS[:place], ["1"], *ROWS[place:]]
        padded = [*ROWS[:place], ["1", ""], *ROWS[place:]]
        yield Hostile("ragged", f"longer-{n}.csv", csv_text(longer).encode(), REFUSED)
        yield Hostile("ragged", f"shorter-{n}.csv", csv_text(shorter).encode(), RIGHT, padded)


def headers(_rng: random.Random) -> Iterator[Hostile]:
    for names in (["code", "code"], ["title", "code", "title"], ["a", "", "a"], ["code ", " code"], ["\ufeffcode", "code"]):
        rows = [names, ["1", "2", "3"][: len(names)]]
        yield Hostile("headers", f"twice-{len(names)}-{names[0].strip()}.csv", csv_text(rows).encode(), REFUSED)
    for count in (20_001, 200_000):
        yield Hostile("headers", f"{count}-columns.csv", csv_text([[f"c{n}" for n in range(count)], ["1"] * count]).encode(), REFUSED)
    for content in (b"", b"\n\n\n", b"\xef\xbb\xbf", b" \n \n", b",,,\n,,,\n"):
        yield Hostile("headers", f"nothing-{len(content)}-{content[:1].hex()}.csv", content, REFUSED)


def separators(rng: random.Random) -> Iterator[Hostile]:
    for name, separator in {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}.items():
        for end in ("\n", "\r\n", "\r"):
            rows = [[str(1000 + n), rng.choice(["Cook", "Driver, bus; tram", "a\tb|c", "two\nlines"])] for n in range(20)]
            right = [[code, title.replace("\r", "\n")] for code, title in rows]
            content = csv_text([HEADER, *rows], separator, end).encode()
            yield Hostile("separators", f"{name}-{end.encode().hex()}.csv", content, EITHER, right, {"delimiter": separator})
            plain = [[code, title] for code, title in rows if title == "Cook"] or [["1", "Cook"]]
            yield Hostile("separators", f"{name}-{end.encode().hex()}-found.csv",
                          csv_text([HEADER, *plain], separator, end).encode(), RIGHT, plain)  # fmt: skip


def words(rng: random.Random) -> Iterator[Hostile]:
    """Cells that other programs turn into something else."""
    cells = ["NA", "None", "null", "nan", "N/A", "-", "1-2", "1E5", "TRUE", "#N/A", "0110", "0210", "00", "1.10", "007", "9" * 5000, "=1+1",
             "'; drop table runs; --", "$(id)", "../../etc/passwd", "{{7*7}}", "[/]", "</script>"]  # fmt: skip
    for n in range(20):
        rows = [[str(1000 + k), cell] for k, cell in enumerate(rng.sample(cells, 12))] + [["0110", "x"]]
        yield Hostile("words", f"words-{n}.csv", csv_text([HEADER, *rows]).encode(), RIGHT, rows)
        lines = "".join(json.dumps({"code": code, "title": title}) + "\n" for code, title in rows)
        yield Hostile("words", f"words-{n}.jsonl", lines.encode(), RIGHT, rows)


def control_characters(_rng: random.Random) -> Iterator[Hostile]:
    for name, sequence in SEQUENCES.items():
        content = b"code,title\n1,cook" + sequence + b"end\n"
        yield Hostile("control characters", f"{name}.csv", content, EITHER)


SEQUENCES = {
    "osc-52-clipboard": b"\x1b]52;c;Q0FOQVJZ\x07", "osc-0-title": b"\x1b]0;CANARY\x07", "osc-8-link": b"\x1b]8;;http://canary.example\x1b\\",
    "dcs": b"\x1bP$qCANARY\x1b\\", "report": b"\x1b[6n", "c1-csi": "\x9b31mCANARY".encode(), "c1-osc": "\x9d52;c;Q0FOQVJZ\x9c".encode(),
    "bell": b"\x07CANARY", "backspace": b"\x08\x08CANARY", "clear": b"\x1b[2J\x1b[HCANARY", "alternate": b"\x1b[?1049hCANARY",
    "mouse": b"\x1b[?1003hCANARY", "charset": b"\x1b(0CANARY", "apc": b"\x1b_CANARY\x1b\\", "pm": b"\x1b^CANARY\x1b\\", "reset": b"\x1bcCANARY",
    "shift-out": b"\x0eCANARY\x0f", "delete": b"\x7fCANARY", "form-feed": b"\x0cCANARY", "vertical-tab": b"\x0bCANARY",
    "next-line": "\x85CANARY".encode(), "override": "\u202eCANARY".encode(), "isolate": "\u2067CANARY".encode(), "sixel": b"\x1bPq#0CANARY\x1b\\",
}  # fmt: skip
"""Sequences that drive a terminal, as a title may hold them."""


# Long things


def long_things(_rng: random.Random) -> Iterator[Hostile]:
    for length in (131_071, 131_072, 1_000_000, 1_999_999):
        rows = [["1", "x" * length], ["2", "y"]]
        yield Hostile("long", f"cell-{length}.csv", csv_text([HEADER, *rows]).encode(), RIGHT, rows)
    yield Hostile("long", "cell-3000000.csv", lambda: b"code,title\n1," + b"x" * 3_000_000 + b"\n", REFUSED)
    yield Hostile("long", "one-line-of-300-MB.csv.gz", lambda: gzip.compress(b"code,title\n1," + b"x" * 300_000_000, 1), REFUSED)
    yield Hostile("long", "quoted-300-MB.csv.gz", lambda: gzip.compress(b'code,title\n1,"' + b"x\n" * 150_000_000, 1), REFUSED)
    yield Hostile("long", "zeros-400-MB.csv.gz", lambda: gzip.compress(bytes(400_000_000), 1), REFUSED)
    yield Hostile("long", "header-of-200-MB.csv.gz", lambda: gzip.compress(b"x" * 200_000_000, 1), REFUSED)
    yield Hostile("long", "latin-line-of-200-MB.csv.gz", lambda: gzip.compress(b"code,title\n1," + b"\xe9" * 200_000_000, 1), REFUSED)
    yield Hostile("long", "json-line-of-200-MB.jsonl.gz", lambda: gzip.compress(b'{"a": "' + b"x" * 200_000_000, 1), REFUSED)
    yield Hostile("long", "blank-lines.csv.gz", lambda: gzip.compress(b"\n" * 2_000_000, 1), REFUSED)
    yield Hostile("long", "separators.csv.gz", lambda: gzip.compress(b"," * 100_000_000, 1), REFUSED)


def deep_json(_rng: random.Random) -> Iterator[Hostile]:
    for depth in (10, 1_000, 100_000, 1_000_000):
        content = b'{"code": "1", "title": ' + b"[" * depth + b"]" * depth + b"}\n"
        yield Hostile("deep json", f"deep-{depth}.jsonl", content, EITHER if depth < 100_000 else REFUSED)
    for n, line in enumerate((
        '{"code": NaN}', '{"code": Infinity}', '{"code": "1", "code": "2"}', "[1, 2]", "null", '"x"', '{"code": 1e999}', '{"a": ' + "9" * 5000 + "}",
        '{"code": "1"} {"code": "2"}', "{'code': 1}", '{"code": "\\ud800x" "y"}', '{"code": 01}',
    )):  # fmt: skip
        yield Hostile("deep json", f"json-{n}.jsonl", line.encode(), REFUSED)
    surrogate = '{"code": "1", "title": "a\\ud800b"}'
    yield Hostile("deep json", "lone-surrogate.jsonl", surrogate.encode(), RIGHT, [["1", "a\ufffdb"]])
    for number, shown in (("1111.10", "1111.10"), ("0.10", "0.10"), ("12345678901234567890", "12345678901234567890"), ("true", "true")):
        yield Hostile("deep json", f"number-{shown}.jsonl", f'{{"code": {number}, "title": "x"}}'.encode(), RIGHT, [[shown, "x"]])


# Packed files


def packed(rng: random.Random) -> Iterator[Hostile]:
    rows = [[str(1000 + n), rng.choice(["Cook", "Nurse", "Welder"])] for n in range(500)]
    good = gzip.compress(csv_text([HEADER, *rows]).encode(), mtime=0)
    for n in range(20):
        yield Hostile("packed", f"cut-{n}.csv.gz", good[: rng.randrange(12, len(good) - 1)], REFUSED)
        yield Hostile("packed", f"flipped-{n}.csv.gz", flipped(good, rng, 10), EITHER, rows)


def flipped(content: bytes, rng: random.Random, begin: int = 0) -> bytes:
    """The bytes with one bit turned."""
    place = rng.randrange(begin, len(content))
    return content[:place] + bytes([content[place] ^ (1 << rng.randrange(8))]) + content[place + 1 :]


# Workbooks

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/></Relationships>'
)
_BOOK = (
    '<?xml version="1.0"?>{doctype}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>'
)
_SHEET = (
    '<?xml version="1.0"?>{doctype}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{dimension}'
    "<sheetData>{rows}</sheetData></worksheet>"
)


def workbook(rows: str, *, doctype: str = "", dimension: str = "", in_book: bool = False, more: dict[str, bytes] | None = None) -> bytes:
    """The smallest .xlsx with these rows of XML."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS.format(kind="officeDocument", target="xl/workbook.xml"))
        archive.writestr("xl/_rels/workbook.xml.rels", _RELATIONS.format(kind="worksheet", target="worksheets/sheet1.xml"))
        archive.writestr("xl/workbook.xml", _BOOK.format(doctype=doctype if in_book else ""))
        archive.writestr("xl/worksheets/sheet1.xml",
                         _SHEET.format(doctype="" if in_book else doctype, dimension=dimension, rows=rows))  # fmt: skip
        for name, content in (more or {}).items():
            archive.writestr(name, content)
    return out.getvalue()


def cells(rows: Sequence[Sequence[str]]) -> str:
    """Rows as inline strings."""
    made = (
        "".join(f'<c r="{chr(65 + x)}{y}" t="inlineStr"><is><t>{cell}</t></is></c>' for x, cell in enumerate(row))
        for y, row in enumerate(rows, start=1)
    )
    return "".join(f'<row r="{y}">{row}</row>' for y, row in enumerate(made, start=1))


_PLAIN = cells([HEADER, *ROWS])


def bombs(_rng: random.Random) -> Iterator[Hostile]:
    for megabytes in (60, 150, 250, 700):
        yield Hostile("bombs", f"sheet-{megabytes}-MB.xlsx",
                      lambda m=megabytes: workbook(_PLAIN + "<row/>" * (m * 1_000_000 // 6)), REFUSED)  # fmt: skip
    for part in ("xl/sharedStrings.xml", "xl/styles.xml", "xl/media/image1.png"):
        yield Hostile("bombs", f"{part.split('/')[-1]}.xlsx", lambda p=part: workbook(_PLAIN, more={p: b"0" * 120_000_000}), REFUSED)
    yield Hostile("bombs", "6000-entries.xlsx", lambda: workbook(_PLAIN, more={f"x{n}": b"" for n in range(6_000)}), REFUSED)
    yield Hostile("bombs", "asks-for-1-GB.xlsx", lambda: workbook(cells([HEADER, *[["1", "x" * 900]] * 1_100_000])), REFUSED)
    for cell in ("XFD1048576", "A1048576", "XFD2", "ZZ900000"):
        row = "".join(letter for letter in cell if letter.isdigit())
        stray = f'<row r="{row}"><c r="{cell}" t="inlineStr"><is><t>x</t></is></c></row>'
        yield Hostile("bombs", f"stray-{cell}.xlsx", workbook(_PLAIN + stray), EITHER)
    for reference in ("A1:XFD1048576", "A1:A1", "ZZZ9:A1", "nonsense"):
        dimension = f'<dimension ref="{reference}"/>'
        yield Hostile("bombs", f"dimension-{reference.replace(':', '-')}.xlsx", workbook(_PLAIN, dimension=dimension), EITHER, ROWS)
    repeated = '<row r="1">' + "<c><v>1</v></c>" * 16_384 + "</row>"
    yield Hostile("bombs", "cells-without-places.xlsx", lambda: workbook(_PLAIN + repeated * 1_500), REFUSED)


_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_DOCTYPES = {
    "billion-laughs": f'<!DOCTYPE z [<!ENTITY l0 "ha">{_LAUGHS}]>',
    "quadratic": f'<!DOCTYPE z [<!ENTITY l9 "{"x" * 100_000}">]>',
    "external": '<!DOCTYPE z [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
    "remote": '<!DOCTYPE z SYSTEM "http://canary.example/x.dtd" [<!ENTITY l9 SYSTEM "http://canary.example/y">]>',
}


def entities(_rng: random.Random) -> Iterator[Hostile]:
    for name, doctype in _DOCTYPES.items():
        used = cells([HEADER, ["1", "&l9;" * 50], *ROWS])
        yield Hostile("entities", f"{name}-in-sheet.xlsx", workbook(used, doctype=doctype), EITHER, [["1", ""], *ROWS])
        yield Hostile("entities", f"{name}-in-book.xlsx", workbook(_PLAIN, doctype=doctype, in_book=True), EITHER, ROWS)


def damaged_workbooks(rng: random.Random) -> Iterator[Hostile]:
    rows = [[str(1000 + n), f"job {n}"] for n in range(200)]
    good = workbook(cells([HEADER, *rows]))
    yield Hostile("damaged workbooks", "good.xlsx", good, RIGHT, rows)
    for n in range(40):
        yield Hostile("damaged workbooks", f"cut-{n}.xlsx", good[: rng.randrange(8, len(good) - 1)], EITHER, rows)
        yield Hostile("damaged workbooks", f"flipped-{n}.xlsx", flipped(good, rng, 4), EITHER, rows)


def disguises(_rng: random.Random) -> Iterator[Hostile]:
    good, text = workbook(_PLAIN), csv_text([HEADER, *ROWS]).encode()
    page = b"<html><body><table><tr><td>code</td></tr></table></body></html>"
    yield Hostile("disguises", "page.xlsx", page, REFUSED)
    yield Hostile("disguises", "text.xlsx", text, REFUSED)
    yield Hostile("disguises", "text.parquet", text, REFUSED)
    yield Hostile("disguises", "book.csv", good, RIGHT, ROWS)
    yield Hostile("disguises", "packed-book.xlsx", gzip.compress(good), REFUSED)
    yield Hostile("disguises", "old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), REFUSED)
    yield Hostile("disguises", "no-book.xlsx", zipped({"a.txt": b"x"}), REFUSED)
    yield Hostile("disguises", "slip.xlsx", workbook(_PLAIN, more={"../../evil.txt": b"x", "/abs.txt": b"x"}), EITHER, ROWS)
    yield Hostile("disguises", "book-in-book.xlsx", zipped({"inner.xlsx": good}), REFUSED)
    yield Hostile("disguises", "parquet-mark.parquet", b"PAR1" + bytes(100) + b"PAR1", REFUSED)
    yield Hostile("disguises", "parquet-length.parquet", b"PAR1" + b"\xff" * 100 + b"\xff\xff\xff\x7fPAR1", REFUSED)
    yield Hostile("disguises", "packed-twice.csv.gz", gzip.compress(gzip.compress(text)), REFUSED)


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def damaged_parquet(rng: random.Random) -> Iterator[Hostile]:
    """Parquet with checksums of its pages, cut and flipped."""
    import pyarrow
    from pyarrow import parquet

    out = io.BytesIO()
    rows = [[str(1000 + n), f"job {n}"] for n in range(200)]
    table = pyarrow.table({name: [row[place] for row in rows] for place, name in enumerate(HEADER)})
    parquet.write_table(table, out, write_page_checksum=True, use_dictionary=False)
    good = out.getvalue()
    yield Hostile("parquet", "good.parquet", good, RIGHT, rows)
    for n in range(20):
        yield Hostile("parquet", f"cut-{n}.parquet", good[: rng.randrange(8, len(good) - 1)], REFUSED)
        yield Hostile("parquet", f"flipped-{n}.parquet", flipped(good, rng, 4), EITHER, rows)


FAMILIES = (
    encodings, broken_utf8, quotes, ragged, headers, separators, words, control_characters, long_things, deep_json, packed, bombs, entities,
    damaged_workbooks, disguises, damaged_parquet,
)  # fmt: skip
