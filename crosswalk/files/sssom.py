"""SSSOM: the Simple Standard for Sharing Ontological Mappings, version 1.1, as TSV (https://w3id.org/sssom/)."""

import csv
import json
from pathlib import Path

from crosswalk.files.publication import PREDICATES, Association, Publication, local_name
from crosswalk.files.tabular import harmless
from crosswalk.manifest import replacing

COLUMNS = (
    "subject_id", "subject_label", "predicate_id", "object_id", "object_label", "mapping_justification", "mapping_cardinality",
    "subject_source", "object_source", "confidence", "reviewer_label", "review_date", "reviewer_agreement", "comment",
)  # fmt: skip

NO_TERM = "sssom:NoTermFound"
UNSPECIFIED_LICENCE = "https://w3id.org/sssom/license/unspecified"

_JUSTIFICATIONS = {"titles": "semapv:CompositeMatching", "person": "semapv:ManualMappingCuration"}
_PREFIXES = {
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "semapv": "https://w3id.org/semapv/vocab/",
    "sssom": "https://w3id.org/sssom/",
}


def write_sssom(path: Path, publication: Publication) -> None:
    """Write one row an association, below the metadata as comments; the same table gives the same bytes."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(f"#{line}\n" for line in _metadata(publication))
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_cells(entry, publication) for entry in publication.associations)


def _metadata(publication: Publication) -> list[str]:
    """The block above the rows: YAML, every text quoted as JSON, which YAML reads too."""
    source, target = publication.source, publication.target
    prefixes = {
        **_PREFIXES,
        source.name: source.base,
        target.name: target.base,
        f"{source.name}scheme": source.iri,
        f"{target.name}scheme": target.iri,
    }
    facts = {
        "sssom_version": "1.1",
        "mapping_set_id": f"urn:crosswalk:{local_name(publication.name)}:to:{local_name(target.title)}",
        "mapping_set_title": f"{source.title} to {target.title}",
        "license": publication.licence,
        "mapping_tool": "crosswalk",
        "mapping_tool_version": publication.version,
    }
    lines = [f"{name}: {json.dumps(value, ensure_ascii=True)}" for name, value in facts.items()]
    return [*lines, "curie_map:", *(f"  {name}: {json.dumps(iri)}" for name, iri in sorted(prefixes.items()))]


def _cells(entry: Association, publication: Publication) -> list[str]:
    source, target = publication.source, publication.target
    return [
        f"{source.name}:{local_name(entry.source_code)}",
        _text(entry.source_title),
        f"skos:{PREDICATES[entry.relation or 'exact']}",
        f"{target.name}:{local_name(entry.target_code)}" if entry.target_code else NO_TERM,
        _text(entry.target_title),
        _JUSTIFICATIONS[entry.evidence],
        entry.cardinality,
        f"{source.name}scheme:",
        f"{target.name}scheme:",
        "" if entry.probability is None else f"{entry.probability:.4f}",
        _text(entry.reviewer),
        entry.reviewed,
        "" if entry.agreement is None else f"{entry.agreement:.1f}",
        _text(entry.comment),
    ]


def _text(text: str) -> str:
    """Words on one line, without the tabs that separate columns, harmless in a spreadsheet."""
    return harmless(" ".join(text.split()))
