"""A correspondence as it is published: associations between two schemes, each code an IRI."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from crosswalk.model import Relation

Cardinality = Literal["1:1", "1:n", "n:1", "n:n", "1:0"]
Evidence = Literal["titles", "person"]

PREDICATES: dict[Relation, str] = {"exact": "exactMatch", "close": "closeMatch", "broad": "broadMatch", "narrow": "narrowMatch"}
"""SKOS mapping properties, read from the source: broad means that the target is broader."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A classification as others refer to it. ``base``: what stands before a code in its IRI; ``iri``: the scheme itself."""

    name: str
    title: str
    base: str
    iri: str

    def code_iri(self, code: str) -> str:
        """The IRI of a code; what an IRI cannot hold is percent-encoded."""
        return f"{self.base}{local_name(code)}"


ISCO_08 = Scheme("isco08", "ISCO-08", "http://data.europa.eu/esco/isco/C", "http://data.europa.eu/esco/concept-scheme/isco")
"""The IRIs that the European Commission publishes for ISCO-08."""


@dataclass(frozen=True, slots=True)
class Association:
    """One map with its titles. ``target_code`` is blank where the target has no such term.

    ``probability`` is the machine's (None where it never saw the map); ``agreement`` (-1 disagrees .. 1 agrees) and ``reviewer``
    are a person's: never mixed.
    """

    source_code: str
    source_title: str
    target_code: str
    target_title: str
    relation: Relation | None
    cardinality: Cardinality
    share: float
    probability: float | None
    evidence: Evidence = "titles"
    comment: str = ""
    reviewer: str = ""
    reviewed: str = ""
    agreement: float | None = None


@dataclass(frozen=True)
class Publication:
    """A whole table: what is mapped to what, by which version of crosswalk, under which licence."""

    name: str
    source: Scheme
    target: Scheme
    licence: str
    version: str
    associations: Sequence[Association]


def local_name(code: str) -> str:
    """A code as the last part of an IRI or CURIE."""
    return quote(code, safe="")


def own_scheme(name: str, base: str | None) -> Scheme:
    """The scheme of a file: under the IRIs its office names, else under a URN that says it is crosswalk's own."""
    base = base or f"urn:crosswalk:{local_name(name)}:"
    iri = base.rstrip("/#:")
    return Scheme("source", name, base, iri if iri != base else f"{base}#scheme")
