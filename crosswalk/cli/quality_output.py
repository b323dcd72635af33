"""What `evaluate`, `quality` and `fit` print and write, made of the same figures."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from crosswalk import output
from crosswalk.errors import UsageError

if TYPE_CHECKING:
    from crosswalk.jobs.comparison import Comparison
    from crosswalk.jobs.evaluation import Evaluation
    from crosswalk.jobs.fitting import Fitted
    from crosswalk.jobs.quality.measures import QualityReport


def check_targets(targets: Sequence[Path | None], needed: Mapping[str, Path | str]) -> None:
    """Refuse, before any work, to write over a file that is needed."""
    from crosswalk.files.tabular import refuse_overwriting

    files = {name: place for name, place in needed.items() if isinstance(place, Path)}
    refuse_overwriting([target for target in targets if target], files)


def check_list(path: Path | None) -> None:
    """Refuse, before any work, a list that cannot be written, or that is there already: somebody may have settled codes in it."""
    from crosswalk.files.tabular import target_files

    if path and target_files(path, ["label errors"])[0].exists():
        raise UsageError(
            "this file is there already, and may hold what was settled", where=str(path), hint="name another with --label-errors"
        )


def check_run_options(run: str | None, against: str | None, truth_file: Path | None, truth_column: str | None) -> None:
    """Refuse options that mean nothing together."""
    if run is None and (against or truth_file):
        raise UsageError("which run?", hint="crosswalk quality RUN; see 'crosswalk runs'")
    if bool(truth_file) != bool(truth_column):
        raise UsageError("--truth and --truth-column belong together", hint="give the file and its column of right codes")
    if run is not None and run == against:
        raise UsageError("a run cannot be compared with itself", hint="name an earlier one; see 'crosswalk runs'")


def say_other_index(report: "QualityReport", fingerprint: str) -> None:
    """Whether the run was coded with another index than the one that is open now."""
    if report.provenance.index != fingerprint:
        output.say(
            f"the run was coded with the index {report.provenance.index}; counts of titles are those of {fingerprint}, now in its place"
        )


def write_report(report: "QualityReport", path: Path | None) -> None:
    """The page, where one is asked for."""
    if path:
        from crosswalk.report.page import write_report as write

        write(report, path)
        output.say(f"written: {path}")


def write_label_errors(result: "Evaluation", path: Path | None, first_row: int) -> None:
    """The list for review, where one is asked for."""
    if path:
        from crosswalk.jobs.label_review import write_list

        for written in write_list(path, result.quality.label_errors, first_row):
            output.say(f"written: {written}. Fill in the column 'settled' and give it with --settled")


def print_evaluation(result: "Evaluation", report: "QualityReport", *, as_json: bool) -> None:
    """The figures: as JSON, as rows for a pipe, or with curves in a terminal."""
    say_repaired(result)
    if result.settled:
        done = result.settled
        output.say(
            f"settled: {done.looked_at:,} given codes, {done.changed:,} of them changed; "
            f"accuracy {done.accuracy_before:.3f} before, {done.accuracy_after:.3f} after"
        )
    if as_json:
        parts = {name: part for name, part in asdict(report).items() if name in ("quality", "provenance", "learning_curve")}
        output.print_json({**asdict(result), **parts})
        return
    print_figures(result)
    if report.quality and sys.stdout.isatty():
        from crosswalk.report import terminal

        terminal.print_quality(report.quality)
        if report.learning_curve:
            terminal.print_learning_curve(report.learning_curve)


def print_report(report: "QualityReport", *, as_json: bool) -> None:
    """A run's figures: as JSON or as tables."""
    if as_json:
        output.print_json(asdict(report))
        return
    from crosswalk.report import terminal

    if report.run:
        terminal.print_run(report.run)
    if report.drift:
        terminal.print_drift(report.drift)
    if report.decided:
        terminal.print_decided(report.decided)
    if report.quality:
        terminal.print_measured(report.quality)
        if sys.stdout.isatty():
            terminal.print_quality(report.quality)
    if not report.run:
        terminal.print_monitoring(report.monitoring)


def print_comparison(found: "Comparison", *, as_json: bool) -> None:
    """Champion and challenger side by side, and whether the difference could be chance."""
    if as_json:
        output.print_json(found.as_json())
        return
    first, second = found.challenger, found.champion
    rows = [["accuracy (first code)", first.accuracy, second.accuracy]]
    rows += [[f"truth among the first {k}", first.top_k[k], second.top_k[k]] for k in ("3", "6")]
    rows += [["calibration error (ECE)", first.ece, second.ece]]
    rows += [[f"can be coded at {float(a):.0%} accuracy", rate, second.coding_rate_at[a]] for a, rate in first.coding_rate_at.items()]
    shown = [[str(name), *(f"{value:.3f}" for value in values)] for name, *values in rows]
    output.print_table(["figure", "--scheme", "--against"], shown, right=["--scheme", "--against"])
    output.say(
        f"{first.n:,} texts; first code right only with --scheme: {found.only_challenger:,}, only with --against: {found.only_champion:,}"
    )
    better = "--scheme" if found.difference > 0 else "--against"
    verdict = f"{better} is better" if found.p < 0.05 else "the difference may be chance"
    output.say(f"difference {found.difference:+.3f} (95 %: {found.low:+.3f} to {found.high:+.3f}; p = {found.p:.2g}): {verdict}")


def print_figures(result: "Evaluation") -> None:
    """The figures of an evaluation for a person."""
    rows = [["texts", f"{result.n:,}"], ["accuracy (first code)", f"{result.accuracy:.3f}"]]
    rows += [[f"truth among the first {k}", f"{share:.3f}"] for k, share in result.top_k.items() if k in {"3", "5", "6"}]
    rows += [[f"accuracy at {level} digit{'s' * (level != '1')}", f"{share:.3f}"] for level, share in result.accuracy_by_level.items()]
    rows += [["calibration error (ECE)", f"{result.ece:.3f}"]]
    rows += [[f"can be coded at {float(a):.0%} accuracy", f"{rate:.1%}"] for a, rate in result.coding_rate_at.items()]
    rows += [["seconds", f"{result.seconds:.1f}"], ["titles a second", f"{result.n / max(result.seconds, 1e-9):,.0f}"]]
    rows += [[f"left out: {why}", f"{count:,}"] for why, count in result.left_out.items() if count]
    output.print_table(["figure", "value"], rows, right=["value"])


def say_repaired(result: "Evaluation") -> None:
    """Truths that were read otherwise than they stand in the file."""
    for what, count in result.repaired.items():
        if count:
            output.say(f"codes in the truth column that were repaired ({what}): {count:,}")


def say_fitted(fitted: "Fitted") -> None:
    """What a fit learned from, how good it is on answers kept apart, and what to do with it."""
    left = ", ".join(f"{count:,} with {why}" for why, count in fitted.left_out.items() if count)
    learned = f"learned from {fitted.answers:,} different answers, {fitted.codes:,} codes, in {fitted.seconds:.0f} s"
    output.say(learned + (f"; left out: {left}" if left else ""))
    output.say(f"tested on {fitted.quality.n:,} answers kept apart:")
    print_figures(fitted.quality)
    output.say(f"written: {fitted.folder} (its README.md is the model's card); use it: crosswalk code FILE --scheme {fitted.folder} ...")
