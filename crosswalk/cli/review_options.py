"""What `crosswalk review` was asked for, made definite: run, coder, task, samples; and the screen in a browser."""

import shlex
import sys
from collections.abc import Callable, Sequence

from crosswalk.errors import UsageError
from crosswalk.jobs.filling import fill_queue
from crosswalk.jobs.review import Task
from crosswalk.jobs.sampling import draw_double, draw_experiment
from crosswalk.store.sessions import os_user
from crosswalk.store.store import Store

_JOBS = ("code", "map", "discover")


def chosen_run(store: Store, run: str | None, say: Callable[[str], None]) -> str:
    """The run named, else the newest with something to decide. Raises UsageError when there is none."""
    if run is not None:
        return store.run(run).name
    runs = [each for each in store.runs() if each.job in _JOBS]
    if not runs:
        raise UsageError("there is nothing to review yet", where=str(store.path), hint="crosswalk code FILE, or crosswalk map FILE, first")
    say(f"run {runs[-1].name!r}, the newest")
    return runs[-1].name


def chosen_coder(name: str | None) -> str:
    """The name given, else the account's."""
    return name.strip() if name is not None else os_user() or "coder"


def chosen_task(*, adjudicate: bool, experiment: int | None) -> Task:
    """What the coder works on. Raises UsageError for two things at once."""
    if adjudicate and experiment:
        raise UsageError("--adjudicate and --experiment exclude each other", hint="give one of the two")
    return "adjudicate" if adjudicate else "experiment" if experiment else "review"


def draw(store: Store, run: str, double: int | None, experiment: int | None, say: Callable[[str], None]) -> None:
    """Set out the cases where nobody has yet, draw the samples that were asked for, and say how large they are."""
    if not store.cases.filled(run):
        say(f"setting out the cases of {run!r}, once (a million take about a minute)")
        fill_queue(store, run)
    if double:
        say(f"cases that two coders code: {draw_double(store, run, double):,}")
    if experiment:
        say(f"cases that are coded again without suggestions: {draw_experiment(store, run, experiment):,}")


def serve_web(port: int, words: Sequence[str], task: Task, blind: bool, say: Callable[[str], None]) -> None:
    """Serve the same screen to a browser of this machine until Ctrl+C. Raises UsageError without the extra ``web``."""
    try:
        from crosswalk.tui.web import ReviewServer
    except ImportError:
        raise UsageError("the web screen is not installed", hint="pip install 'isco-crosswalk[web]'") from None
    flags = [*(["--blind"] if blind else []), *(["--adjudicate"] if task == "adjudicate" else [])]
    flags += ["--experiment", "1"] if task == "experiment" else []
    command = shlex.join([sys.executable, "-m", "crosswalk", "review", *words, *flags])
    say(f"the screen is at http://127.0.0.1:{port}/ for a browser of this machine alone; Ctrl+C ends it")
    ReviewServer(command, port).serve()
