"""Coverage-guided fuzzing: python benchmarks/fuzz.py TARGET [--seconds N]    (pip install atheris; it is no dependency)

Targets: reader, text, replies, exports, retriever. Ends with the number of inputs tried; a crash, an input that takes over 5 seconds or
more than 512 MB, or an answer that breaks its promise ends it with the input printed.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

with atheris.instrument_imports(include=["crosswalk"]):
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.errors import CrosswalkError
    from crosswalk.files.readers import read_table
    from crosswalk.files.tabular import Sheet, write_tables
    from crosswalk.llm.questions import Option, Question
    from crosswalk.llm.replies import Reply, judge
    from crosswalk.text import clean

from benchmarks.trust_texts import coding_fault, fault_of

Target = Callable[[bytes], None]
ENDINGS = (".csv", ".tsv", ".jsonl", ".csv.gz", ".xlsx")


def reader(folder: Path) -> Target:
    """Any bytes under any ending are read or refused with a hint."""

    def tried(data: bytes) -> None:
        path = folder / f"a{ENDINGS[data[0] % len(ENDINGS)] if data else '.csv'}"
        path.write_bytes(data[1:])
        try:
            for row in read_table(path).rows:
                assert all(clean(cell) == cell for cell in row), row
        except CrosswalkError as refused:
            assert refused.hint, str(refused)

    return tried


def text(_folder: Path) -> Target:
    """Any text is cleaned and normalised as promised."""

    def tried(data: bytes) -> None:
        pairs = data[: len(data) // 2 * 2].decode("utf-16-le", "surrogatepass")  # lone surrogates among them
        said = fault_of(pairs) or fault_of(data.decode("utf-8", "replace"))
        assert not said, said

    return tried


def replies(_folder: Path) -> Target:
    """No reply brings an answer that was not listed."""
    question = Question("k", "nurse", (Option("2221", "Nursing professionals"), Option("0110", "Officers")))

    def tried(data: bytes) -> None:
        verdict = judge(Reply(data.decode("utf-8", "replace"), "stop", "m", 1, 1), question)
        assert verdict.choice in ("", *question.answers)
        assert bool(verdict.choice) != bool(verdict.fault)

    return tried


def exports(folder: Path) -> Target:
    """Any cells can be written, and read back as many rows."""

    def tried(data: bytes) -> None:
        cells = [clean(cell) for cell in data.decode("utf-8", "replace").split("|")]
        path = folder / ("a.csv" if data[:1] < b"\x80" else "a.xlsx")
        write_tables(path, [Sheet("s", ["code", "title"], [["0110", "x"], *([cell, "y"] for cell in cells)])])
        assert len(list(read_table(path).rows)) == len(cells) + 1

    return tried


def retriever(_folder: Path) -> Target:
    """Any text has a coding that is one."""
    coder = Autocoder.open()

    def tried(data: bytes) -> None:
        asked = [clean(part) for part in data.decode("utf-8", "replace").split("|")[:8]]
        assert not any(map(coding_fault, coder.code(asked), asked))

    return tried


TARGETS = {"reader": reader, "text": text, "replies": replies, "exports": exports, "retriever": retriever}


def main() -> None:
    """Fuzz one target for so many seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        limits = [f"-max_total_time={chosen.seconds}", "-timeout=5", "-rss_limit_mb=1024", "-max_len=4096", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={folder}/"], TARGETS[chosen.target](Path(folder)))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
