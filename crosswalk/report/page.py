"""One self-contained page: no network, no script, texts of the file shown as text and nothing else."""

import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from crosswalk.jobs.quality.estimates import Estimate
from crosswalk.jobs.quality.measures import QualityReport
from crosswalk.manifest import replacing
from crosswalk.report import charts
from crosswalk.text import one_line

if TYPE_CHECKING:
    from jinja2 import Environment

_LONGEST = 160
_NOTHING = Markup('<span class="none">–</span>')


def write_report(report: QualityReport, path: Path) -> None:
    """Write the page, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(page(report), encoding="utf-8")


def page(report: QualityReport) -> str:
    """The page as HTML."""
    template = _environment().get_template("report.html.jinja")
    return template.render(report=report, q=report.quality, run=report.run, drift=report.drift, why=report.provenance, charts=charts)


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("crosswalk.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    filters: Mapping[str, object] = {"share": share, "between": between, "count": count, "number": number, "short": short}
    environment.filters.update(filters)
    return environment


def share(value: float | Estimate | None) -> Markup:
    """A share in per cent; the whole number stands in the element, for programs."""
    if value is None:
        return _NOTHING
    plain = value.value if isinstance(value, Estimate) else value
    return _figure(plain, f"{plain:.1%}".replace("%", " %"))


def between(value: Estimate | None) -> Markup:
    """A share with its interval."""
    if value is None:
        return _NOTHING
    return share(value) + Markup(' <span class="interval">({:.1f} to {:.1f})</span>').format(100 * value.low, 100 * value.high)


def count(value: float) -> Markup:
    """Cases, texts, hours: with thousands; a fraction only where it is small."""
    digits = 0 if float(value).is_integer() or abs(value) >= 1000 else 1
    return _figure(value, f"{value:,.{digits}f}")


def number(value: float | None, digits: int = 3) -> Markup:
    """A figure without a unit."""
    return _NOTHING if value is None else _figure(value, f"{value:.{digits}f}")


def short(text: str, longest: int = _LONGEST) -> str:
    """A text on one line, cut where it is long."""
    line = one_line(text[: 4 * longest])
    return line if len(line) <= longest and len(text) <= 4 * longest else f"{line[:longest]}… ({len(text):,} characters)"


def _figure(value: float, words: str) -> Markup:
    if not math.isfinite(value):
        return _NOTHING
    return Markup('<data value="{}">{}</data>').format(repr(value), words)
