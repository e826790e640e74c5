"""A local code that nobody has mapped is a Task of its institution: one for each site, table and code.

Written in the transaction of the message that brought the code, and again only when the code comes back after the Task
was done; how often it was met stands in the work list, so that a code of every message costs no version. It names the
code and its field, never whose message it was, nor when: the same messages in another order leave the same Tasks. What
looks like the number of a person is no code: it gets no Task.
Source: FHIR R4 task.html; CodeSystem `task-code`, code `unmapped-code`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from fhir_server.arrivals.identity_review import TASK_CODE
from fhir_server.store import body as bodies
from fhir_server.store import schema
from fhir_server.store.unit import Key, Unit
from profiles.systems import CANONICAL_BASE

CODE = "unmapped-code"
PROFILE = f"{CANONICAL_BASE}/StructureDefinition/cmc-unmapped-code"
_INSTITUTION = f"{CANONICAL_BASE}/sid/consortium/institution"
_PERSONAL = re.compile(r"\d{11}")
"""A mobile number or an identity number: eleven digits on end."""
_OCCURRENCE = re.compile(r"\[\d+\]")
_OPEN = frozenset({"requested", "accepted", "in-progress"})


def key(site: str, entry: Mapping[str, str]) -> Key:
    """The Task of that code at that site."""
    return "Task", str(uuid5(NAMESPACE_URL, f"unmapped-code|{site}|{entry['table']}|{entry['code']}"))


def open_(unit: Unit, site: str, owner: str, entry: Mapping[str, str], message: int) -> int:
    """Writes the Task when the code is new, or when it comes back after somebody closed it; the number of versions."""
    code = _said(entry["code"])
    if not code or _PERSONAL.search(code):
        return 0
    name = key(site, entry)
    head = unit.head(name)
    if head is not None and head.living and _status(unit, name) in _OPEN:
        return 0
    unit.turn(name, _task(name, site, owner, entry), method="PUT", owner=owner, message=message)
    return 1


def _said(text: str) -> str:
    return "".join(char for char in text if char.isprintable()).strip()[:200]


def _status(unit: Unit, name: Key) -> str:
    head = unit.head(name)
    return str(bodies.parse(head.body).get("status", "")) if head is not None else ""


def _instant(now: int) -> str:
    return datetime.fromtimestamp(now / 1_000_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _task(name: Key, site: str, owner: str, entry: Mapping[str, str]) -> dict[str, Any]:
    text = _said(entry.get("text", ""))
    told = {
        "site": site,
        "table": entry["table"],
        "code": _said(entry["code"]),
        "text": "" if _PERSONAL.search(text) else text,
        "location": _OCCURRENCE.sub("", _said(entry.get("location", ""))),
    }
    return {
        "resourceType": "Task",
        "id": name[1],
        "meta": {"profile": [PROFILE]},
        "status": "requested",
        "intent": "order",
        "code": {
            "coding": [{"system": TASK_CODE, "code": CODE, "display": "Map a local code"}],
            "text": "映射本地代码",
        },
        "description": "本地代码未映射：请说明其含义并写入该系统的 codes.csv",
        "owner": {"identifier": {"system": _INSTITUTION, "value": owner}},
        "input": [{"type": {"text": label}, "valueString": value} for label, value in told.items() if value],
    }


@dataclass(frozen=True)
class Mapped:
    """Somebody mapped the code: its Task is completed with the target, and the work list forgets it."""

    site: str
    table: str
    code: str
    target: str

    def _key(self) -> Key:
        return key(self.site, {"table": self.table, "code": self.code})

    def touches(self) -> Iterable[Key]:
        return [self._key()]

    def prepare(self, unit: Unit) -> None:
        """Nothing to read beforehand."""

    def apply(self, unit: Unit) -> bool:
        """Whether there was an open Task."""
        unit.driver.delete(schema.worklist, ("site", "table", "code"), [(self.site, self.table, self.code)])
        name = self._key()
        head = unit.head(name)
        if head is None or not head.living or _status(unit, name) not in _OPEN:
            return False
        now = _instant(unit.now)
        output = [{"type": {"text": "target"}, "valueString": self.target}]
        task = bodies.content(head.body) | {"status": "completed", "lastModified": now, "output": output}
        unit.turn(name, task, method="PUT", owner=head.owner, message=None)
        return True
