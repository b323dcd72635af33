"""The card that lies in the folder of a fitted classifier: what it was made of, how good it is, where it should not be used."""

from collections.abc import Mapping, Sequence

from crosswalk.files.table import Table
from crosswalk.jobs.evaluation import Evaluation
from crosswalk.model import Classification
from crosswalk.text import one_line

CARD = "README.md"


def model_card(
    classification: Classification,
    table: Table,
    texts: Sequence[str],
    learned: int,
    quality: Evaluation,
    left_out: Mapping[str, int],
    seed: int,
) -> str:
    """The card's text, in Markdown."""
    figures = [("first code right", quality.accuracy), *((f"right code among the first {k}", quality.top_k[k]) for k in ("3", "6"))]
    figures += [(f"first code right at {level} digits", share) for level, share in quality.accuracy_by_level.items()]
    figures += [("calibration error (ECE)", quality.ece)]
    figures += [(f"share that can be coded at {float(a):.0%} accuracy", rate) for a, rate in quality.coding_rate_at.items()]
    lines = [
        f"# Classifier for {one_line(classification.scheme)}",
        "",
        f"Made by `crosswalk fit` from {one_line(table.path.name)}: {learned:,} different answers "
        f"(fields: {', '.join(map(one_line, texts))}) and {len(classification.unit_groups):,} codes. Seed {seed}.",
        "",
        f"Rows left out: {', '.join(f'{count:,} ({why})' for why, count in left_out.items() if count) or 'none'}.",
        "",
        f"## Quality, on {quality.n:,} answers kept apart",
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| {name} | {value:.3f} |" for name, value in figures),
        "",
        "Each different answer counts once; answers that come often are usually easier, so more people than that are often coded right.",
        "",
        "## Use",
        "",
        "For answers like those it was made from: the same question, language and time. Measure it again with `crosswalk evaluate` before",
        "using it for others. **The folder holds the answers it was trained on as titles of its book: treat it as you treat the answers.**",
        "",
    ]
    return "\n".join(lines)
