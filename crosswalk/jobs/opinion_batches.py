"""Second opinions by batch: what was submitted is collected first; what is then missing is submitted."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from crosswalk.llm.batches import collect, submit
from crosswalk.llm.budget import Price
from crosswalk.llm.client import Service
from crosswalk.llm.inquiry import Inquiry
from crosswalk.llm.prompts import Prompt
from crosswalk.llm.questions import request_key
from crosswalk.llm.replies import Reply, judge
from crosswalk.model import Opinion
from crosswalk.store.store import Store


def batch_opinions(
    store: Store, run: str, waiting: Sequence[Inquiry], service: Service, prompt: Prompt, price: Price, say: Callable[[str], None]
) -> None:
    """Collect the batches of the run that have ended; when none is under way, submit what is missing. Nothing is submitted twice."""
    questions = {request_key(service.model, prompt, question): question for question in waiting}
    under_way = 0
    for batch in store.opinions.open_batches(run, service.model):
        found = collect(service, batch)
        if not found.ended:
            say(f"batch {batch} is {found.state}: give the same command later")
            under_way += 1
            continue
        kept = [_opinion(key, found.replies[key], questions[key], service, prompt, price) for key in found.replies if key in questions]
        store.opinions.keep(kept)
        store.opinions.end_batch(batch, _now())
        say(f"batch {batch} is {found.state}: {len(kept):,} answers collected")
        questions = {key: question for key, question in questions.items() if key not in found.replies}
    if questions and not under_way:
        batch = submit(service, prompt, list(questions.items()))
        store.opinions.begin_batch(batch, run, service.model, _now())
        say(
            f"batch {batch} with {len(questions):,} texts was submitted to {service.described()}: give the same command later to collect it"
        )


def _opinion(request: str, reply: Reply, question: Inquiry, service: Service, prompt: Prompt, price: Price) -> Opinion:
    verdict, cost = judge(reply, question), price.of(reply.tokens_in, reply.tokens_out)
    return Opinion(
        request, service.model, reply.answered_by, prompt.fingerprint, verdict.fault or "answered", verdict.choice, verdict.direct,
        verdict.better, verdict.said, reply.tokens_in, reply.tokens_out, cost, 0.0, _now(),
    )  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
