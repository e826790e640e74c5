"""Sound resources to start from; a test takes a fresh copy and breaks one thing."""

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

Resource = dict[str, Any]

RESOURCES: dict[str, Resource] = {
    "Patient": {
        "resourceType": "Patient",
        "id": "zhang-san",
        "meta": {"source": "urn:example:his#1", "lastUpdated": "2026-03-01T08:00:00.123+08:00"},
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">张三</div>'},
        "extension": [{"url": "http://example.org/ethnicity", "valueCode": "01"}],
        "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "999999199001010016", "use": "official"}],
        "active": True,
        "name": [{"text": "张三", "family": "张", "given": ["三"]}],
        "telecom": [{"system": "phone", "value": "0579-1234567"}],
        "gender": "male",
        "birthDate": "1990-01-01",
        "deceasedBoolean": False,
        "maritalStatus": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "M"}]
        },
        "contact": [{"name": {"text": "李四"}}],
        "managingOrganization": {"reference": "Organization/county"},
        "photo": [{"contentType": "image/png", "data": "aGVsbG8="}],
    },
    "Observation": {
        "resourceType": "Observation",
        "id": "glucose",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "15074-8"}], "text": "血糖"},
        "subject": {"reference": "Patient/zhang-san"},
        "effectiveDateTime": "2026-03-01T08:00:00+08:00",
        "issued": "2026-03-01T09:00:00+08:00",
        "valueQuantity": {
            "value": Decimal("6.30"), "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L",
        },
        "referenceRange": [{"low": {"value": Decimal("3.9")}, "high": {"value": Decimal("6.1")}}],
        "component": [
            {
                "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
                "valueInteger": 120,
            }
        ],
    },
    "ServiceRequest": {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "code": {"text": "血常规"},
        "subject": {"reference": "Patient/zhang-san"},
        "occurrenceTiming": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
    },
    "Encounter": {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": "#p"},
        "period": {"start": "2026-03-01", "end": "2026-03-02"},
        "contained": [{"resourceType": "Patient", "id": "p", "gender": "female"}],
    },
    "Bundle": {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": "urn:uuid:11111111-1111-4111-8111-111111111111",
                "resource": {"resourceType": "Organization", "name": "县人民医院"},
            },
            {
                "fullUrl": "urn:uuid:22222222-2222-4222-8222-222222222222",
                "resource": {"resourceType": "Basic", "code": {"text": "x"}},
            },
        ],
    },
    "Parameters": {
        "resourceType": "Parameters",
        "parameter": [{"name": "a", "valueString": "b"}, {"name": "c", "part": [{"name": "d", "valueInteger": 1}]}],
    },
}  # fmt: skip


@pytest.fixture
def sound() -> Callable[[str], Resource]:
    """A copy of a sound resource, by type."""
    return lambda name: deepcopy(RESOURCES[name])
