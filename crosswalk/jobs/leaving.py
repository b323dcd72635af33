"""What would leave this machine: the very messages a run with --llm would send, made without sending any."""

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from crosswalk.coding.autocoder import Autocoder
from crosswalk.errors import StoreError, UsageError
from crosswalk.files.table import Table
from crosswalk.jobs.batch import Progress
from crosswalk.jobs.census import CodingJob, Stage, code_file
from crosswalk.jobs.mapping import MappingColumns, Talk, map_table
from crosswalk.jobs.opinions import SecondOpinion, once_each, questions_of, questions_of_answers
from crosswalk.llm.prompts import Prompt, load_prompt
from crosswalk.llm.questions import Question, messages, request_key
from crosswalk.llm.redact import redacted_question
from crosswalk.store.store import Store

Asking = Callable[[SecondOpinion], list[Question]]
"""Gives the questions of a run for what the user allows."""


@dataclass(frozen=True)
class Leaving:
    """Where texts would go and what they would be; ``changed`` of them were altered by --llm-redact, ``known`` are not asked again."""

    where: str
    prompt: Prompt
    questions: tuple[Question, ...]
    changed: int
    known: int

    def as_json(self) -> dict[str, object]:
        """Everything, as it would be sent."""
        sent = [messages(self.prompt, question)[1]["content"] for question in self.questions]
        return {
            "leaves": bool(sent), "where": self.where, "texts": len(sent), "redacted": self.changed, "answered_before": self.known,
            "system": self.prompt.system if sent else "", "messages": [json.loads(content) for content in sent],
        }  # fmt: skip


NOTHING = Leaving("", Prompt("", "", 0), (), 0, 0)


def of_mapping(table: Table, columns: MappingColumns, coder: Autocoder, official: str | None, progress: Progress, say: Talk) -> Asking:
    """Map the classification in a store that is thrown away; gives what makes its questions."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "kept.db") as store:
        run = map_table(table, columns, coder, store, None, progress, say, official)
        codings = list(store.codings(run).values())
    return lambda wanted: questions_of(codings, wanted, coder.classification)


def of_survey(job: CodingJob, coder: Autocoder, stage: Stage, say: Talk) -> Asking:
    """Code the survey in a store that is thrown away; gives what makes its questions."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "kept.db") as store:
        coded = code_file(replace(job, out=Path(folder) / "coded.csv"), coder, store, stage, say)
        answers = list(store.queue(coded.run))
    return lambda wanted: questions_of_answers(answers, wanted, coder.classification)


def leaving(asking: Asking, wanted: SecondOpinion, kept_in: Path | str) -> Leaving:
    """What a run with these options would send now, each message once, less what the user's store has an answer to."""
    prompt, plain = load_prompt(), asking(replace(wanted, redact=False))
    questions = [redacted_question(question) for question in plain] if wanted.redact else plain
    changed = sum(before != after for before, after in zip(plain, questions, strict=True))
    requests = {question.key: request_key(wanted.service.model, prompt, question) for question in questions}
    known: set[str] = set()
    with suppress(UsageError, StoreError), Store(kept_in, create=False) as store:
        known = set(store.opinions.known(requests.values()))
    waiting = once_each(questions, requests, known)
    return Leaving(wanted.service.described(), prompt, tuple(waiting), changed, sum(key in known for key in requests.values()))
