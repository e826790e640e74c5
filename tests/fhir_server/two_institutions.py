"""The data of two institutions, entangled: B's resources match what A searches for, point into A's, and A's into B's.

Whatever only B may know carries `SECRET` in an id, a value, a code, a tag or a profile.
"""

from __future__ import annotations

from typing import Any

Resource = dict[str, Any]
MARK = "secret"
LOINC, MRN, LOCAL = "http://loinc.org", "http://example.cn/mrn", "http://example.cn/codes"


def _coded(code: str, system: str = LOINC) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": f"Display {code}"}], "text": f"Text {code}"}


def _patient(key: str, family: str, number: str, birth: str, **more: Any) -> Resource:
    return {
        **{"resourceType": "Patient", "id": key, "active": True, "gender": "female", "birthDate": birth},
        "identifier": [{"system": MRN, "value": number, "type": {"coding": [{"system": LOCAL, "code": "MR"}]}}],
        "name": [{"family": family, "given": ["Mei"], "text": f"{family} Mei"}],
        "address": [{"city": f"{family}ville", "text": f"{family}ville road 1"}],
        "telecom": [{"system": "phone", "value": number}],
        **more,
    }


def _observation(key: str, patient: str, code: str, value: str, day: str, **more: Any) -> Resource:
    return {
        **{
            "resourceType": "Observation",
            "id": key,
            "status": "final",
            "code": _coded(code, LOINC if code[0].isdigit() else LOCAL),
        },
        **{"subject": {"reference": patient}, "effectiveDateTime": day, "category": [_coded("laboratory", LOCAL)]},
        "valueQuantity": {"value": float(value), "unit": "mmol/L", "system": "http://unitsofmeasure.org"},
        **more,
    }


def _of(key: str, word: str, p: str, q: str) -> list[Resource]:
    """The resources of one institution: `key` begins their ids; `p` is its own Patient, `q` one of the other's."""
    url = f"http://example.cn/{word}"
    labels = {"tag": [{"system": LOCAL, "code": f"tag-{word}"}], "security": [{"system": LOCAL, "code": f"s-{word}"}]}
    return [
        {"resourceType": "Organization", "id": f"{key}-org", "name": f"{word} Hospital", "alias": [word]},
        {"resourceType": "Practitioner", "id": f"{key}-doc", "name": [{"family": f"Dr{word}"}]},
        _patient(f"{key}-p1", f"Fam{word}", f"{word}-1", "1980-01-01", meta=labels, active=True)
        | {"managingOrganization": {"reference": f"Organization/{key}-org"}},
        _patient(
            f"{key}-p2", "Common", "common-1", "1990-05-05", generalPractitioner=[_to("Practitioner", f"{key}-doc")]
        ),
        {
            **{"resourceType": "Encounter", "id": f"{key}-enc", "status": "finished", "class": {"code": "IMP"}},
            **{"subject": {"reference": p}, "period": {"start": "2026-01-02T08:00:00+08:00"}},
            "serviceProvider": {"reference": f"Organization/{key}-org"},
        },
        _observation(f"{key}-o1", p, "2160-0", "5.5", "2026-01-03", encounter=_to("Encounter", f"{key}-enc")),
        _observation(f"{key}-o2", q, "2160-0", "6.5", "2026-01-04", performer=[_to("Practitioner", f"{key}-doc")]),
        _observation(f"{key}-o3", q, f"code-{word}", "7.5", "2026-01-05", hasMember=[_to("Observation", f"{key}-o1")]),
        {
            **{"resourceType": "DiagnosticReport", "id": f"{key}-rep", "status": "final", "code": _coded("58410-2")},
            **{"subject": {"reference": q}, "result": [_to("Observation", "a-o1"), _to("Observation", f"{key}-o2")]},
            "conclusion": word,
        },
        {
            **{"resourceType": "Condition", "id": f"{key}-con", "code": _coded(f"dx-{word}", LOCAL)},
            "subject": {"reference": q},
        },
        {
            **{"resourceType": "List", "id": f"{key}-list", "status": "current", "mode": "working"},
            "entry": [{"item": {"reference": one}} for one in (p, q)],
        },
        {
            **{"resourceType": "Group", "id": f"{key}-group", "type": "person", "actual": True, "name": word},
            "member": [{"entity": {"reference": one}} for one in (p, q)],
        },
        {
            **{"resourceType": "Composition", "id": f"{key}-doc1", "status": "final", "type": _coded("11488-4")},
            **{"date": "2026-01-06", "title": word, "author": [_to("Practitioner", f"{key}-doc")]},
            **{"subject": {"reference": p}, "section": [{"title": word, "entry": [_to("Observation", f"{key}-o1")]}]},
        },
        {
            **{"resourceType": "CodeSystem", "id": f"{key}-cs", "url": f"{url}/cs", "status": "active", "name": word},
            **{"content": "complete", "concept": [{"code": "x", "display": word, "concept": [{"code": f"y{word}"}]}]},
        },
        {
            **{"resourceType": "ValueSet", "id": f"{key}-vs", "url": f"{url}/vs", "status": "active", "name": word},
            "compose": {"include": [{"system": LOINC, "concept": [{"code": "2160-0", "display": word}]}]},
        },
        {
            **{"resourceType": "ConceptMap", "id": f"{key}-cm", "url": f"{url}/cm", "status": "active", "name": word},
            "group": [
                {
                    **{"source": LOINC, "target": f"{url}/target"},
                    "element": [{"code": "2160-0", "target": [{"code": word, "equivalence": "equal"}]}],
                }
            ],
        },
        {
            **{"resourceType": "Provenance", "id": f"{key}-prov", "recorded": "2026-01-07T00:00:00Z"},
            **{"target": [_to("Observation", f"{key}-o1"), {"reference": q}]},
            "agent": [{"who": _to("Practitioner", f"{key}-doc")}],
        },
        {
            **{"resourceType": "DocumentReference", "id": f"{key}-ref", "status": "current", "description": word},
            **{"subject": {"reference": q}, "content": [{"attachment": {"url": f"Binary/{key}-bin", "title": word}}]},
        },
        {"resourceType": "Binary", "id": f"{key}-bin", "contentType": "text/plain", "data": "c2VjcmV0"},
        {
            **{"resourceType": "Bundle", "id": f"{key}-bundle", "type": "collection"},
            "entry": [
                {"fullUrl": f"{url}/Basic/1", "resource": {"resourceType": "Basic", "id": "1", "code": {"text": word}}}
            ],
        },
        {
            **{"resourceType": "Subscription", "id": f"{key}-sub", "status": "requested", "reason": word},
            **{"criteria": "Observation?status=final", "channel": {"type": "websocket"}},
        },
    ]


def _to(kind: str, name: str) -> Resource:
    return {"reference": f"{kind}/{name}"}


MINE = _of("a", "open", "Patient/a-p1", "Patient/b-secret-p1")
"""A's: several of them speak of a Patient of B's."""
THEIRS = _of("b-secret", "SECRET", "Patient/b-secret-p1", "Patient/a-p1")
"""B's: several of them speak of A's Patient and report A's Observation."""
