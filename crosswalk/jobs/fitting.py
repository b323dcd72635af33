"""crosswalk fit: a classifier of an office's own, from answers that people have coded."""

import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from crosswalk.coding.autocoder import Autocoder
from crosswalk.coding.classifier import FILE as CLASSIFIER_FILE
from crosswalk.coding.classifier import WITHOUT_HEAD, Classifier
from crosswalk.coding.head import Head, save_head, stored
from crosswalk.coding.scorer import Scorer
from crosswalk.coding.threshold import FILE as CALIBRATION
from crosswalk.coding.threshold import USUAL
from crosswalk.errors import DataError, UsageError
from crosswalk.files.table import Table
from crosswalk.jobs.evaluation import Evaluation, Questions, figures, known_code
from crosswalk.jobs.indexing import build_index
from crosswalk.jobs.machine_written import FILE as MACHINE_WRITTEN
from crosswalk.jobs.machine_written import save_written
from crosswalk.jobs.model_card import CARD, model_card
from crosswalk.jobs.quality.learning_curve import FILE as CURVE
from crosswalk.jobs.quality.learning_curve import CurvePoint, LearningCurve, curve_rows, learning_curve
from crosswalk.jobs.quality.outcomes import Outcomes, coded_text
from crosswalk.jobs.training.office import Answer, Ground, Trained, held_apart, judges, share_of, train_office
from crosswalk.jobs.training.scorers import scorer_of
from crosswalk.model import Classification, IndexTitle, Item, Query
from crosswalk.search.encoder import Encoder, open_encoder
from crosswalk.search.retriever import FusionWeights, query_text
from crosswalk.text import normalise

FEWEST = 50
"""Distinct coded answers without which no classifier is fitted."""

_LONGEST_EXAMPLE = 500


@dataclass(frozen=True)
class FitJob:
    """What is to be fitted: coded answers, the scheme's items and known titles, and where the index folder goes.

    ``base`` is the index folder that is built upon; its head is the start where it knows exactly these codes. ``shares`` of the
    answers (above 0, below 1) are learned from as well, for a learning curve. ``encoder`` is trained on the answers for ``tune``
    epochs. ``write`` gives further examples, written by a machine, for the codes of the answers learned from.
    """

    table: Table
    texts: tuple[str, ...]
    truth: str
    classification: Classification
    titles: tuple[IndexTitle, ...]
    out: Path
    base: Path
    encoder: str | None
    test: float
    seed: int
    shares: tuple[float, ...] = ()
    tune: int = 0
    write: Callable[[Sequence[str]], Sequence[IndexTitle]] | None = None


@dataclass(frozen=True)
class Fitted:
    """What came out: the folder, how many answers were learned from, the figures on answers kept apart, and what was left out.

    ``curve``: the learning curve, where the job named shares of the answers to learn from beside all of them.
    """

    folder: Path
    answers: int
    codes: int
    quality: Evaluation
    left_out: dict[str, int]
    seconds: float
    curve: LearningCurve | None = None


def fit(job: FitJob, say: Callable[[str], None]) -> Fitted:
    """Train, test and write an index folder. Raises DataError when there is too little to learn from."""
    if job.out.exists() and not (job.out / "manifest.json").exists():
        raise UsageError("the folder is there already and is no index", where=str(job.out), hint="give -o the name of a new folder")
    begun = time.monotonic()
    answers, left_out = distinct_answers(job)
    apart = held_apart([(normalise(query_text(query)), min(right)) for query, right in answers], job.test, job.seed)
    learned = [answer for answer, test in zip(answers, apart.tolist(), strict=True) if not test]
    tested = [answer for answer, test in zip(answers, apart.tolist(), strict=True) if test]
    written = tuple(job.write([min(right) for _, right in learned])) if job.write else ()
    with tempfile.TemporaryDirectory() as name:
        own = _tuned(job, learned, Path(name) / "encoder", say) if job.tune else None
        ground = ground_of(job, own, written)
        trained = train_office(learned, job.texts, ground, job.seed, say)
        quality = quality_of(tested, trained, ground)
        points = [*_smaller(job, learned, tested, ground, say), CurvePoint(1.0, len(learned), quality.accuracy)]
        card = model_card(job.classification, job.table, job.texts, len(learned), quality, left_out, job.seed)
        _write(job, trained, card + _notes(job, len(written)), points if len(points) > 1 else [], own, written)
    curve = learning_curve([(point.share, point.accuracy) for point in points]) if len(points) > 1 else None
    return Fitted(job.out, len(learned), len(trained.facts.codes), quality, left_out, time.monotonic() - begun, curve)


