"""crosswalk agreement"""

from dataclasses import asdict

import click

from crosswalk.cli import options


@click.command("agreement")
@click.argument("run", required=False)
@options.scheme
@options.store
@options.as_json
def command(run: str | None, scheme: str, store_path: options.Place | None, as_json: bool) -> None:
    """Report how coders agree: with each other by level (and kappa), with the program's suggestions, and how long a case takes.

    \b
    Example:
      crosswalk agreement survey-1a2b3c
    """
    from crosswalk import output
    from crosswalk.cli import review_output
    from crosswalk.cli.review_options import chosen_run
    from crosswalk.jobs.agreement import agreement
    from crosswalk.jobs.code_book import CodeBook
    from crosswalk.store.store import Store

    with Store(options.store_file(store_path), create=False) as store:
        found = agreement(store, chosen_run(store, run, output.say), CodeBook.open(scheme).classification)
    if as_json:
        output.print_json(asdict(found))
    else:
        review_output.print_agreement(found)
