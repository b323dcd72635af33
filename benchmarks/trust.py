"""What the promises of docs/trust.md come to at full size: python benchmarks/trust.py WHAT [--seconds N]

Each prints a row of the table in benchmarks/README.md and writes its figures to benchmarks/reports/trust-WHAT.json, from which
docs/trust.md is made. Small versions of the same run in the tests.
"""

import argparse
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

Figures = dict[str, float | int]

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that the other files here, and the tests, import each other by the same names


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    soak = what.add_parser("soak", help="16 processes at one store")
    soak.add_argument("--seconds", type=float, default=3600)
    for name, count, what_for in COUNTED:
        counted = what.add_parser(name, help=what_for)
        counted.add_argument("--count", type=int, default=count)
        counted.add_argument("--minutes", type=float, default=120, help="stop after so long and say how many there were")
        counted.add_argument("--think", type=float, default=1.0, help="mean seconds that a coder looks at a case")
    for name, words in {
        "hostile": "hostile files",
        "texts": "hostile texts",
        "prompts": "prompt attacks",
        "redact": "planted names",
    }.items():
        what.add_parser(name, help=words).add_argument("--seed", type=int, default=2026)
    what.add_parser("queue", help="a queue of a million cases").add_argument("--cases", type=int, default=1_000_000)
    what.choices["texts"].add_argument("--texts", type=int, default=1_000_000)
    what.choices["texts"].add_argument("--seconds", type=float, default=120, help="processor seconds for the whole coder")
    what.choices["prompts"].add_argument("--titles", type=int, default=40)
    chosen = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crosswalk-trust-") as folder:
        figures, rows = WORK[chosen.what](Path(folder), chosen)
    report(chosen.what, figures, rows, time.monotonic() - begun)