def _smaller(
    job: FitJob, learned: Sequence[Answer], tested: Sequence[Answer], ground: Ground, say: Callable[[str], None]
) -> list[CurvePoint]:
    """How good the same training is on shares of the answers, tested on the same texts; shares too small to learn from are left out."""
    points = []
    for share in sorted(job.shares):
        part = share_of(learned, share, job.seed)
        if len(part) < FEWEST or len({code for _, right in part for code in right}) < 2:
            say(f"learning curve: {share:.0%} of the answers are too few to learn from")
            continue
        say(f"learning curve: {share:.0%} of the answers")
        outcomes, _ = tested_with(tested, train_office(part, job.texts, ground, job.seed, say), ground)
        points.append(CurvePoint(share, len(part), float(outcomes.right.mean())))
    return points


def distinct_answers(job: FitJob) -> tuple[list[Answer], dict[str, int]]:
    """The different answers with the code most often given to each, and how many rows were left out and why."""
    places, truth = [job.table.columns.index(column) for column in job.texts], job.table.columns.index(job.truth)
    codes: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    first: dict[tuple[str, ...], Query] = {}
    left_out = {"no text": 0, "no code": 0, "code not in the scheme": 0}
    for row in job.table.rows:
        fields, given = [row[place] for place in places], row[truth].split("|")[0].strip()
        key = tuple(normalise(field) for field in fields)
        code = known_code(given, job.classification) if given else None
        if not any(key) or code is None:
            left_out["no text" if not any(key) else "code not in the scheme" if given else "no code"] += 1
            continue
        codes[key][code] += 1
        context = {name: field for name, field in zip(job.texts[1:], fields[1:], strict=True) if field}
        first.setdefault(key, Query(fields[0], context=context))
    answers = [(first[key], frozenset([min(found, key=lambda code: (-found[code], code))])) for key, found in sorted(codes.items())]
    if len(answers) < FEWEST or len({code for _, right in answers for code in right}) < 2:
        raise DataError(
            f"{len(answers):,} different coded answers are too few to learn from (at least {FEWEST}, of two codes)",
            where=job.table.place(0, job.truth),
            hint="check the columns: " + ", ".join(f"{count:,} rows with {why}" for why, count in left_out.items()),
        )
    return answers, left_out


def _tuned(job: FitJob, learned: Sequence[Answer], folder: Path, say: Callable[[str], None]) -> Path:
    """The encoder trained on the answers, into ``folder``; those that the weights are judged on are not among them."""
    from crosswalk.jobs.training.transformer import TuneSettings, tuned

    if job.encoder is None:
        raise UsageError("the shipped encoder is not trained on answers", where="--fine-tune", hint="name a transformer with --encoder")
    most = [answer for answer, apart in zip(learned, judges(learned, job.seed).tolist(), strict=True) if not apart]
    codes = {code: place for place, code in enumerate(sorted({min(right) for _, right in most}))}
    say(f"training the encoder on {len(most):,} answers, {job.tune} times each: this is the slow part")
    texts, numbers = [normalise(query_text(query)) for query, _ in most], np.array([codes[min(right)] for _, right in most])
    tuned(job.encoder, texts, numbers, len(codes), TuneSettings(epochs=job.tune, seed=job.seed), say).save(folder)
    return folder


