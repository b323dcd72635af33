"""Takes out of a text what may name a person, before it leaves the machine."""

import re
from dataclasses import replace

from crosswalk.llm.questions import Question

_PATTERNS = (
    ("[email]", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("[link]", re.compile(r"\b(?:https?://|www\.)\S+")),
    ("[number]", re.compile(r"\+?\d(?:[\s./()-]*\d){3,}|\d{3,}")),
    # "Mr Smith", "Frau Müller", "M. Dupont": a form of address and the capitalised words after it.
    ("[name]", re.compile(
        r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau|Hr|Fr|Mme|Mlle|M|Monsieur|Madame|Sr|Sra|Señor|Señora|Sig|Signor|Signora|Pan|Pani|Dhr|Mevr)"
        r"\b\.?\s+[^\W\d_a-zß-öø-ÿ][\w'’-]*(?:\s+[^\W\d_a-zß-öø-ÿ][\w'’-]*)*"
    )),
    # "my name is Anna Berg", "je m'appelle ...", "contact: ...": what follows is a name.
    ("[name]", re.compile(
        r"(?i:\b(?:my name is|i am called|name|contact|je m'appelle|ich heiße|mein name ist|me llamo|mi nombre es|mi chiamo|meu nome é)"
        r"\b\s*:?\s*)"
        r"[^\W\d_a-zß-öø-ÿ][\w'’-]*(?:\s+[^\W\d_a-zß-öø-ÿ][\w'’-]*)*"
    )),
)  # fmt: skip


def redacted(text: str) -> str:
    """The text without e-mail addresses, links, numbers of three digits or more, and names that are introduced as such."""
    for mark, pattern in _PATTERNS:
        text = pattern.sub(mark, text)
    return text


def redacted_question(question: Question) -> Question:
    """The question with its text and context redacted; the options are ours and stay."""
    return replace(question, text=redacted(question.text), context={name: redacted(value) for name, value in question.context.items()})
