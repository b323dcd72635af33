"""Options of commands that may ask a large language model: nothing leaves the machine unless ``--llm`` is given."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from crosswalk.jobs.opinions import SecondOpinion

_WHEN = click.option(
    "--llm-when", default="p<0.8", show_default=True, help='Which texts: "p<0.8", "disagree" (of searches), or both with "or".'
)
_OPTIONS = (
    click.option(
        "--llm",
        "llm_model",
        metavar="MODEL",
        help="Ask this model (any litellm name) about doubtful texts or finds; they leave the machine.",
    ),
    click.option("--llm-url", help="Where the model is, if not at its usual place."),
    click.option("--max-cost", type=click.FloatRange(0), default=1.0, show_default=True, help="Dollars at which asking stops."),
    click.option("--llm-price", help="Dollars a million tokens, SENT/RECEIVED, if the list price is unknown (0/0: own server)."),
    click.option("--llm-redact", is_flag=True, help="Take e-mails, links, numbers and introduced names out first."),
    click.option("--llm-batch", is_flag=True, help="Use the cheaper Batch API: submit now, collect with the same command later."),
)

_MAY_DECIDE = click.option(
    "--llm-may-decide", is_flag=True, help="Let a sure opinion choose the code; otherwise it is only shown as evidence."
)


def llm(*, may_decide: bool = False, when: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the options; the command gets one argument ``second``: a SecondOpinion, or None without ``--llm``."""

    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def gathered(
            *words: Any, llm_model: str | None, llm_url: str | None, max_cost: float, llm_price: str | None,
            llm_redact: bool, llm_batch: bool, llm_may_decide: bool = False, llm_when: str = "p<0.8", **more: Any,
        ) -> Any:  # fmt: skip
            second = None
            if llm_model:
                second = _second_opinion(llm_model, llm_url, llm_when, max_cost, llm_price, llm_redact, llm_may_decide, llm_batch)
            return function(*words, second=second, **more)

        wrapped: Callable[..., Any] = gathered
        asked = (*_OPTIONS[:2], *([_WHEN] if when else []), *_OPTIONS[2:], *([_MAY_DECIDE] if may_decide else []))
        for option in reversed(asked):
            wrapped = option(wrapped)
        return wrapped

    return decorator


def _second_opinion(
    model: str, url: str | None, when: str, max_cost: float, price: str | None, redact: bool, may_decide: bool, batch: bool
) -> "SecondOpinion":
    from crosswalk.jobs.opinions import SecondOpinion, read_when
    from crosswalk.llm.budget import read_price
    from crosswalk.llm.service import Service

    known = read_price(price) if price else None
    return SecondOpinion(Service(model, url), read_when(when), max_cost, known, redact, may_decide, batch)
