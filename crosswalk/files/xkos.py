"""SKOS and XKOS in Turtle: the statistical offices' vocabulary of correspondences (https://rdf-vocabulary.ddialliance.org/xkos.html)."""

from pathlib import Path
from typing import TYPE_CHECKING

from crosswalk.errors import UsageError
from crosswalk.files.publication import PREDICATES, Association, Publication, Scheme, local_name
from crosswalk.manifest import replacing

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import URIRef

_XKOS = "http://rdf-vocabulary.ddialliance.org/xkos#"


def write_xkos(path: Path, publication: Publication) -> None:
    """Write the two schemes' concepts and an ``xkos:Correspondence`` of associations; no blank nodes, so the bytes repeat."""
    graph = correspondence_graph(publication)
    with replacing(path) as temporary:
        temporary.write_text(graph.serialize(format="turtle"), encoding="utf-8")


def correspondence_graph(publication: Publication) -> "Graph":
    """The publication as triples. Raises UsageError when rdflib is not installed."""
    try:
        from rdflib import DCTERMS, RDF, SKOS, Graph, Literal, Namespace, URIRef
    except ImportError:
        raise UsageError("Turtle needs the package rdflib", hint="pip install 'isco-crosswalk[rdf]'") from None
    xkos, graph = Namespace(_XKOS), Graph(bind_namespaces="none")
    for prefix, space in (("skos", SKOS), ("xkos", xkos), ("dcterms", DCTERMS)):
        graph.bind(prefix, space)
    table = URIRef(f"urn:crosswalk:{local_name(publication.name)}:to:{local_name(publication.target.title)}")
    graph.add((table, RDF.type, xkos.Correspondence))
    graph.add((table, SKOS.prefLabel, Literal(f"{publication.source.title} to {publication.target.title}")))
    graph.add((table, DCTERMS.license, URIRef(publication.licence)))
    for scheme in (publication.source, publication.target):
        graph.add((table, xkos.compares, URIRef(scheme.iri)))
        graph.add((URIRef(scheme.iri), RDF.type, SKOS.ConceptScheme))
        graph.add((URIRef(scheme.iri), SKOS.prefLabel, Literal(scheme.title)))
    for entry in publication.associations:
        _add_association(graph, table, entry, publication)
    return graph


def _add_association(graph: "Graph", table: "URIRef", entry: Association, publication: Publication) -> None:
    """An association from one concept to one, or to none; what a person rejected is kept as a note, not as a match."""
    from rdflib import RDF, SKOS, Literal, Namespace, URIRef

    xkos = Namespace(_XKOS)
    node = URIRef(f"{table}:{local_name(entry.source_code)}:{local_name(entry.target_code) or 'none'}")
    source = _concept(graph, publication.source, entry.source_code, entry.source_title)
    graph.add((table, xkos.madeOf, node))
    graph.add((node, RDF.type, xkos.ConceptAssociation))
    graph.add((node, xkos.sourceConcept, source))
    if entry.comment:
        graph.add((node, SKOS.note, Literal(entry.comment)))
    if entry.reviewer:
        graph.add((node, SKOS.changeNote, Literal(f"reviewed by {entry.reviewer} on {entry.reviewed}, agreement {entry.agreement}")))
    if entry.target_code:
        target = _concept(graph, publication.target, entry.target_code, entry.target_title)
        graph.add((node, xkos.targetConcept, target))
        if entry.relation and entry.agreement != -1:
            graph.add((source, SKOS[PREDICATES[entry.relation]], target))


def _concept(graph: "Graph", scheme: Scheme, code: str, title: str) -> "URIRef":
    from rdflib import RDF, SKOS, Literal, URIRef

    concept = URIRef(scheme.code_iri(code))
    graph.add((concept, RDF.type, SKOS.Concept))
    graph.add((concept, SKOS.notation, Literal(code)))
    graph.add((concept, SKOS.inScheme, URIRef(scheme.iri)))
    if title:
        graph.add((concept, SKOS.prefLabel, Literal(title)))
    return concept
