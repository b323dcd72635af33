"""Codes the texts of a run in chunks, each kept as soon as it is done: what was killed goes on where it stopped."""

from collections.abc import Callable

from crosswalk.coding.autocoder import Autocoder
from crosswalk.store.store import Store

Progress = Callable[[int, int], None]
"""Called with the texts done and the texts in all."""

_CHUNK = 1024


def code_run(store: Store, run: str, coder: Autocoder, progress: Progress) -> int:
    """Code every text of the run that has no coding yet; gives how many that were.

    Progress is keyed by the text, never by a chunk's number, so any chunk size and order completes a broken run.
    """
    waiting = store.uncoded(run)
    total = store.count_texts(run)
    progress(total - len(waiting), total)
    for begin in range(0, len(waiting), _CHUNK):
        chunk = waiting[begin : begin + _CHUNK]
        codings = coder.code([query for _, query in chunk])
        store.save_codings(run, [(key, coding) for (key, _), coding in zip(chunk, codings, strict=True)])
        progress(total - len(waiting) + begin + len(chunk), total)
    return len(waiting)
