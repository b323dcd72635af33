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


WORK = {"soak": _soak}

if __name__ == "__main__":
    main()