def _notes(job: FitJob, written: int) -> str:
    """What the card says beyond the usual."""
    notes = []
    if job.tune:
        notes.append(f"The encoder in this folder is {Path(str(job.encoder)).name}, trained on these answers for {job.tune} epochs.\n")
    if written:
        notes.append(f"**{written:,} of the texts it learned from were written by a language model**, for codes with few answers "
                     f"({MACHINE_WRITTEN} lists them). None is among the answers it was tested on, nor a title of its book.\n")  # fmt: skip
    return "".join(f"\n{note}" for note in notes)


def ground_of(job: FitJob, own: Path | None = None, written: Sequence[IndexTitle] = ()) -> Ground:
    """What the training stands on: the base's weights, and its head when it knows exactly the scheme's codes.

    ``own`` is an encoder's folder in place of the job's, ``written`` are further examples.
    """
    encoder: Encoder = open_encoder(own or job.encoder or job.base / "encoder")
    head = None if job.encoder else Head.load(job.base)
    codes = {item.code for item in job.classification.unit_groups}
    same = head is not None and set(head.facts.codes) == codes
    prior = Classifier.load(job.base, CLASSIFIER_FILE if head else WITHOUT_HEAD).weights
    notes = [IndexTitle(item.notes[:_LONGEST_EXAMPLE], item.code) for item in job.classification.unit_groups if item.notes]
    return Ground(job.classification, job.titles, encoder, FusionWeights.load(job.base), prior, head if same else None, [*notes, *written])


def scorer_for(trained: Trained, ground: Ground) -> Scorer:
    """The trained classifier in memory."""
    head = Head(trained.facts, stored(trained.tensors))
    return scorer_of(ground.classification, trained.titles, ground.encoder, head, ground.fusion, trained.weights)


def tested_with(tested: Sequence[Answer], trained: Trained, ground: Ground) -> tuple[Outcomes, float]:
    """Answers that were kept apart, coded, and the seconds that took."""
    begun = time.perf_counter()
    codings = scorer_for(trained, ground).codings([query for query, _ in tested], 10)
    seconds = time.perf_counter() - begun
    texts = [coded_text(coding, right) for coding, (_, right) in zip(codings, tested, strict=True)]
    return Outcomes(ground.classification, texts), seconds


def quality_of(tested: Sequence[Answer], trained: Trained, ground: Ground) -> Evaluation:
    """Figures on answers that were kept apart."""
    outcomes, seconds = tested_with(tested, trained, ground)
    learned = Counter(title.code for title in trained.titles)
    return figures(outcomes, Questions(), seconds, USUAL, {code: learned[code] for code in trained.facts.codes})


def _write(job: FitJob, trained: Trained, card: str, points: Sequence[CurvePoint], own: Path | None, written: Sequence[IndexTitle]) -> None:
    def install(folder: Path) -> None:
        save_head(folder, trained.facts, trained.tensors)
        Classifier(trained.weights).save(folder)
        save_file({"sure": trained.sure, "right": trained.right}, folder / CALIBRATION)
        (folder / CARD).write_text(card, encoding="utf-8")
        if points:
            (folder / CURVE).write_text(curve_rows(points), encoding="utf-8")
        if written:
            save_written(written, folder)

    sources = [f"coded answers: {job.table.path.name}"]
    build_index(job.out, job.classification, trained.titles, sources, job.base, None if own else job.encoder, install, own)


def scheme_of_codes(scheme: str, table: Table, truth: str) -> Classification:
    """A flat scheme made of the codes that occur; a code is its own title."""
    place = table.columns.index(truth)
    codes = sorted({code for row in table.rows if (code := row[place].split("|")[0].strip())})
    return Classification(scheme, "", tuple(Item(code, code, 1) for code in codes))


def opened_scheme(base: Path) -> tuple[Classification, tuple[IndexTitle, ...]]:
    """The classification and the book of an index folder."""
    coder = Autocoder.open(base)
    book = coder.retriever.book
    return coder.classification, tuple(book.title(place) for place in np.arange(len(book)).tolist())
