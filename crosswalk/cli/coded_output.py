"""What look-ups, mappings and coded files found, for a person."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from crosswalk.model import Classification, Coding, Proposal
from crosswalk.output import print_table, say
from crosswalk.text import counted

if TYPE_CHECKING:
    from crosswalk.jobs.census import CodedFile


def print_codings(codings: Sequence[Coding], classification: Classification, k: int) -> None:
    """Look-up for a person: each text with its best codes."""
    rows = []
    for coding in codings:
        text = coding.query.text
        if not coding.codes:
            rows.append([text, "-", coding.note or "nothing near", "", ""])
        for place, entry in enumerate(coding.top(k)):
            matched = entry.candidate.matched.text if entry.candidate else ""
            rows.append(
                [
                    "" if place and sys.stdout.isatty() else text,
                    entry.code,
                    classification.title(entry.code),
                    f"{entry.probability:.2f}",
                    matched,
                ]
            )
    print_table(["text", "code", "title", "p", "matched"], rows, right=["p"])


def print_proposals(proposals: Sequence[Proposal], classification: Classification, most: int) -> None:
    """The first proposals of a mapping, to see at a glance what came out."""
    rows = []
    for proposal in [p for p in proposals if p.kind in ("map", "split", "new")][:most]:
        for link in proposal.maps:
            code = link.target_code or "-"
            rows.append(
                [
                    proposal.source_code,
                    proposal.source_title,
                    code,
                    classification.title(code),
                    f"{link.share:.0%}",
                    f"{link.probability:.2f}",
                ]
            )
    print_table(["source", "title", "isco", "target title", "share", "p"], rows[:most], right=["share", "p"])


def say_what_came_out(proposals: Sequence[Proposal], run: str, written: Sequence[object]) -> None:
    """Counts by kind, where the files are, and the next step."""
    counts = {
        kind: sum(proposal.kind == kind for proposal in proposals)
        for kind in ("map", "split", "new", "non-occupation", "cross-reference", "group")
    }
    words = {
        "map": "one to one",
        "split": "split",
        "new": "without target",
        "non-occupation": "no occupation",
        "cross-reference": "not coded",
        "group": "groups",
    }
    shown = ", ".join(f"{count:,} {words[kind]}" for kind, count in counts.items() if count)
    say(f"{counted(len(proposals), 'item')}: {shown}. Run {run!r} is kept.")
    for path in written:
        say(f"written: {path}")
    name = shlex.quote(run)
    say(f"next: crosswalk review {name}, then crosswalk export {name} -o reviewed.xlsx")


def say_what_was_coded(coded: "CodedFile", threshold: float) -> None:
    """Rows and answers by method, the share coded without a person, and the next step."""
    say_methods(coded.rows, threshold, coded.answers)
    say(f"written: {coded.out}. Run {coded.run!r} is kept.")
    if coded.rows.get("review"):
        say(f"next: crosswalk review {shlex.quote(coded.run)} (or as a file: crosswalk export {shlex.quote(coded.run)} -o queue.csv)")


def say_methods(rows: Mapping[str, int], threshold: float, answers: Mapping[str, int] | None = None) -> None:
    """Rows (and answers, where they were counted) by method, and the share coded without a person."""
    total = sum(rows.values())
    for method, count in sorted(rows.items(), key=lambda entry: -entry[1]):
        different = f"   {counted(answers[method], 'different answer')}" if answers else ""
        say(f"  {method:<15} {count:>12,} {'row' if count == 1 else 'rows':<4}  {count / total:>6.1%}{different}")
    named = total - rows.get("non-occupation", 0)
    automatic = named - rows.get("review", 0)
    share = f"{automatic / named:.1%}" if named else "none"
    say(f"coded automatically: {share} of the {named:,} rows that may name an occupation (threshold {threshold:.4g})")
