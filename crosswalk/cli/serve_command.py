"""crosswalk serve"""

import os

import click

from crosswalk.cli import options


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; any but this machine's own needs a token.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--rate", type=click.IntRange(1, 100_000), default=400, show_default=True, help="Requests a second from one address.")
@options.scheme
def command(host: str, port: int, rate: int, scheme: str) -> None:
    """Serve look-ups, batches and OpenRefine over HTTP, with a page to try them (extra "serve").

    This machine alone can ask, unless --host says otherwise; then CROSSWALK_TOKEN must hold a token, which those who ask send
    as "Authorization: Bearer TOKEN". Nothing that is sent is kept.

    \b
    Examples:
      crosswalk serve
      CROSSWALK_TOKEN=a-long-random-word crosswalk serve --host 0.0.0.0 --port 8080
    """
    from crosswalk.serve.settings import Access, Limits, keep_to_one_thread

    access = Access(host, port, os.environ.get("CROSSWALK_TOKEN", "")).checked()
    keep_to_one_thread()
    from crosswalk import output
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.errors import UsageError

    try:
        from crosswalk.serve import app
    except ImportError as error:
        raise UsageError(f"this needs the extra 'serve' ({error.name} is missing)", hint="pip install 'isco-crosswalk[serve]'") from None

    app.run(Autocoder.open(scheme), scheme, access, Limits(rate=rate), output.say)