def report(what: str, figures: Figures, rows: dict[str, str], took: float) -> None:
    """Print the figures and keep them; ``rows`` says in words what they mean for rows of docs/trust.toml."""
    kept = {
        "rows": rows, "figures": figures, "seconds": round(took),
        "command": f"python benchmarks/trust.py {what}", "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }  # fmt: skip
    (ROOT / "benchmarks" / "reports" / f"trust-{what}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    said = "; ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in figures.items())
    print(f"| {what} | {said} |")


def _soak(folder: Path, chosen: argparse.Namespace) -> tuple[Figures, dict[str, str]]:
    from benchmarks.trust_soak import Pace, soak

    found = soak(folder, chosen.seconds, Pace())
    minutes = f"{found['seconds'] / 60:.0f} minutes, 16 processes"
    said = f"{minutes}: {found['decisions']:,} decisions, {found['lost']} lost, {found['doubled']} doubled"
    return found, {"S5": said, "S10": f"{minutes}: log at most {found['wal_mb']} MB, memory {found['memory_drift']:+.1%}"}


def _power(folder: Path, chosen: argparse.Namespace) -> tuple[Figures, dict[str, str]]:
    from benchmarks.trust_power import cuts, record

    found = cuts(folder, record(folder, 300, "FULL"), chosen.count)
    looser = cuts(folder, record(folder, 300, "NORMAL"), min(chosen.count, 200))
    return (
        {**found, "lost_some_of_200_with_normal": looser["lost_some"]},
        {"S2": f"{found['cuts']:,} cuts: {found['corrupt']} stores damaged, {found['lost_decisions']} acknowledged decisions lost"},
    )


def _kills(folder: Path, chosen: argparse.Namespace) -> tuple[Figures, dict[str, str]]:
    from benchmarks.trust_kills import killed

    found = killed(folder, chosen.count, chosen.minutes * 60, ("code", "map", "review"))
    figures: Figures = {f"{name}_{what}": getattr(one, what) for name, one in found.items() for what in ("killed", "equal")}
    kills, equal = (sum(getattr(one, what) for one in found.values()) for what in ("killed", "equal"))
    return figures, {"B1": f"{equal:,} of {kills:,} interrupted runs (code, map, review) equal to the unbroken one"}


def _coder(folder: Path, chosen: argparse.Namespace) -> tuple[Figures, dict[str, str]]:
    from benchmarks.trust_kills import killed

    review = killed(folder, chosen.count, chosen.minutes * 60, ("review",))["review"]
    figures: Figures = {"killed": review.killed, "acknowledged": review.acknowledged, "lost": review.lost, "equal": review.equal}
    said = f"{review.killed:,} kills of a coder with {review.acknowledged:,} acknowledged decisions: {review.lost} lost"
    return figures, {"S1": said, "U3": said}


def _flips(folder: Path, chosen: argparse.Namespace) -> tuple[Figures, dict[str, str]]:
    from benchmarks.trust_flips import flips_in_index, flips_in_store

    store, index = flips_in_store(folder, chosen.count), flips_in_index(folder, chosen.count)
    said = f"{store['flips']:,} flips: {store['missed']} changed what was decided unnoticed"
    return (
        {**{f"store_{name}": value for name, value in store.items()}, **{f"index_{name}": value for name, value in index.items()}},
        {"S11": said, "X1": f"{index['flips']:,} flips and cuts: {index['refused']:,} refused, {index['missed']} missed"},
    )


def _coders(folder: Path, chosen: argparse.Namespace) -> tuple[Figures, dict[str, str]]:
    from benchmarks.trust_coders import coders_at_once

    found = coders_at_once(folder, 32, chosen.count, chosen.think)
    said = f"{found['coders']} coders, {found['decisions']:,} decisions: {found['lost']} lost, {found['doubled']} doubled"
    said += f", p99 {found['p99_ms']} ms"
    return found, {"S6": said}


COUNTED = [
    ("power", 1000, "simulated power cuts under the store"),
    ("kills", 1000, "kill -9 during map, code and review, so many times each"),
    ("coder", 1000, "kill -9 of a coder at work"),
    ("flips", 1000, "bits turned over in a store and in an index"),
    ("coders", 100, "decisions of each of 32 coders at once"),
]


def _hostile(folder: Path, chosen: argparse.Namespace) -> tuple[Figures, dict[str, str]]:
    from benchmarks.trust_hostile import hostile

    found = hostile(folder, chosen.seed)
    said = f"{found['files']} hostile files, {found['wrong']} neither refused nor read right; most {found['most_megabytes']} MB"
    longest = f"longest {found['longest_cpu_seconds']} s"
    return found, {"F1": said, "F12": f"{said}, {longest}", "F17": f"most {found['most_megabytes']} MB, {longest}"}


def _texts(_folder: Path, chosen: argparse.Namespace) -> tuple[Figures, dict[str, str]]:
    from benchmarks.trust_texts import both

    found = both(chosen.texts, chosen.seconds, chosen.seed)
    said = f"{found['texts']:,} texts normalised, {found['faults']} faults; {found['coded_texts']:,} coded, {found['coder_faults']} faults"
    return found, {"T1": said, "T11": f"slowest batch {found['coder_slowest_batch_ms_a_text']} ms a text, the whole coder"}


def _prompts(_folder: Path, chosen: argparse.Namespace) -> tuple[Figures, dict[str, str]]:
    from benchmarks.trust_prompts import prompts

    found = prompts(chosen.titles, chosen.seed)
    attacks = f"{found['attacks']:,} attacks on a model that obeys"
    return found, {
        "L1": f"{attacks}: {found['answers_outside_the_shortlist']} answers outside the list",
        "L2": f"{attacks}: listed choice changed {found['share_changed']:.0%}, codes changed {found['codes_changed_usually']} "
        f"({found['codes_changed_if_model_may_decide']} with --llm-may-decide)",
        "L5": f"{found['fuzzed_replies']:,} fuzzed replies, {found['replies_outside_accepted']} taken wrongly",
    }  # fmt: skip


def _redact(_folder: Path, chosen: argparse.Namespace) -> tuple[Figures, dict[str, str]]:
    from crosswalk.llm.redact import redacted
    from tests.planted import KINDS, planted

    shares: Figures = {}
    for kind in KINDS:
        answers = planted(1_000, chosen.seed, (kind,))
        shares[kind] = sum(secret not in redacted(text) for text, secret in answers) / len(answers)
    return shares, {"P1": "found of 1,000 planted: " + ", ".join(f"{kind} {share:.1%}" for kind, share in shares.items())}


def _queue(folder: Path, chosen: argparse.Namespace) -> tuple[Figures, dict[str, str]]:
    from benchmarks.trust_queue import large_queue

    found = large_queue(folder, chosen.cases)
    said = f"{found['cases']:,} cases: open {found['open_ms']:,.0f} ms ({found['open_cpu_ms']:.0f} ms CPU), "
    said += f"the next {found['next_impact_ms']} ms, "
    return found, {"U8": f"{said}decide {found['decide_ms']} ms; {found['memory_mb']:.0f} MB more memory"}


WORK = {
    "soak": _soak, "power": _power, "kills": _kills, "coder": _coder, "flips": _flips, "coders": _coders,
    "hostile": _hostile, "texts": _texts, "prompts": _prompts, "redact": _redact, "queue": _queue,
}  # fmt: skip

if __name__ == "__main__":
    main()
