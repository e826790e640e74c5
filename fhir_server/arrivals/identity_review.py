"""One identity number, two names: a borrowed card or a mistyped number. Nothing is joined; a person has to look.

A Person is known by number *and* name (see the mapping of patients), so such patients stay apart by themselves. When
the second Person of a number appears, the message gets an issue and a Task lists all Persons of that number.
"""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from fhir_server.arrivals.arrival import Stated
from fhir_server.search.keys import system_code_key
from fhir_server.search.parameters import parameters
from fhir_server.store import schema
from fhir_server.store.unit import Key, Unit
from profiles.issue import Issue
from profiles.systems import CANONICAL_BASE

TASK_CODE = f"{CANONICAL_BASE}/CodeSystem/task-code"
PROFILE = f"{CANONICAL_BASE}/StructureDefinition/cmc-identity-review"
_STATED = 10


def review(unit: Unit, stated: Stated) -> tuple[Stated, Issue] | None:
    """The review Task and the issue, when another Person has the identity number of this new one."""
    person = stated.resource
    key = (person["resourceType"], person["id"])
    head = unit.head(key)
    identifier = next(iter(person.get("identifier", ())), None)
    if key[0] != "Person" or identifier is None or (head is not None and head.version):
        return None
    others = _others(unit, identifier) - {key}
    if not others:
        return None
    return _task(identifier, sorted({key, *others})), Issue("identity-name-conflict", location="PID-3")


def _others(unit: Unit, identifier: dict[str, Any]) -> set[Key]:
    system, value = identifier.get("system", ""), identifier.get("value", "")
    wanted = [(param, system_code_key(system, value)) for param in parameters("Person")["identifier"].params]
    rows = unit.driver.select(schema.sp_key, ("rid",), ("param", "hash"), wanted)
    found: set[Key] = set()
    if rows:
        heads = unit.driver.select(schema.resource, ("type", "id"), ("rid",), rows)
        found.update((kind, name) for kind, name in heads)
    for key, turns in unit.turns.items():
        body = turns[-1].resource if key[0] == "Person" and turns else None
        if body and any((i.get("system"), i.get("value")) == (system, value) for i in body.get("identifier", ())):
            found.add(key)
    return found


def _task(identifier: dict[str, Any], persons: list[Key]) -> Stated:
    name = uuid5(NAMESPACE_URL, f"identity-review|{identifier.get('system')}|{identifier.get('value')}")
    task = {
        "resourceType": "Task",
        "id": str(name),
        "meta": {"profile": [PROFILE]},
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": TASK_CODE, "code": "identity-review"}], "text": "身份核对"},
        "description": "同一身份证号对应不同姓名，未自动合并，请人工核对",
        "input": [
            {"type": {"text": "person"}, "valueReference": {"reference": f"{kind}/{name}"}} for kind, name in persons
        ],
    }
    return Stated(task, _STATED, "")
