"""crosswalk review"""

import click

from crosswalk.cli import options


@click.command("review")
@click.argument("run", required=False)
@click.option("--coder", help="Your name, which stands with every decision (default: the account you are logged in with).")
@click.option("--blind", is_flag=True, help="Show no suggestions.")
@click.option(
    "--double", type=click.IntRange(1), metavar="N", help="Have N waiting cases coded by two coders, each without sight of the other."
)
@click.option("--adjudicate", is_flag=True, help="Decide where two coders differ: both answers and the program's side by side.")
@click.option("--experiment", type=click.IntRange(1), metavar="N",
              help="Code N cases again without suggestions, then choose the better of both answers.")  # fmt: skip
@click.option("--web", is_flag=True, help="Serve the screen to a browser on this machine.")
@click.option("--port", type=click.IntRange(1, 65535), default=8321, show_default=True, help="Port for --web.")
@options.scheme
@options.store
def command(
    run: str | None,
    coder: str | None,
    blind: bool,
    double: int | None,
    adjudicate: bool,
    experiment: int | None,
    web: bool,
    port: int,
    scheme: str,
    store_path: options.Place | None,
) -> None:
    """Decide what a run left to people, by keys alone: accept, amend, split, flag. RUN: the newest, if not named.

    Several coders may review one run at once: each case is one coder's at a time, and nobody overwrites another. Everything is kept
    at once; quit whenever you like.

    \b
    Examples:
      crosswalk review survey-1a2b3c --coder anna
      crosswalk review survey-1a2b3c --experiment 200
    """
    import shlex

    from crosswalk import output
    from crosswalk.cli.review_options import chosen_coder, chosen_run, chosen_task, draw, serve_web
    from crosswalk.jobs.code_book import CodeBook
    from crosswalk.jobs.review import ReviewQueue
    from crosswalk.store.store import Store

    kept_in = options.store_file(store_path)
    with Store(kept_in, create=False) as store:
        name, who = chosen_run(store, run, output.say), chosen_coder(coder)
        task = chosen_task(adjudicate=adjudicate, experiment=experiment)
        draw(store, name, double, experiment, output.say)
        if web:
            serve_web(port, [name, "--coder", who, "--store", str(kept_in), "--scheme", scheme], task, blind, output.say)
            return
        from crosswalk.tui.app import review

        if not store.cases.filled(name):
            output.say("setting out the queue, this once (a minute and a half a million cases)")
        with ReviewQueue(store, name, who, task=task, blind=blind) as queue:
            code = review(queue, CodeBook.open(scheme))
        output.say(f"everything decided is kept; see how far you are: crosswalk queue {shlex.quote(name)}")
        click.get_current_context().exit(code)
