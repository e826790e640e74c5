"""A small county with known content: two institutions, one centre, traffic of every status, all the clinical facts."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from conformance.collect import County
from fhir_server.arrivals.arrival import Arrival, Receipt, Stated
from fhir_server.intake import Intake
from fhir_server.store.database import Database
from mappers import systems
from mappers.derived import derived_id
from mappers.site import Institution
from profiles.issue import Issue

NASTY = "<script>alert('王')</script>"
MEMBERS = {
    "unregistered": Institution("unregistered", "未登记的发送方", ""),
    "c": Institution("c", "县医共体", "consortium"),
    "hospital": Institution("hospital", "县医院", "county", "", "c"),
    "lab": Institution("lab", "检验中心", "county", "", "hospital"),
    "town": Institution("town", f"镇卫生院{NASTY}", "township", "", "c"),
}
COUNTY = County("c", MEMBERS, {"hospital-his": "hospital", "lab-lis": "lab", "town-his": "town"})
DAY = 1_792_512_000_000_000
"""2026-10-21T00:00:00+08:00 in microseconds."""
HOUR = 3_600_000_000


def organization(code: str) -> dict[str, str]:
    return {"reference": f"Organization/{derived_id('Organization', systems.INSTITUTION, code)}"}


class Filler:
    """Sends arrivals through the real intake; the clock stands where the test puts it."""

    def __init__(self, database: Database) -> None:
        self.now = DAY + 9 * HOUR
        self.intake = Intake(database, lambda: self.now)
        self.number = 0

    def send(
        self,
        owner: str,
        kind: str = "ORU^R01",
        *stated: dict[str, Any],
        issues: tuple[Issue, ...] = (),
        verdict: str = "AA",
        status: str = "accepted",
        again: bool = False,
        **other: Any,
    ) -> Receipt:
        self.number += 0 if again else 1
        raw = f"message {self.number}".encode()
        site = {"hospital": "hospital-his", "lab": "lab-lis", "town": "town-his"}.get(owner, "unregistered")
        arrival = Arrival(
            endpoint=other.pop("endpoint", "mllp"),
            raw=raw,
            sha256=sha256(raw).digest(),
            verdict=verdict,  # type: ignore[arg-type]
            status=status,  # type: ignore[arg-type]
            issues=issues,
            site=site,
            owner=owner,
            control_id=str(self.number),
            type=kind,
            message_version="2.4",
            charset="gb18030",
            event_time=self.now,
            stated=tuple(Stated(one, 20, owner) for one in stated),
            **other,
        )
        return self.intake.accept(arrival, lambda receipt: b"ack").result(20)


def report_of(
    name: str, order: str, status: str = "final", issued: str = "12:00", category: str = "LAB"
) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "id": name,
        "status": status,
        "category": [{"coding": [{"code": category}]}],
        "code": {"text": "血常规"},
        "subject": {"reference": "Patient/p1"},
        "basedOn": [{"reference": f"ServiceRequest/{order}"}],
        "performer": [organization("lab")],
        "effectiveDateTime": "2026-10-21T11:40:00+08:00",
        "issued": f"2026-10-21T{issued}:00+08:00",
    }


def referral(name: str, direction: str, sender: str, receiver: str, patient: str = "p1") -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": name,
        "status": "active",
        "intent": "order",
        "extension": [
            {"url": f"{systems.CANONICAL}/StructureDefinition/referral-direction", "valueCoding": {"code": direction}}
        ],
        "category": [{"coding": [{"system": "http://snomed.info/sct", "code": "3457005"}]}],
        "subject": {"reference": f"Patient/{patient}"},
        "authoredOn": "2026-10-21T08:00:00+08:00",
        "requester": organization(sender),
        "performer": [organization(receiver)],
    }


def task(name: str, state: str, at: str, reason: str = "") -> dict[str, Any]:
    body: dict[str, Any] = {
        "resourceType": "Task",
        "id": f"task-{name}",
        "status": "rejected" if state == "rejected" else "accepted",
        "intent": "order",
        "businessStatus": {"coding": [{"code": state}]},
        "focus": {"reference": f"ServiceRequest/{name}"},
        "lastModified": at,
    }
    return body | ({"statusReason": {"text": reason}} if reason else {})


def order(name: str, requester: str) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": name,
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "authoredOn": "2026-10-21T08:00:00+08:00",
        "requester": organization(requester),
    }


def visit(
    name: str, place: str, kind: str = "AMB", patient: str = "p1", day: str = "2026-10-21", end: str = ""
) -> dict[str, Any]:
    period = {"start": f"{day}T08:00:00+08:00"} | ({"end": end} if end else {})
    return {
        "resourceType": "Encounter",
        "id": name,
        "status": "finished",
        "class": {"code": kind},
        "subject": {"reference": f"Patient/{patient}"},
        "serviceProvider": organization(place),
        "period": period,
    }


def critical(name: str, level: str = "HH", status: str = "final") -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": name,
        "status": status,
        "code": {"text": "K"},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2026-10-21T11:40:00+08:00",
        "interpretation": [{"coding": [{"code": level}]}],
        "performer": [organization("lab")],
    }


def notice(about: str, sent: str, received: str = "") -> dict[str, Any]:
    body = {
        "resourceType": "Communication",
        "id": f"notice-{about}",
        "status": "completed",
        "about": [{"reference": f"Observation/{about}"}],
        "sent": sent,
    }
    return body | ({"received": received} if received else {})


def patient(name: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": name, "name": [{"text": NASTY}]}


def fill(send: Callable[..., Receipt]) -> None:
    """The day that the tests count by hand."""
    unmapped = {"table": "PatientClass", "code": NASTY, "text": "家庭病床", "location": "PV1-2"}
    send("town", "ADT^A04", patient("p1"), visit("v1", "town"), unmapped=(unmapped,))
    send("town", "ADT^A04", again=True)
    send("town", "ADT^A04", verdict="AE", status="refused", issues=(Issue("code-unmapped-refused", location="PV1-2"),))
    send("town", "?", verdict="AR", status="unreadable", issues=(Issue("message-flat"), Issue("segment-terminator")))
    send("town", NASTY, issues=(Issue("date-impossible", location="OBX[3]-14[2]"),) * 2, unaccounted=3)
    send("town", "REF^I12", referral("up1", "up", "town", "hospital"), referral("up2", "up", "town", "hospital"))
    send("hospital", "RRI^I12", task("up1", "accepted", "2026-10-21T09:00:00+08:00"))
    send("hospital", "RRI^I12", task("up2", "rejected", "2026-10-23T09:00:00+08:00", "无床"))
    send("hospital", "ADT^A01", visit("v2", "hospital", "IMP", end="2026-10-21T20:00:00+08:00"))
    send("town", "OML^O21", order("o1", "town"))
    send("hospital", "OML^O21", order("o2", "hospital"))
    send("lab", "ORU^R01", report_of("r1", "o1"), report_of("r2", "o2"), critical("k1"), critical("k2", "LL"))
    send("lab", "ORU^R01", report_of("r3", "o1", "preliminary"), report_of("e1", "o1", issued="12:30", category="EC"))
    send("lab", "ORU^R01", notice("k1", "2026-10-21T11:41:00+08:00", "2026-10-21T11:49:00+08:00"))
    send("lab", "ORU^R01", critical("k3", "AA", "entered-in-error"), critical("k4", "H"))
    send("unregistered-1a2b", "ADT^A04")
    send("town", "", verdict="", status="event", issues=(Issue("frame-junk"),))
