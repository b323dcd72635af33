"""crosswalk queue"""

from pathlib import Path

import click

from crosswalk.cli import options


@click.command("queue")
@click.argument("run", required=False)
@click.option("--promote", "lookup", type=options.FILE, help="Write a look-up table of the decisions, for the rules of the next batch.")
@click.option("--training", type=options.FILE, help="Write the decisions as training data.")
@click.option("--automatic", is_flag=True, help="Put the answers coded without a person into the queue too, for verification.")
@click.option("--sample", type=click.IntRange(1), metavar="N",
              help="Put N of them, drawn by chance, into the queue: decided, they tell how many automatic codes are right.")  # fmt: skip
@click.option("--verify", is_flag=True, help="Check that no decision was changed since it was made.")
@options.scheme
@options.store
@options.as_json
def command(
    run: str | None,
    lookup: Path | None,
    training: Path | None,
    automatic: bool,
    sample: int | None,
    verify: bool,
    scheme: str,
    store_path: options.Place | None,
    as_json: bool,
) -> None:
    """Show the state of a run's queue: waiting, held, done, automatic, by coder and day. RUN: the newest, if not named.

    \b
    Examples:
      crosswalk queue survey-1a2b3c
      crosswalk queue survey-1a2b3c --sample 300
      crosswalk queue survey-1a2b3c --promote dictionary.csv
    """
    from crosswalk import output
    from crosswalk.cli import review_output
    from crosswalk.cli.review_options import chosen_run
    from crosswalk.jobs import filling, promotion
    from crosswalk.jobs.code_book import CodeBook
    from crosswalk.jobs.queue_state import queue_state
    from crosswalk.jobs.sampling import draw_automatic
    from crosswalk.store.store import Store

    with Store(options.store_file(store_path), create=False) as store:
        name = chosen_run(store, run, output.say)
        if automatic or not store.cases.filled(name):
            filling.fill_queue(store, name, automatic=automatic)
        if sample:
            output.say(f"in the queue to be verified (filter: automatic): {draw_automatic(store, name, sample):,}")
        if verify:
            output.say(f"all {store.decisions.verify():,} decisions of the store are as they were made")
        if lookup:
            written, left = promotion.write_lookup(store, name, CodeBook.open(scheme).classification, lookup)
            output.say(
                f"written: {lookup} ({written:,} texts; {left:,} left out, since their decisions differ or are no single unit group)"
            )
        if training:
            output.say(f"written: {training} ({promotion.write_training(store, name, training):,} decisions)")
        state = queue_state(store, name)
    review_output.print_queue(state, as_json=as_json)
