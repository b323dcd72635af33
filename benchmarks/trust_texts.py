"""Hostile texts through normalisation, n-grams and tokeniser, and as many as there is time for through the whole coder."""

import math
import time
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice

from crosswalk.coding.autocoder import Autocoder
from crosswalk.model import Coding
from crosswalk.search.ngrams import grams
from crosswalk.text import clean, fold, normalise
from tests.hostile_texts import texts

BATCH = 2_000


def through_normalisation(count: int, seed: int, coder: Autocoder) -> dict[str, int | float]:
    """Texts through all that stands before the model; counts faults of any kind, and the longest a text took."""
    faults, slowest, made = 0, 0.0, texts(coder.retriever.book.texts(), seed)
    for done in range(0, count, BATCH):
        batch = list(islice(made, min(BATCH, count - done)))
        faults += sum(fault_of(text) != "" for text in batch)
        begun = time.process_time()
        forms = [normalise(clean(text)) for text in batch]
        found = grams(forms)
        vectors = coder.retriever.encoder.encode(forms)
        slowest = max(slowest, (time.process_time() - begun) / len(batch))
        faults += int(len(found.starts) != len(batch) + 1) + int(vectors.shape[0] != len(batch)) + int((vectors != vectors).any())
    return {"texts": count, "faults": faults, "slowest_batch_ms_a_text": round(1000 * slowest, 3)}


def fault_of(text: str) -> str:
    """What is wrong with how a text is cleaned and normalised, blank for nothing."""
    shown = clean(text)
    form = normalise(shown)
    if clean(shown) != shown or normalise(shown) != form:
        return "not the same twice"
    if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t" for letter in shown):
        return "a control character is left"
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in form) or form != " ".join(form.split()):
        return "a normal form that is none"
    if len(shown) > 3 * len(text) or len(fold(form)) > 4 * len(form) + 4:
        return "it grew"
    if sum(not letter.isspace() for letter in unicodedata.normalize("NFC", text)) > sum(not letter.isspace() for letter in shown):
        return "letters were lost in silence"
    return ""


def through_the_coder(seconds: float, seed: int, coder: Autocoder) -> dict[str, int | float]:
    """Texts through the whole coder for so many seconds of processor time."""
    made, done, faults, slowest, begun = texts(coder.retriever.book.texts(), seed), 0, 0, 0.0, time.process_time()
    while time.process_time() - begun < seconds:
        batch = [clean(text) for text in islice(made, BATCH)]
        started = time.process_time()
        faults += sum(coding_fault(coding, text) for coding, text in zip(coder.code(batch), batch, strict=True))
        slowest = max(slowest, (time.process_time() - started) / BATCH)
        done += BATCH
    return {"coded_texts": done, "coder_faults": faults, "coder_seconds": round(time.process_time() - begun),
            "coder_slowest_batch_ms_a_text": round(1000 * slowest, 2)}  # fmt: skip


def coding_fault(coding: Coding, text: str) -> bool:
    """Whether a coding is none: of another text, no probabilities, or not in order."""
    shares = [entry.probability for entry in coding.codes]
    sound = all(math.isfinite(share) and 0 <= share <= 1 for share in (*shares, coding.p_none)) and sum(shares) + coding.p_none <= 1 + 1e-6
    return coding.query.text != text or not sound or (ranked := [round(s, 6) for s in shares]) != sorted(ranked, reverse=True)


def both(count: int, seconds: float, seed: int) -> dict[str, int | float]:
    """The figures of both."""
    coder = Autocoder.open()
    return {**through_normalisation(count, seed, coder), **through_the_coder(seconds, seed + 1, coder)}


def some(titles: Sequence[str], count: int, seed: int) -> Iterator[str]:
    """So many texts, for the tests."""
    return islice(texts(titles, seed), count)
