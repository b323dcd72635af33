"""Second opinions by batch: what was submitted is collected first; what is then missing is submitted."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from crosswalk.llm.batches import collect, submit
from crosswalk.llm.budget import Budget, Price
from crosswalk.llm.inquiry import Inquiry
from crosswalk.llm.prompts import Prompt
from crosswalk.llm.questions import request_key, tokens_about
from crosswalk.llm.replies import Reply, judge
from crosswalk.llm.service import Service
from crosswalk.model import Opinion
from crosswalk.store.store import Store


def batch_opinions(
    store: Store, run: str, waiting: Sequence[Inquiry], service: Service, prompt: Prompt, price: Price, max_cost: float,
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """Collect the batches of the run that have ended; when none is under way, submit what is missing. Nothing is submitted twice.

    ``max_cost``, in dollars, is what all answers of the run may cost together: the command that collects also submits, again and again.
    """
    budget = Budget(max_cost)
    budget.settle(0.0, sum(kept.opinion.cost for kept in store.opinions.of_run(run).values()))
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
        budget.settle(0.0, sum(opinion.cost for opinion in kept))
        store.opinions.end_batch(batch, _now())
        say(f"batch {batch} is {found.state}: {len(kept):,} answers collected")
        questions = {key: question for key, question in questions.items() if key not in found.replies}
    if questions and not under_way:
        fitting = _within(budget, questions, prompt, price, say)
        if fitting:
            batch = submit(service, prompt, fitting)
            store.opinions.begin_batch(batch, run, service.model, _now())
            where = service.described()
            say(f"batch {batch} with {len(fitting):,} texts was submitted to {where}: give the same command later to collect it")


def _within(
    budget: Budget, questions: Mapping[str, Inquiry], prompt: Prompt, price: Price, say: Callable[[str], None]
) -> list[tuple[str, Inquiry]]:
    """The first questions, by request key, that cannot pass the limit even if every reply is as long as it may be."""
    fitting, most = [], 0.0
    for key, question in questions.items():
        cost = price.of(tokens_about(prompt, question), prompt.max_tokens)
        if not budget.reserve(cost):
            break
        fitting.append((key, question))
        most += cost
    spent = f", {budget.spent:.4f} spent before" if budget.spent else ""
    say(f"a batch of {len(fitting):,} texts costs at most {most:.4f} dollars{spent} (limit: --max-cost {budget.limit:g})")
    if left := len(questions) - len(fitting):
        say(f"{left:,} more texts would pass the limit and are not submitted: a higher --max-cost takes them in")
    return fitting


def _opinion(request: str, reply: Reply, question: Inquiry, service: Service, prompt: Prompt, price: Price) -> Opinion:
    verdict, cost = judge(reply, question), price.of(reply.tokens_in, reply.tokens_out)
    return Opinion(
        request, service.model, reply.answered_by, prompt.fingerprint, verdict.fault or "answered", verdict.choice, verdict.direct,
        verdict.better, verdict.said, reply.tokens_in, reply.tokens_out, cost, 0.0, _now(),
    )  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
