"""The application round the review screen: opens it, leaves the terminal as it was, and never prints what is in memory."""

import asyncio
import os
import signal
import sys

from rich.text import Text
from textual.app import App
from textual.binding import Binding

from crosswalk.errors import UsageError
from crosswalk.jobs.code_book import CodeBook
from crosswalk.jobs.review import ReviewQueue
from crosswalk.tui.clock import CaseClock
from crosswalk.tui.screen import ReviewScreen


class ReviewApp(App[None]):
    """One coder's screen."""

    TITLE = "crosswalk review"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [Binding("ctrl+t", "light_or_dark", "light or dark"), Binding("ctrl+q,ctrl+c", "quit", "quit", priority=True)]

    def __init__(self, queue: ReviewQueue, book: CodeBook, clock: CaseClock | None = None) -> None:
        super().__init__()
        self._review = ReviewScreen(queue, book, clock)
        self.stopped_by = 0
        """The signal that ended the screen, 0 for none."""

    def on_mount(self) -> None:
        """A closed window or a shutdown ends the screen properly: what was decided is kept already."""
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None:
                try:
                    asyncio.get_running_loop().add_signal_handler(number, self._stop, int(number))
                except (NotImplementedError, RuntimeError, ValueError):  # not the main thread, or not this system
                    continue
        self.push_screen(self._review)

    def _stop(self, number: int) -> None:
        self.stopped_by = number
        self.exit()

    def action_light_or_dark(self) -> None:
        """The other theme."""
        self.theme = "textual-light" if self.theme == "textual-dark" else "textual-dark"

    def _fatal_error(self) -> None:
        """Say that it broke and where, without the values in memory: they are people's answers."""
        error = self._exception
        trace, place = error.__traceback__ if error else None, ""
        while trace:
            code = trace.tb_frame.f_code
            place = f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} in {code.co_name}"
            trace = trace.tb_next
        self._exit_renderables.append(
            Text(f"error: the screen broke ({type(error).__name__} at {place}). Every decision made before is kept.\n"
                 "  next: crosswalk review again; please report this line")
        )  # fmt: skip
        self._close_messages_no_wait()


def review(queue: ReviewQueue, book: CodeBook) -> int:
    """Run the screen until the coder leaves; gives the exit code. Raises UsageError where there is no terminal."""
    terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))  # Textual draws on stderr
    if not terminal and "TEXTUAL_DRIVER" not in os.environ:
        raise UsageError("the review screen needs a terminal", hint="run it in one, or add --web")
    app = ReviewApp(queue, book)
    app.run()
    return 128 + app.stopped_by if app.stopped_by else app.return_code or 0
