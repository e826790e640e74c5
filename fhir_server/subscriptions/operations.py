"""$status, $events and $get-ws-binding-token of Subscriptions (Subscriptions R5 Backport 1.1, components.html)."""

from __future__ import annotations

import re

from sqlalchemy import Connection, select

import profiles
from fhir_server.operations.parameters import answered, parameter
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.identity import id_issue
from fhir_server.store.body import instant, parse
from fhir_server.store.schema import resource
from fhir_server.subscriptions.ledger import TYPE, Standing, body_of, events, standing
from fhir_server.subscriptions.notification import Happened, bundle, searchset
from fhir_server.subscriptions.notification import status as told
from fhir_server.subscriptions.subscription import Subscribed, read
from fhir_server.subscriptions.ws_token import made_token
from profiles.issue import Issue

_NUMBER = re.compile(r"\d{1,15}", re.ASCII)
_MOST = 1000
_TOKEN_LIFE = 3_600_000_000


def status(call: Call, services: Services) -> Answer:
    """200 with a searchset of status Parameters: of one, or of those named by `id` and `status`."""
    wanted = _listed(call, services, "id", "status")
    if isinstance(wanted, Issue):
        return refusal(wanted)
    with services.database.read() as connection:
        found = _found(connection, call, services, [call.id] if call.id else wanted["id"])
    if call.id and not found:
        return refused("not-found", TYPE)
    states = set(wanted["status"])
    shown = [told(call.base, one, how, "query-status") for one, how in found if not states or how.state in states]
    return Answer(200, searchset(call.base, shown))


def events_of(call: Call, services: Services) -> Answer:
    """200 with the notification of past events, from `eventsSinceNumber` to `eventsUntilNumber`."""
    wanted = _listed(call, services, "eventsSinceNumber", "eventsUntilNumber", "content")
    if isinstance(wanted, Issue):
        return refusal(wanted)
    numbers = {name: (wanted[name] or [""])[-1] for name in ("eventsSinceNumber", "eventsUntilNumber")}
    wrong = next((name for name, text in numbers.items() if text and not _NUMBER.fullmatch(text)), None)
    if wrong is not None:
        return refused("operation-parameter-value", f"http.{wrong}", name=wrong, type="event number")
    with services.database.read() as connection:
        found = _found(connection, call, services, [call.id])
        if not found:
            return refused("not-found", TYPE)
        one, how = found[0]
        content = (wanted["content"] or [one.content])[-1]
        first, last = int(numbers["eventsSinceNumber"] or 1), int(numbers["eventsUntilNumber"] or how.event)
        listed = events(connection, call.id, first, min(last, how.event), _MOST)
        whole = content == one.content == "full-resource"
        happened = [Happened(event, body_of(connection, event) if whole else b"") for event in listed]
    return Answer(200, bundle(call.base, one, how, "query-event", services.clock(), happened))


def ws_binding_token(call: Call, services: Services) -> Answer:
    """200 with a token for `bind-with-token`, until when it holds, and where the socket is."""
    wanted = _listed(call, services, "id")
    if isinstance(wanted, Issue):
        return refusal(wanted)
    names = [call.id] if call.id else wanted["id"]
    with services.database.read() as connection:
        found = _found(connection, call, services, names)
    bound = [one.id for one, _ in found if one.channel == "websocket"]
    if not bound or len(bound) < len(set(names)):
        return refused("not-found", TYPE)
    until = services.clock() + _TOKEN_LIFE
    address = "ws" + call.base.removeprefix("http") + "/ws"
    return answered(
        parameter("token", "string", made_token(services.cursor_key, bound, until)),
        parameter("expiration", "dateTime", instant(until)),
        *(parameter("subscription", "string", name) for name in bound),
        parameter("websocket-url", "url", address),
    )


def _listed(call: Call, services: Services, *names: str) -> dict[str, list[str]] | Issue:
    """The values of the parameters by name, from the query and from a Parameters resource."""
    from fhir_server.rest.document import document

    found: dict[str, list[str]] = {name: [] for name in names}
    pairs = [(name, text) for name, text in call.parameters if name not in ("_format", "_pretty")]
    if call.method == "POST" and call.body:
        body = document(call, services)
        if not isinstance(body, dict):
            return body[0]
        if body.get("resourceType") != "Parameters":
            return Issue("operation-input", "Resource")
        wrong = next((issue for issue in profiles.validate(body) if issue.refuses), None)
        if wrong is not None:
            return wrong
        for row in body.get("parameter", ()):
            value = next((value for key, value in row.items() if key.startswith("value")), "")
            pairs.append((str(row.get("name")), str(value)))
    for name, text in pairs:
        if name not in found:
            shown = name if name.isascii() and name.replace("-", "").isalnum() and len(name) < 40 else "…"
            return Issue("operation-parameter-unknown", "Parameters", details={"name": shown})
        found[name] += [part.removeprefix("Subscription/") for part in text.split(",") if part]
    return found


def _found(
    connection: Connection, call: Call, services: Services, names: list[str]
) -> list[tuple[Subscribed, Standing]]:
    """The Subscriptions the caller may see; without names all of them."""
    if any(id_issue(name) for name in names):
        return []
    columns = (resource.c.id, resource.c.version, resource.c.body)
    rows = select(*columns).where(
        resource.c.type == TYPE, resource.c.deleted.is_(False), call.caller.scope.predicate(resource)
    )
    if names:
        rows = rows.where(resource.c.id.in_(names))
    found = []
    for row in connection.execute(rows.where(resource.c.version > 0).order_by(resource.c.id).limit(_MOST)):
        body = parse(bytes(row.body))
        one = read(body, services.clock(), ("*",))
        if isinstance(one, Subscribed):
            asked = "off" if body["status"] == "off" else body["status"]
            how = standing(connection, row.id) or Standing(row.id, row.version, asked, 0, 0, 0, None, 0)
            found.append((one, how))
    return found
