"""What encoding a text file has: the one given, else what its bytes prove, else cp1252, and said."""

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, AnyStr, cast

from crosswalk.errors import DataError, UsageError
from crosswalk.text import clean

_MARKS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_NO_ENCODING_OF_FILES = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "unicode_escape", "raw_unicode_escape"}
_MULTI_BYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")
_LONGEST_LINE = 10_000_000


def choose_encoding(path: Path, encoding: str | None, notes: list[str]) -> str:
    """The encoding to read with: the one given, else UTF-8 or a byte-order mark's, else cp1252, and said.

    Raises UsageError for an encoding that is none, DataError for UTF-8 with a few broken characters and unmarked UTF-16.
    """
    if encoding is not None:
        return _checked_encoding(encoding)
    with path.open("rb") as raw, unpacking(path):
        data = unzipped(raw)
        head = data.read(4096)
        for mark, name in _MARKS.items():
            if head.startswith(mark):
                return name
        _refuse_unmarked_utf_16(head, path)
        data.seek(0)
        if _is_utf8(data):
            return "utf-8-sig"
        data.seek(0)
        _refuse_broken_utf8(data, path)
        return _assume_cp1252(path, data, notes)


@contextmanager
def unpacking(path: Path) -> Iterator[None]:
    """A gzipped file that is cut off or damaged is told so."""
    try:
        yield
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"the file cannot be unpacked ({error})", where=str(path), hint="copy it again from its source") from None


def unzipped(raw: IO[bytes]) -> IO[bytes]:
    """The stream, unpacked where it is gzipped."""
    zipped = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    return cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if zipped else raw


def bounded_lines(stream: IO[AnyStr], path: Path) -> Iterator[AnyStr]:
    """The lines of a file. Raises DataError for one that is no row of a table, before it fills the memory."""
    for number, line in enumerate(iter(partial(stream.readline, _LONGEST_LINE), stream.readline(0)), start=1):
        if len(line) == _LONGEST_LINE:
            raise DataError(
                f"the line is longer than {_LONGEST_LINE // 1_000_000} million characters",
                where=f"{path}, line {number}",
                hint="is it a table, with a line a row?",
            )
        yield line


def _checked_encoding(encoding: str) -> str:
    """Raises UsageError for codecs that turn bytes to bytes, or that no file is written in."""
    try:
        found = codecs.lookup(encoding).name
        "".encode(encoding)
    except (LookupError, ValueError):
        found = "undefined"
    if found in _NO_ENCODING_OF_FILES:
        raise UsageError(f"unknown encoding {encoding!r}", hint="try utf-8, cp1252, cp1250, latin-1 or utf-16")
    return encoding


def _refuse_unmarked_utf_16(head: bytes, path: Path) -> None:
    """Text whose zero bytes all stand at every second place is UTF-16 that lacks its byte-order mark.

    In a script other than Latin only digits, separators and line ends have a zero byte.
    """
    pairs = len(head) // 2
    for name, zeros in [("utf-16-le", head[1::2].count(0)), ("utf-16-be", head[0::2].count(0))]:
        mostly = pairs >= 4 and zeros >= 0.7 * pairs and zeros >= 0.7 * head.count(0)
        if mostly or (zeros >= 4 and zeros >= 0.1 * pairs and zeros == head.count(0)):
            raise DataError("this looks like UTF-16 without its byte-order mark", where=str(path), hint=f"give --encoding {name}")


def _is_utf8(stream: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := stream.read(1 << 20):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_broken_utf8(stream: IO[bytes], path: Path) -> None:
    """UTF-8 in which a few characters are broken: read as cp1252, all its other accents would be garbled in silence."""
    whole = broken = 0
    first: tuple[int, int] | None = None
    for number, line in enumerate(bounded_lines(stream, path), start=1):
        if line.isascii():
            continue
        bad = _HIGH_BYTE.findall(_MULTI_BYTE.sub(b"", line))
        whole += len(_MULTI_BYTE.findall(line))
        broken += len(bad)
        first = first or ((number, bad[0][0]) if bad else None)
    if first and whole > broken:
        raise DataError(
            f"byte 0x{first[1]:02x} is no UTF-8, though the rest of the file is ({broken:,} such bytes, {whole:,} good characters)",
            where=f"{path}, line {first[0]}",
            hint="correct it there, or name the file's encoding with --encoding",
        )


def _assume_cp1252(path: Path, stream: IO[bytes], notes: list[str]) -> str:
    """Not UTF-8: show how lines with accents read in cp1252, so that a person can say if that is wrong."""
    stream.seek(0)
    lines = (line.decode("cp1252", "replace").strip() for line in stream if not line.isascii())
    shown = [clean(line)[:60] for _, line in zip(range(3), lines, strict=False)]
    notes.append(
        f"{path.name} is not UTF-8: read as cp1252 (Western European). It then reads: {' / '.join(shown)}. "
        "If that is wrong, give --encoding (cp1250, cp1254, iso-8859-2, mac-roman ...)"
    )
    return "cp1252"
