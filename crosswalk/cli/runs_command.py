"""crosswalk runs"""

from pathlib import Path

import click

from crosswalk.cli import options


@click.command("runs")
@options.store
@options.as_json
def command(store_path: options.Place | None, as_json: bool) -> None:
    """List what was done: runs, their files, and whether they are finished."""
    from crosswalk import output
    from crosswalk.store.store import Store

    kept_in = options.store_file(store_path)
    runs = []
    if store_path or (isinstance(kept_in, Path) and kept_in.exists()):
        with Store(kept_in, create=False) as store:
            runs = store.runs()
    if as_json:
        output.print_json(
            [{"name": r.name, "job": r.job, "started": r.started, "finished": r.finished, "settings": dict(r.settings)} for r in runs]
        )
    elif runs:
        rows = [
            [
                r.name,
                r.job,
                str(r.settings.get("file", "")),
                output.minute(r.started),
                output.minute(r.finished) if r.finished else "unfinished",
            ]
            for r in runs
        ]
        output.print_table(["run", "job", "file", "started", "finished"], rows)
    else:
        output.say("no runs yet: crosswalk map FILE begins one")
