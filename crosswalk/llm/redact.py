"""Takes out of a text what may name a person, before it leaves the machine."""

import re
from dataclasses import replace

from crosswalk.llm.questions import Question

# The commonest given names of the languages of the shipped book, but those that are also words of a trade or a season.
_GIVEN_NAMES = """
Aaron Adam Adrian Agnieszka Ahmed Aisha Alain Alejandro Alessandro Alexander Alexandra Ali Alice Alicia Alma Amanda Amelia Amina Ana Anders
Andrea Andreas Andrew Andrzej Angela Anita Anja Ann Anna Anne Annika Antonio António Arthur Astrid Ayşe Barbara Beatriz Benjamin Bernard
Birgit Bjørn Björn Bogdan Boris Brigitte Camille Carl Carla Carlos Carmen Caroline Catherine Cecilia Charles Charlotte Christian Christina
Christine Claire Claudia Claus Cristina Dagmar Daniel Daniela David Deborah Denise Diana Diego Dieter Dimitri Dmitri Dominique Dorota
Eduardo Edward Eleni Elena Elisabeth Elizabeth Ellen Emil Emilia Emily Emma Erik Ernst Esther Eva Ewa Fatima Fatma Felipe Fernando Francesca
Francesco Francisco Franz Françoise Frederik Fritz Gabriel Gabriela Georg George Gerard Giorgio Giovanni Giulia Giuseppe Gonzalo Grzegorz
Guillaume Gunnar Gustav Hanna Hannah Hans Harald Heidi Heinrich Helen Helena Helga Henrik Henry Hiroshi Hugo Ibrahim Ingrid Irene Isabel
Isabelle Ivan Jacob Jacques Jakob James Jan Jane Janet Javier Jean Jennifer Jens Jessica Joanna Johan Johann Johanna John Jorge José Joseph
Juan Julia Julie Jürgen Kai Karen Karin Karl Katarzyna Katharina Katja Kenneth Kevin Kirsten Klaus Krzysztof Lars Laura Laurent Lena Linda
Lisa Louise Luca Lucia Lucía Luigi Luis Luisa Maciej Magdalena Małgorzata Manuel Marco Margaret Maria María Marie Mario Marta Martin Martina
Mateo Matthew Matthias Mehmet Mette Michael Michel Michelle Miguel Mikael Mohamed Mohammed Monika Mustafa Nadia Natalia Nathalie Nicolas
Nicole Niels Nikolaj Nils Nina Olga Oliver Oscar Osman Pablo Paola Paolo Patricia Paul Paula Pauline Pedro Per Peter Petra Philip Philippe
Pierre Piotr Rachel Rafael Raquel Raúl Rebecca Renate Ricardo Richard Robert Roberto Rosa Rosario Sabine Samuel Sandra Sara Sarah Sebastian
Sergei Sergio Silvia Simon Sofia Søren Sophie Stefan Stefania Stephen Susan Susanne Sven Sylvie Tatjana Teresa Thérèse Thomas Tomasz Ulrike
Ursula Valentina Valérie Vanessa Veronika Victor Vincent Vladimir Walter Wolfgang Xavier Yasmin Yusuf Zofia
"""
_CAPITALISED = r"[^\W\d_a-zß-öø-ÿ][\w'’-]*"

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
    # "Anna Berg", "Jean-Pierre de la Cour": a common given name and the capitalised words after it.
    ("[name]", re.compile(
        rf"\b(?:{'|'.join(_GIVEN_NAMES.split())})(?:[ -]{_CAPITALISED}|\s+[A-Z]\.)*"
        r"(?:\s+(?:de|da|del|della|di|dos|du|van|von|la|le|el|al|der|den))*"
        rf"\s+{_CAPITALISED}(?:[ -]{_CAPITALISED})*"
    )),
)  # fmt: skip


def redacted(text: str) -> str:
    """The text without e-mail addresses, links, numbers of three digits or more, and names.

    Names are found where they are introduced as such or begin with a common given name.
    """
    for mark, pattern in _PATTERNS:
        text = pattern.sub(mark, text)
    return text


def redacted_question(question: Question) -> Question:
    """The question with its text and context redacted; the options are ours and stay."""
    return replace(question, text=redacted(question.text), context={name: redacted(value) for name, value in question.context.items()})
