"""crosswalk lookup"""

import click

from crosswalk.cli import options


@click.command("lookup", context_settings={"ignore_unknown_options": True})
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True)
@click.option("-k", "k", type=click.IntRange(1, 50), default=6, show_default=True, help="Codes shown for each text.")
@click.option("--description", help="More about the job (tasks, industry): weighed with each text.")
@options.scheme
@options.as_json
def command(texts: tuple[str, ...], k: int, description: str | None, scheme: str, as_json: bool) -> None:
    """Code titles, now.

    \b
    Examples:
      crosswalk lookup "bin man" "sygeplejerske"
      crosswalk lookup teacher --description "secondary school, mathematics" -k 3
      crosswalk lookup "data analyst" --json
    """
    from crosswalk import output
    from crosswalk.cli import coded_output
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.model import Query
    from crosswalk.text import clean

    context = {"more": clean(description)} if description else {}
    coder = Autocoder.open(scheme)
    codings = coder.code([Query(clean(text), context=context) for text in texts], k=max(k, 10))
    if as_json:
        output.print_json([output.coding_as_json(coding, coder.classification, k) for coding in codings])
    else:
        coded_output.print_codings(codings, coder.classification, k)
