"""Writes docs/trust.md from the tests that keep its promises: python docs/make_trust.py

A promise stands beside the test that keeps it (``@promise("S1", "what is promised")``), figures come from
benchmarks/reports/trust-*.json, and docs/trust.toml lists the rows and gives reasons where one does not apply.
"""

import ast
import json
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Groups = list[dict[str, Any]]

ROOT = Path(__file__).resolve().parent.parent

HEAD = """# What crosswalk promises, and how you can tell

Made from the tests by `python docs/make_trust.py`; a test keeps it so. Each row is a fault or a hostile input that was thought of before it
happened: what crosswalk promises then, the tests that try it each time the program is changed, and the last figure at full size with
the command that prints it. Nothing here is a claim alone: `make test` runs every test named.
"""


@dataclass
class Kept:
    """What is known of a row: the promise in words, the tests, figures with their commands."""

    words: str = ""
    tests: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)


def trust() -> str:
    """The page as Markdown. Raises ValueError for rows that docs/trust.toml does not have, or two promises for one row."""
    catalogue = tomllib.loads((ROOT / "docs" / "trust.toml").read_text(encoding="utf-8"))
    kept = _kept({row for group in catalogue["group"] for row in group["rows"]})
    parts = [HEAD, _counts(catalogue["group"], kept)]
    for group in catalogue["group"]:
        parts += [f"\n## {group['title']}\n", *_section(group["rows"], kept)]
    return "\n".join(parts) + "\n"


def open_rows(priority: int) -> list[str]:
    """Rows of a priority that have neither a test nor a reason."""
    catalogue = tomllib.loads((ROOT / "docs" / "trust.toml").read_text(encoding="utf-8"))
    rows = {name: facts for group in catalogue["group"] for name, facts in group["rows"].items()}
    kept = _kept(set(rows))
    return [name for name, facts in rows.items() if facts["priority"] == priority and not kept[name].tests and "reason" not in facts]


def _kept(known: set[str]) -> dict[str, Kept]:
    kept: dict[str, Kept] = defaultdict(Kept)
    for file in sorted((ROOT / "tests").glob("test_*.py")):
        for row, words, test in _promises(file):
            if row not in known:
                raise ValueError(f"{file.name}: {test} keeps {row}, which docs/trust.toml does not have")
            if words and kept[row].words:
                raise ValueError(f"{file.name}: {test} gives {row} a second promise; leave its words out")
            kept[row].words = kept[row].words or words
            kept[row].tests.append(f"{test.removeprefix('test_').replace('_', ' ')} (`tests/{file.name}`)")
    for file in sorted((ROOT / "benchmarks" / "reports").glob("trust-*.json")):
        report = json.loads(file.read_text(encoding="utf-8"))
        for row, figure in report["rows"].items():
            kept[row].figures.append(f"{figure} ({report['date']}, `{report['command']}`)")
    return kept


def _promises(file: Path) -> list[tuple[str, str, str]]:
    """(row, words, test) of every ``@promise`` in a file, in its order."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    tests = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    marks = [(test.name, mark) for test in tests for mark in test.decorator_list if isinstance(mark, ast.Call)]
    named = [(test, mark) for test, mark in marks if isinstance(mark.func, ast.Name) and mark.func.id == "promise"]
    found = [(test, [str(ast.literal_eval(given)) for given in mark.args]) for test, mark in named]
    return [(given[0], given[1] if len(given) > 1 else "", test) for test, given in found]


def _counts(groups: Groups, kept: dict[str, Kept]) -> str:
    rows = {name: facts for group in groups for name, facts in group["rows"].items()}
    tested = sum(bool(kept[name].tests) for name in rows)
    reasoned = sum("reason" in facts and not kept[name].tests for name, facts in rows.items())
    tests = len({test for each in kept.values() for test in each.tests})
    return (
        f"{tested} of {len(rows)} rows are kept by {tests} tests; {reasoned} do not apply, with the reason; "
        f"{len(rows) - tested - reasoned} are open."
    )


def _section(rows: dict[str, dict[str, Any]], kept: dict[str, Kept]) -> list[str]:
    """A table of the rows that tests keep, then lists of those that do not apply and those that are open."""
    table = [
        f"| {name} | {kept[name].words} | {'; '.join(kept[name].tests)} | {'; '.join(kept[name].figures)} |"
        for name in rows
        if kept[name].tests
    ]
    parts = ["| row | promise | kept by | last figure |", "|---|---|---|---|", *table] if table else []
    others = {name: facts for name, facts in rows.items() if not kept[name].tests}
    reasons = [f"- {name}, {facts['fault']}: {facts['reason']}" for name, facts in others.items() if "reason" in facts]
    left = [f"- {name}, {facts['fault']} (priority {facts['priority']})" for name, facts in others.items() if "reason" not in facts]
    for heading, found in (("Does not apply, and why:", reasons), ("Open, nothing is promised yet:", left)):
        parts += ["", heading, "", *found] if found else []
    return parts


if __name__ == "__main__":
    (ROOT / "docs" / "trust.md").write_text(trust(), encoding="utf-8")
