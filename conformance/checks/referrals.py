"""Referrals up and down, with the state they have reached, for the institution that sends and the one that receives.

Source: ServiceRequest with the extension `referral-direction` or the category of a referral, and the Task whose focus
it is (`Task.businessStatus`). The period goes by `ServiceRequest.authoredOn`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from conformance.checks.clinical import Item, codes, extension
from conformance.directory import Directory
from conformance.facts import ALL, Book
from conformance.period import moment
from fhir_server.search.parameters import parameters
from fhir_server.security.scope import Scope
from fhir_server.store import body as bodies
from fhir_server.store.schema import resource, sp_reference, version

CATEGORIES = frozenset({"referral", "3457005"})
"""Codes of `ServiceRequest.category` that say referral: ours, and SNOMED CT `Patient referral`."""
UNKNOWN = "unknown"
DECIDED = frozenset({"accepted", "rejected"})
REACHED: Mapping[str, frozenset[str]] = {
    "accepted": frozenset(
        {"accepted", "scheduled", "arrived", "admitted", "completed", "down-accepted", "down-arrived"}
    ),
    "arrived": frozenset({"arrived", "admitted", "completed", "down-arrived"}),
}
"""Which states of `referral-task-status` come after the named one was reached."""
_BY_STATUS = {
    "draft": "draft",
    "requested": "submitted",
    "received": "received",
    "accepted": "accepted",
    "rejected": "rejected",
    "ready": "org-approved",
    "in-progress": "arrived",
    "completed": "completed",
    "cancelled": "cancelled",
    "failed": "no-show",
}
"""The state that `Task.status` alone stands for (see the state table of the profile)."""


@dataclass(frozen=True, slots=True)
class Referral:
    """`decided` is when it was first accepted or rejected; `reason` whether a rejection says why."""

    rid: int
    direction: str
    sender: str
    receiver: str
    state: str
    urgent: str
    authored: datetime | None
    decided: datetime | None
    reason: bool
    test: bool


def is_referral(item: Item) -> bool:
    if item.type != "ServiceRequest":
        return False
    return bool(extension(item.body, "referral-direction")) or not CATEGORIES.isdisjoint(
        codes(item.body.get("category"))
    )


def read(connection: Connection, scope: Scope, found: list[Item], directory: Directory) -> Iterator[Referral]:
    """The referrals among the resources of a page."""
    referrals = [item for item in found if is_referral(item)]
    tasks = _tasks(connection, scope, [item.rid for item in referrals])
    for item in referrals:
        body, task = item.body, tasks.get(item.rid, [])
        latest = task[-1] if task else {}
        state = _state(latest) or ("cancelled" if body.get("status") == "revoked" else UNKNOWN)
        yield Referral(
            item.rid,
            extension(body, "referral-direction") or UNKNOWN,
            directory.institution([body.get("requester")], item.owner),
            directory.institution(body.get("performer", ()), UNKNOWN),
            state,
            body.get("priority", "routine"),
            moment(body.get("authoredOn")),
            next((moment(one.get("lastModified")) for one in task if _state(one) in DECIDED), None),
            bool(latest.get("statusReason")),
            item.test,
        )


def count(referral: Referral, book: Book) -> None:
    """Adds one referral to both ends; the consortium counts it once, as sent."""
    if referral.test:
        book.add(referral.sender, "tests", ("referral",), referral.rid)
        return
    book.add(referral.sender, "referrals-sent", (referral.direction, referral.state), referral.rid)
    path = (referral.direction, referral.state)
    book.count(referral.receiver, "referrals-received", path, referral.rid)
    flow = (referral.sender, referral.receiver)
    book.count(ALL, "referral-flow", flow, referral.rid)


def _state(task: Mapping[str, Any]) -> str:
    return next(iter(codes(task.get("businessStatus"))), "") or _BY_STATUS.get(task.get("status", ""), "")


def _tasks(connection: Connection, scope: Scope, targets: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Every version of the Tasks about those resources, by resource, in the order they were modified."""
    if not targets:
        return {}
    focus = parameters("Task")["focus"].params
    linked = sp_reference.join(resource, resource.c.rid == sp_reference.c.rid)
    about = (sp_reference.c.param.in_(focus), sp_reference.c.target.in_(targets), scope.predicate(resource))
    living = (resource.c.version > 0, resource.c.deleted.is_(False))
    now = select(sp_reference.c.target, resource.c.rid, resource.c.version, resource.c.body).select_from(linked)
    rows = connection.execute(now.where(*about, *living)).all()
    owners = {row.rid: row.target for row in rows}
    older = select(version.c.rid, version.c.version, version.c.body).where(version.c.rid.in_(sorted(owners)))
    every = [(row.target, row.version, row.body) for row in rows]
    every += [(owners[row.rid], row.version, row.body) for row in connection.execute(older) if row.body]
    found: dict[int, list[tuple[str, int, dict[str, Any]]]] = {}
    for target, number, body in every:
        task = bodies.parse(bytes(body))
        found.setdefault(target, []).append((task.get("lastModified", ""), number, task))
    return {target: [task for *_, task in sorted(tasks, key=_order)] for target, tasks in found.items()}


def _order(entry: tuple[str, int, Any]) -> tuple[float, int]:
    when = moment(entry[0])
    return (when.timestamp() if when else 0.0, entry[1])
