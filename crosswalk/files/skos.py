"""A classification as SKOS with XKOS levels, in Turtle: what thesaurus and statistics tools read."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crosswalk.errors import UsageError
from crosswalk.manifest import replacing
from crosswalk.model import Classification, IndexTitle

if TYPE_CHECKING:
    from rdflib import Graph

_XKOS = "http://rdf-vocabulary.ddialliance.org/xkos#"
_UNFIT = re.compile(r"[^A-Za-z0-9._~-]")


def write_classification(path: Path, classification: Classification, titles: Sequence[IndexTitle], notes: Mapping[str, str]) -> None:
    """Write items, hierarchy, index titles and history notes (code -> note). No blank nodes, so equal input gives equal bytes.

    Raises UsageError when rdflib is not installed.
    """
    graph = classification_graph(classification, titles, notes)
    with replacing(path) as temporary:
        temporary.write_text(graph.serialize(format="turtle"), encoding="utf-8")


def classification_graph(classification: Classification, titles: Sequence[IndexTitle], notes: Mapping[str, str]) -> "Graph":
    """The classification as triples."""
    try:
        from rdflib import RDF, SKOS, Graph, Literal, Namespace, URIRef
    except ImportError:
        raise UsageError("Turtle needs the package rdflib", hint="pip install 'isco-crosswalk[rdf]'") from None
    base = f"urn:crosswalk:{_part(classification.scheme)}:{_part(classification.version) or 'current'}"
    graph, xkos, scheme = Graph(bind_namespaces="none"), Namespace(_XKOS), URIRef(base)
    graph.bind("skos", SKOS)
    graph.bind("xkos", xkos)
    graph.add((scheme, RDF.type, SKOS.ConceptScheme))
    graph.add((scheme, SKOS.prefLabel, Literal(f"{classification.scheme} {classification.version}".strip())))
    graph.add((scheme, xkos.numberOfLevels, Literal(classification.depth)))
    for item in classification.items:
        node, level = URIRef(f"{base}:{_part(item.code)}"), URIRef(f"{base}:level:{item.level}")
        graph.add((level, RDF.type, xkos.ClassificationLevel))
        graph.add((level, xkos.depth, Literal(item.level)))
        graph.add((level, SKOS.member, node))
        graph.add((node, RDF.type, SKOS.Concept))
        graph.add((node, SKOS.inScheme, scheme))
        graph.add((node, SKOS.notation, Literal(item.code)))
        graph.add((node, SKOS.prefLabel, Literal(item.title)))
        if item.parent:
            graph.add((node, SKOS.broader, URIRef(f"{base}:{_part(item.parent)}")))
        else:
            graph.add((node, SKOS.topConceptOf, scheme))
        if item.code in notes:
            graph.add((node, SKOS.historyNote, Literal(notes[item.code])))
    for title in titles:
        node = URIRef(f"{base}:{_part(title.code)}")
        graph.add((node, SKOS.altLabel, Literal(title.text, lang=title.language if title.language.isalpha() else None)))
    return graph


def _part(text: str) -> str:
    """A piece of a URN: what is no letter, digit or plain mark is escaped by its number."""
    return _UNFIT.sub(lambda mark: "".join(f"%{byte:02X}" for byte in mark.group().encode()), text)
