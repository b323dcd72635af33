"""crosswalk fit"""

from pathlib import Path

import click

from crosswalk.cli import options


@click.command("fit")
@click.argument("file", type=options.FILE)
@click.option("--text-column", "texts", multiple=True, required=True, help="Column of the answers; more (tasks, industry) may follow.")
@click.option("--truth-column", required=True, help="Column of the codes that people gave.")
@click.option(
    "--scheme", default="isco-08", show_default=True, help="Scheme of the codes: one that is there (it is built upon), or a new name."
)
@click.option("--classification", type=options.FILE, help="For a new scheme: a file of its codes and titles, descriptions too.")
@click.option("--encoder", help="A sentence-transformers model in place of the shipped encoder (name or folder).")
@click.option(
    "--fine-tune",
    "tune",
    type=click.IntRange(0, 20),
    default=0,
    show_default=True,
    help="Epochs in which the model given with --encoder learns from the answers too (slow).",
)
@click.option("--llm", "llm_model", metavar="MODEL", help="Let this model (any litellm name) write examples for codes with few answers.")
@click.option(
    "--llm-examples-under", "under", type=click.IntRange(1, 30), default=5, show_default=True, help="... with fewer than so many."
)
@click.option("--llm-url", help="Where the model is, if not at its usual place.")
@click.option("--max-cost", type=click.FloatRange(0), default=1.0, show_default=True, help="Dollars at which asking stops.")
@click.option("--llm-price", help="Dollars a million tokens, SENT/RECEIVED, if the list price is unknown (0/0: own server).")
@click.option(
    "--test", type=click.FloatRange(0.01, 0.5), default=0.1, show_default=True, help="Share of the answers kept apart to test on."
)
@click.option("--seed", type=int, default=8, show_default=True, help="Same seed, same split, same classifier.")
@click.option("--learning-curve", "curve", is_flag=True,
              help="Learn from an eighth, a quarter and a half of the answers too: would more help? Takes four times as long.")  # fmt: skip
@click.option("-o", "--out", type=options.FILE, required=True, help="Folder to write; name it with --scheme afterwards.")
@options.reading
@options.store
def command(
    file: Path, texts: tuple[str, ...], truth_column: str, scheme: str, classification: Path | None, encoder: str | None, tune: int,
    llm_model: str | None, under: int, llm_url: str | None, max_cost: float, llm_price: str | None, test: float, seed: int, curve: bool,
    out: Path, sheet: str | None, encoding: str | None, delimiter: str | None, store_path: options.Place | None,
) -> None:  # fmt: skip
    """Train a classifier of your own from coded answers.

    Nothing leaves the machine unless --llm is given; then titles and descriptions of the codes with few answers do, no answers.

    \b
    Examples:
      crosswalk fit coded.csv --text-column answer --truth-column isco08 -o my-isco
      crosswalk fit coded.csv --text-column answer --truth-column isco08 --learning-curve -o my-isco
      crosswalk fit coded.csv --text-column job --text-column tasks --truth-column code --scheme cno --classification cno.xlsx -o my-cno
      crosswalk fit coded.csv --text-column answer --truth-column isco08 --encoder ./all-MiniLM-L6-v2 --fine-tune 2 -o my-isco
      crosswalk code new.csv --text-column answer --scheme ./my-isco --target-accuracy 0.95 -o coded.csv
    """
    from functools import partial

    from crosswalk import output
    from crosswalk.cli import quality_output
    from crosswalk.cli.columns import evaluation_columns
    from crosswalk.errors import UsageError
    from crosswalk.files.readers import read_table

    try:
        from crosswalk.jobs.fitting import FitJob, fit
    except ImportError as error:
        raise UsageError(f"training needs more packages ({error.name})", hint="pip install 'isco-crosswalk[transformers]'") from None
    from crosswalk.cli.fitting_options import SHARES, chosen_scheme, examples_of
    from crosswalk.report.terminal import print_learning_curve

    read = partial(read_table, file, sheet=sheet, encoding=encoding, delimiter=delimiter)
    table = read()
    columns = evaluation_columns(table, texts, truth_column, (), None, output.say)
    found, titles, base = chosen_scheme(scheme, classification, read, columns.truth, output.say)
    write = examples_of(found, llm_model, llm_url, under, max_cost, llm_price, store_path)
    shares = SHARES if curve else ()
    job = FitJob(table, tuple(columns.texts), columns.truth, found, titles, out, base, encoder, test, seed, shares, tune, write)
    fitted = fit(job, output.say)
    quality_output.say_fitted(fitted)
    if fitted.curve:
        print_learning_curve(fitted.curve)
