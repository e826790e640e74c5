"""ORC -> Provenance of one order: who entered, verified, asked for and carried it out, when and where.

Only for an order that names somebody besides who asked for it (ORC-10, 11, 18, 19): the Provenance of the message says
the rest. Id by the order and its control code with time, so that a replay finds it and a later event has one of its
own. The place is ORC-21 with its address and telephone. Source: V2-to-FHIR ORC[Provenance].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappers import systems
from mappers.contact_details import reach
from mappers.derived import derived_id
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL
from mappers.organization import from_xon
from mappers.use import Use

if TYPE_CHECKING:
    from mappers.draft import Draft, Sheet
    from mappers.message import Segment

_PEOPLE = (10, 11, 18, 19)
_MAP = "ORC[Provenance]"


def order_provenance(orc: Segment, order: Sheet, draft: Draft) -> None:
    """The Provenance of what an ORC says about `order`."""
    if not any(orc.raw(field) for field in _PEOPLE):
        return
    event = f"{order.id}|{orc.get(1) or ''}|{orc.get(9) or draft.event_time}"
    sheet = draft.resource("Provenance", derived_id("Provenance", f"{systems.CANONICAL}/fhir/order-event", event))
    apply(_MAP, orc, sheet, draft)
    body = sheet.body
    if not any("who" in agent for agent in body.get("agent", ())):
        del draft.sheets["Provenance", sheet.id]
        draft.forget(sheet)
        return
    body["target"] = [{"reference": order.ref}]
    body.setdefault("recorded", draft.event_time)
    _place(orc, sheet, draft)
    if orc.raw(24) and (author := _author(sheet, draft)) is not None:
        reach(orc, 24, "address", author, f"{_MAP}#ORC-24", draft)


def _author(sheet: Sheet, draft: Draft) -> Sheet | None:
    for agent in sheet.body["agent"]:
        if agent.get("type", {}).get("coding", [{}])[0].get("code") == "author" and "who" in agent:
            return draft.sheets.get(("Practitioner", agent["who"]["reference"].partition("/")[2]))
    return None


def _place(orc: Segment, sheet: Sheet, draft: Draft) -> None:
    """XON[Location]: the facility that ordered, as a place."""
    value = orc.first(21)
    if value is None or value.is_null or not (name := value.get(1)) or name == NULL:
        return
    use = Use(draft, value, f"{_MAP}#ORC-21")
    owner = from_xon(Use(draft, value, f"{_MAP}#ORC-21"))
    system = systems.local(draft.site.institution, "facility")
    number = use.said(10) or use.said(3)
    place = draft.resource("Location", derived_id("Location", system, number or name), Weight.MENTION)
    body = place.body
    body["name"], body["mode"] = name, "instance"
    use.leaf(1, place.path("name"))
    if number:
        body["identifier"] = [{"system": system, "value": number}]
        use.leaf(10 if use.said(10) else 3, place.path("identifier[0].value"))
    if owner is not None:
        body["managingOrganization"] = {"reference": owner.ref}
    use.settle(place.path(""))
    if orc.raw(22) and "address" not in body:
        reach(orc, 22, "address", place, f"{_MAP}#ORC-22", draft)
        body["address"] = body["address"][0] if body.get("address") else None
        if body["address"] is None:
            del body["address"]
    reach(orc, 23, "telecom", place, f"{_MAP}#ORC-23", draft)
    sheet.body["location"] = {"reference": place.ref, "display": name}
