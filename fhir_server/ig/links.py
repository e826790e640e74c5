"""Where a name leads: to a page of ours, or to the page of FHIR R4 that defines it.

Pure: addresses in, addresses out. What is known to have no page gives an empty text, and is shown without a link.
Source: the file names of http://hl7.org/fhir/R4.
"""

from __future__ import annotations

import re

from fhir_server.ig.guide import Guide
from profiles.definitions import data_types, resource_types

R4 = "http://hl7.org/fhir/R4/"
_STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
_VALUE_SET = "http://hl7.org/fhir/ValueSet/"
_V2 = re.compile(r"http://terminology\.hl7\.org/(?:CodeSystem|ValueSet)/v2-(\w+)")
_V3 = re.compile(r"http://terminology\.hl7\.org/(CodeSystem|ValueSet)/v3-([\w-]+)")
_THO = re.compile(r"http://terminology\.hl7\.org/(CodeSystem|ValueSet)/([\w-]+)")
_FHIR_CODES = re.compile(r"http://hl7\.org/fhir/([a-z][\w-]*)")
_BELOW_DATATYPES = frozenset({"Reference", "Extension", "Narrative", "Meta", "Dosage", "ElementDefinition"})
_OWN_PAGES = {
    "Reference": "references.html#Reference",
    "Extension": "extensibility.html#Extension",
    "Narrative": "narrative.html#Narrative",
    "Meta": "resource.html#Meta",
    "Dosage": "dosage.html#Dosage",
    "ElementDefinition": "elementdefinition.html#ElementDefinition",
    "Resource": "resource.html",
    "DomainResource": "domainresource.html",
    "BackboneElement": "backboneelement.html",
    "Element": "element.html",
}


def of_type(name: str) -> str:
    """The page of a type of R4; empty for what is none, such as the types of FHIRPath."""
    if name in _OWN_PAGES:
        return R4 + _OWN_PAGES[name]
    if name in resource_types():
        return f"{R4}{name.lower()}.html"
    return f"{R4}datatypes.html#{name}" if name in data_types() or name[:1].islower() else ""


def of_canonical(url: str, guide: Guide, up: str) -> str:
    """The page of a definition by its canonical URL; `up` leads from the page that links to `/ig/`."""
    plain = url.partition("|")[0]
    own = guide.by_url.get(plain)
    if own is not None:
        return up + own.place
    if plain.startswith(_STRUCTURE):
        name = plain.removeprefix(_STRUCTURE)
        return of_type(name) or f"{R4}extension-{name.lower()}.html"
    if plain.startswith(_VALUE_SET):
        return f"{R4}valueset-{plain.removeprefix(_VALUE_SET).lower()}.html"
    return _terminology(plain)


def _terminology(url: str) -> str:
    if found := _V2.fullmatch(url):
        return f"{R4}v2/{found[1]}/index.html"
    if found := _V3.fullmatch(url):
        return f"{R4}v3/{found[2]}/{'cs' if found[1] == 'CodeSystem' else 'vs'}.html"
    if found := _THO.fullmatch(url):
        return f"{R4}{found[1].lower()}-{found[2].lower()}.html"
    if found := _FHIR_CODES.fullmatch(url):
        return f"{R4}codesystem-{found[1]}.html"
    return url if url.startswith(("http://loinc.org", "http://snomed.info", "http://unitsofmeasure.org")) else ""


def short(url: str) -> str:
    """What a person reads of an address: its last part."""
    plain = url.partition("|")[0]
    return plain.rsplit("/", 1)[-1] if plain.startswith("http") else plain
