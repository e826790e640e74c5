"""Copies of resources, bent where validators err: each bender knows one kind of rule, and mostly breaks it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any, TypeAlias

Json = dict[str, Any]
Bender: TypeAlias = Callable[[Json, random.Random, list[Json]], None]

CORE = "http://hl7.org/fhir/StructureDefinition/"
CMC = "https://qiao-fhir.github.io/cmc/StructureDefinition/"
URLS = (
    *(CORE + name for name in ("patient-birthTime", "patient-birthPlace", "data-absent-reason", "iso21090-EN-use")),
    *(CORE + name for name in ("translation", "rendered-value", "originalText", "patient-nationality", "bodySite")),
    *(CORE + name for name in ("condition-outcome", "request-doNotPerform", "observation-bodyPosition", "Patient")),
    *("code", "url", "", "https://example.org/any", "https://example.org/any|1", "urn:oid:1.2.3", "not an address"),
    *(CMC + name for name in ("cmc-ethnic-group", "cmc-critical-value", "cmc-nothing")),
)
VALUES: tuple[tuple[str, Any], ...] = (
    *(("valueString", one) for one in ("x", "", " ", 1, None, "a\u0001", ["x"])),
    *(("valueCode", one) for one in ("male", "unknown", "no such", " a", 1)),
    *(("valueDateTime", one) for one in ("2026-11-22T08:00:00+08:00", "2026-02-30", "2026-11-22T24:00:00Z")),
    *(("valueBoolean", one) for one in (True, "true", 1)),
    *(("valueReference", one) for one in ({"reference": "Patient/a"}, {"reference": "#a"}, {"reference": "Device/"})),
    *(("valueCodeableConcept", one) for one in ({"text": "x"}, {}, {"coding": []}, {"coding": [{"code": 1}]})),
    *(("valueQuantity", one) for one in ({"value": 1}, {"value": "1"}, {"comparator": "~"})),
    *(("valueAddress", {"city": "x"}), ("valueUri", "a b"), ("valueNonsense", "x"), ("extension", []), ("value", "x")),
)
LITERALS = (
    *("#", "#a", "#zz", "Patient/a", "Patient/", "Patient", "Patient/a/b", "Group/a", "Device/a", "Nonsense/a", "a/b"),
    *("Patient/a b", "Patient/a#b", "Patient/" + "x" * 65, "Patient/a/_history/1", "Patient/a/_history/", "patient/a"),
    *("Patient?identifier=1", "https://example.org/fhir/Patient/a", "https://example.org/fhir/Device/a", "urn:uuid:a"),
    *(
        "urn:uuid:11111111-1111-4111-8111-111111111111",
        "urn:oid:1.2",
        "urn:oid:9.2",
        "/Patient/a",
        "./Patient/a",
        " ",
        "",
    ),
    *(
        "Observation/a",
        "Organization/a",
        "Practitioner/a",
        "Resource/a",
        "Patient/é",
        "Patient/a\n",
        "http://a b/Patient/a",
    ),
)
EDGES: tuple[Any, ...] = (
    *(
        None,
        "",
        " ",
        [],
        {},
        [None],
        [[]],
        [{}],
        {"x": 1},
        0,
        -1,
        1,
        True,
        False,
        2**31,
        Decimal("1.10"),
        Decimal("1e400"),
    ),
    *(
        "x",
        "a b",
        " a",
        "a ",
        "a\u0001",
        "\u3000",
        "male\xa0",
        "2026-02-30",
        "2026-11-22",
        "2026-11-22T08:00:00",
        "http://a|",
    ),
    *(
        "a\u0000",
        "x" * 65,
        "x" * 3000,
        "<b>",
        "http://a b",
        "urn:oid:1.02",
        "8:00:00",
        "final",
        "active",
        "YQ=",
        "\ud800",
    ),
    *(
        {"id": "a"},
        {"id": "a b"},
        {"extension": []},
        {"extension": [{"url": "a"}]},
        {"reference": "#zz"},
        {"display": " "},
    ),
    *(
        {"coding": [{"system": "http://loinc.org", "code": "1"}]},
        {"start": "2026-02-01", "end": "2026-01-01"},
        {"value": 1},
    ),
    *(
        {"system": "urn:oid:2.16.156.10011.1.3", "value": "999999199001010017"},
        {"code": "a", "unit": "x"},
        {"text": ""},
    ),
    *(
        {"low": {"value": 9}, "high": {"value": 1}},
        {"numerator": {"value": 1}},
        {"url": "x"},
        {"resourceType": "Patient"},
    ),
)
PROFILES = (
    *(
        CORE + name
        for name in ("bp", "vitalsigns", "bodyheight", "Patient", "Observation", "lipidprofile", "cholesterol")
    ),
    *(
        CORE + name
        for name in ("heartrate", "shareablevalueset", "Group", "nothing", "Observation|4.0.1", "bp|4.0.1", "bp|")
    ),
    *(CMC + "cmc-" + name for name in ("patient", "observation", "encounter", "diagnostic-report", "task", "nothing")),
    *("x", "", " ", "http://a b", None, 1, "https://example.org/any", "Patient"),
)
CONTAINED: tuple[Any, ...] = (
    {"resourceType": "Patient", "id": "a"},
    {"resourceType": "Patient", "id": "a", "gender": "x"},
    {"resourceType": "Organization", "id": "a", "name": "x"},
    {"resourceType": "Organization", "id": "a", "name": "x", "meta": {"versionId": "1"}},
    {"resourceType": "Organization", "id": "a", "name": "x", "meta": {"security": [{"code": "x"}]}},
    {"resourceType": "Organization", "id": "a", "name": "x", "contained": [{"resourceType": "Patient", "id": "b"}]},
    {"resourceType": "Organization", "id": "a", "partOf": {"reference": "#b"}, "name": "x"},
    {"resourceType": "Organization", "id": "a", "name": "x", "meta": {"profile": [CMC + "cmc-organization"]}},
    {"resourceType": "CodeSystem", "id": "a", "url": "http://loinc.org", "status": "active", "content": "complete"},
    {"resourceType": "Bundle", "id": "a", "type": "collection"},
    {"resourceType": "Nonsense", "id": "a"},
    *({"resourceType": "Patient"}, {}, None, "x", {"id": "a"}, {"resourceType": "Device", "id": "a"}),
)


def bent(sound: list[Json], count: int, seed: int) -> Iterator[Json]:
    """Copies of sound resources, each bent once to three times."""
    chance = random.Random(seed)
    for _ in range(count):
        resource = deepcopy(chance.choice(sound))
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            chance.choice(BENDERS)(resource, chance, sound)
        yield resource


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if type(value) is dict else range(len(value)):
        yield value, key
        if type(value[key]) in (dict, list):
            yield from places(value[key])


def objects(value: Any) -> list[Json]:
    found = [value] if type(value) is dict else []
    return [*found, *(holder[key] for holder, key in places(value) if type(holder[key]) is dict)]


def _place(resource: Json, chance: random.Random) -> tuple[Any, Any]:
    return chance.choice(list(places(resource)) or [(resource, "id")])


def _edge(resource: Json, chance: random.Random, _: list[Json]) -> None:
    holder, key = _place(resource, chance)
    holder[key] = deepcopy(chance.choice(EDGES))


def _missing(resource: Json, chance: random.Random, _: list[Json]) -> None:
    holder, key = _place(resource, chance)
    if type(holder) is list or key in holder:
        holder.pop(key)


def _repeated(resource: Json, chance: random.Random, _: list[Json]) -> None:
    listed = [holder[key] for holder, key in places(resource) if type(holder[key]) is list and holder[key]]
    if listed:
        chosen = chance.choice(listed)
        for _ in range(chance.choice((1, 1, 3))):
            chosen.insert(chance.randrange(len(chosen) + 1), deepcopy(chance.choice(chosen)))


def _wrapped(resource: Json, chance: random.Random, _: list[Json]) -> None:
    """An array for one value, or one value for an array."""
    holder, key = _place(resource, chance)
    value = holder[key]
    holder[key] = value[0] if type(value) is list and value else [value]


def _shuffled(resource: Json, chance: random.Random, _: list[Json]) -> None:
    chosen = chance.choice(objects(resource))
    rows = list(chosen.items())
    chance.shuffle(rows)
    chosen.clear()
    chosen.update(rows)


def _renamed(resource: Json, chance: random.Random, _: list[Json]) -> None:
    """Another type of a choice, a wrong case, the sibling in place of the value."""
    chosen = chance.choice(objects(resource))
    if not chosen:
        return
    key = chance.choice(list(chosen))
    stem = next((one for one in ("value", "effective", "onset", "deceased", "occurrence") if key.startswith(one)), "")
    kinds = ("String", "Quantity", "Boolean", "DateTime", "CodeableConcept", "Period", "Integer", "Nonsense")
    name = (
        stem + chance.choice(kinds)
        if stem and chance.random() < 0.7
        else chance.choice(("_" + key, key.title(), key + "s"))
    )
    if chance.random() < 0.7:
        chosen[name] = chosen.pop(key)
    else:
        chosen[name] = deepcopy(chosen[key])


def _beside(resource: Json, chance: random.Random, _: list[Json]) -> None:
    """Extensions beside primitive values: arrays that are aligned or not, nulls, ids, nothing."""
    rows = [
        (holder, key)
        for holder, key in places(resource)
        if type(holder) is dict and type(key) is str and (type(holder[key]) is str or _texts(holder[key]))
    ]
    if not rows:
        return
    holder, key = chance.choice(rows)
    one = chance.choice(({"id": "a"}, {"id": ""}, {}, None, "x", {"extension": [extension(chance)]}, {"extension": []}))
    if type(holder[key]) is list:
        holder["_" + key] = chance.choice(([one], [None, one], [one, None], [None] * len(holder[key]), one, []))
        if chance.random() < 0.5:
            holder[key][chance.randrange(len(holder[key]))] = None
    else:
        holder["_" + key] = chance.choice((one, one, [one]))
        if chance.random() < 0.3:
            holder.pop(key)


def _texts(value: Any) -> bool:
    return type(value) is list and bool(value) and all(type(one) is str for one in value)


def extension(chance: random.Random) -> Json:
    made: Json = {"url": chance.choice(URLS)}
    if chance.random() < 0.9:
        key, value = chance.choice(VALUES)
        made[key] = deepcopy(value)
    if chance.random() < 0.2:
        made["extension"] = [{"url": chance.choice(("code", "x", CORE + "bodySite")), "valueString": "x"}]
    return made


def _extended(resource: Json, chance: random.Random, _: list[Json]) -> None:
    chosen = chance.choice(objects(resource))
    key = chance.choice(("extension", "extension", "extension", "modifierExtension"))
    listed = chosen.setdefault(key, [])
    if type(listed) is list:
        listed.append(extension(chance))


def _pointed(resource: Json, chance: random.Random, _: list[Json]) -> None:
    pointing = [one for one in objects(resource) if "reference" in one]
    if not pointing:
        return
    chosen = chance.choice(pointing)
    chosen["reference"] = chance.choice(LITERALS)
    if chance.random() < 0.2:
        chosen["type"] = chance.choice(("Patient", "Device", "x", "", 1))
    if chance.random() < 0.2:
        chosen[chance.choice(("display", "identifier"))] = chance.choice((" ", "x", {}, {"value": "1"}, {"system": 1}))


def _claimed(resource: Json, chance: random.Random, _: list[Json]) -> None:
    meta = resource.setdefault("meta", {})
    if type(meta) is not dict:
        return
    claims = meta.setdefault("profile", [])
    if type(claims) is list:
        claims.insert(chance.randrange(len(claims) + 1), chance.choice(PROFILES))


def _contained(resource: Json, chance: random.Random, sound: list[Json]) -> None:
    inner = deepcopy(chance.choice((*CONTAINED, {**chance.choice(sound), "id": "a"})))
    listed = resource.setdefault("contained", [])
    if type(listed) is list:
        listed.insert(chance.randrange(len(listed) + 1), inner)
    if chance.random() < 0.7:
        pointing = [one for one in objects(resource) if "reference" in one]
        if pointing:
            chance.choice(pointing)["reference"] = chance.choice(("#a", "#a", "#b"))


def _coded(resource: Json, chance: random.Random, _: list[Json]) -> None:
    rows = [one for one in objects(resource) if "code" in one or "coding" in one or "status" in one or "use" in one]
    if not rows:
        return
    chosen = chance.choice(rows)
    key = chance.choice([key for key in ("code", "coding", "status", "use", "system") if key in chosen] or ["code"])
    one = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    others = ("AMB", "final", "entered-in-error", "cancelled", "x", "", None, 1, [one], [{}], {"coding": [one]}, one)
    chosen[key] = deepcopy(chance.choice(others))


def _transplanted(resource: Json, chance: random.Random, sound: list[Json]) -> None:
    """An element of another resource, at an element of the same name or any other."""
    donor = chance.choice(sound)
    rows = [(holder, key) for holder, key in places(donor) if type(holder) is dict]
    holder, key = chance.choice(rows)
    hosts = [one for one in objects(resource) if key in one] or [resource]
    chance.choice(hosts if chance.random() < 0.7 else objects(resource))[key] = deepcopy(holder[key])


def _retyped(resource: Json, chance: random.Random, _: list[Json]) -> None:
    resource["resourceType"] = chance.choice(
        ("Patient", "Observation", "Basic", "Bundle", "Nonsense", None, 1, "Resource")
    )


def _nested(resource: Json, chance: random.Random, _: list[Json]) -> None:
    """Itself, inside of itself."""
    chosen = chance.choice(objects(resource))
    if chosen:
        chosen[chance.choice(list(chosen))] = deepcopy(chosen)


BENDERS: tuple[Bender, ...] = (
    *(_edge, _edge, _edge, _missing, _missing, _repeated, _wrapped, _shuffled, _renamed, _renamed, _beside, _beside),
    *(_extended, _extended, _pointed, _claimed, _contained, _coded, _transplanted, _transplanted, _retyped, _nested),
)
