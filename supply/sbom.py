"""A bill of materials (CycloneDX 1.6, JSON) of what is installed: python supply/sbom.py [-o dist/sbom.json].

Equal environments give equal bytes: there is no time and no random number in it.
"""

import argparse
import hashlib
import json
import re
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

NAME = "isco-crosswalk"
_DEVELOPMENT = re.compile(r"extra == .(dev|test|docs)")


def bill() -> dict[str, object]:
    """The product, its packages with licences, and what needs what."""
    found = {_name(each): each for each in distributions()}
    reached = _reached(found)
    product = found.get(NAME)
    component = {"type": "application", "bom-ref": NAME, "name": NAME, "version": product.version if product else "0"}
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": component, "tools": {"components": [{"type": "application", "name": "crosswalk supply/sbom.py"}]}},
        "components": [_component(found[name]) for name in sorted(reached - {NAME})],
        "dependencies": [{"ref": _ref(found[name]), "dependsOn": _needs(found, name)} for name in sorted(reached)],
    }  # fmt: skip


def _reached(found: dict[str, Distribution]) -> set[str]:
    """The product and all it needs, with every extra but dev."""
    reached, waiting = set[str](), [NAME] if NAME in found else sorted(found)
    while waiting:
        name = waiting.pop()
        if name not in reached and name in found:
            reached.add(name)
            waiting += [_bare(line) for line in found[name].requires or [] if not _DEVELOPMENT.search(line)]
    return reached


def _component(package: Distribution) -> dict[str, object]:
    record = package.read_text("RECORD") or ""
    facts: dict[str, object] = {
        "type": "library", "bom-ref": _ref(package), "name": package.metadata["Name"], "version": package.version, "purl": _ref(package),
        "properties": [{"name": "crosswalk:sha256-of-installed-RECORD", "value": hashlib.sha256(record.encode()).hexdigest()}],
    }  # fmt: skip
    archive = _locked().get(f"{_name(package)}=={package.version}")
    if archive:
        facts["hashes"] = [{"alg": "SHA-256", "content": archive}]
    licence = package.metadata.get("License-Expression") or _classified(package)
    return {**facts, "licenses": [{"license": {"name": licence}}]} if licence else facts


@cache
def _locked() -> dict[str, str]:
    """sha256 of the files pip takes, by name and version, from supply/locked.txt."""
    path = Path(__file__).with_name("locked.txt")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = (re.match(r"([^=\s]+)==(\S+) --hash=sha256:(\w+)", line) for line in lines)
    return {f"{_bare(each.group(1))}=={each.group(2)}": each.group(3) for each in found if each}


def _classified(package: Distribution) -> str:
    named = [line.rsplit(" :: ", 1)[-1] for line in package.metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    return named[0] if named else (package.metadata.get("License") or "").split("\n")[0][:80]


def _needs(found: dict[str, Distribution], name: str) -> list[str]:
    lines = [line for line in found[name].requires or [] if "extra ==" not in line or (name == NAME and not _DEVELOPMENT.search(line))]
    wanted = {_bare(line) for line in lines}
    return sorted(_ref(found[each]) for each in wanted if each in found and each != name)


def _ref(package: Distribution) -> str:
    return NAME if _name(package) == NAME else f"pkg:pypi/{_name(package)}@{package.version}"


def _name(package: Distribution) -> str:
    return _bare(package.metadata["Name"])


def _bare(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s;<>=!~\[(]", requirement.strip(), maxsplit=1)[0]).lower()


def main() -> None:
    """Write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=Path("dist/sbom.json"))
    out = parser.parse_args().out
    out.parent.mkdir(parents=True, exist_ok=True)
    made = bill()
    out.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(f"{out}: {len(made['components'])} packages")  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
