"""$validate: what stands against a resource, and nothing is stored (FHIR R4 resource-operation-validate.html).

The resource is given, or it is the one the address names. `mode` asks whether a create, an update or a delete of it
would be accepted. The answer is 200 whatever the outcome says; only what cannot be asked is refused.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

import profiles
from fhir_server.integrity import RECORDS
from fhir_server.operations.parameters import Inputs, inputs
from fhir_server.operations.stored import stored
from fhir_server.problem import outcome
from fhir_server.rest.document import id_mismatch, type_mismatch
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.read import Current
from fhir_server.store.body import parse
from fhir_server.store.schema import resource, sp_reference
from profiles.issue import Issue

_MODES = frozenset({"create", "update", "delete", "profile"})


def validate(call: Call, services: Services) -> Answer:
    """200 with an OperationOutcome, whatever it says; 400 for a question that makes no sense, 404 without a target."""
    given = inputs(call, services, "Resource-validate")
    if not isinstance(given, Inputs):
        # A body that is no resource at all is the finding that was asked for.
        about_body = all(issue.code not in _ABOUT_CALL for issue in given)
        return Answer(200, outcome(given)) if about_body else refusal(*given)
    mode = given.one("mode") or ""
    if mode and mode not in _MODES:
        return refused("operation-parameter-value", "mode", name="mode", type="validation mode")
    if mode in ("update", "delete") and not call.id:
        return refused("operation-parameter-unsupported", "mode", name="mode")
    target = stored(call, services) if call.id and (mode != "update" or given.one("resource") is None) else None
    if isinstance(target, Answer):
        return target
    if mode == "delete":
        assert target is not None
        return Answer(200, outcome(_delete_issues(call, services, target)))
    subject = _subject(given, target)
    if subject is None:
        return refused("operation-parameter-missing", "resource", name="resource")
    return Answer(200, outcome(_issues(call, mode, subject, given.one("profile"), given=given.one("resource"))))


_ABOUT_CALL = frozenset(
    {
        *("operation-parameter-unknown", "operation-parameter-missing", "operation-parameter-many"),
        *("operation-parameter-value", "operation-parameter-body", "operation-input"),
    }
)


def _subject(given: Inputs, target: Current | None) -> dict[str, Any] | None:
    """What is judged: the resource that was given, or else the stored one."""
    resource: dict[str, Any] | None = given.one("resource")
    if resource is None and target is not None:
        return parse(target.body)
    return resource


def _issues(
    call: Call, mode: str, subject: dict[str, Any], profile: str | None, *, given: dict[str, Any] | None
) -> tuple[Issue, ...]:
    mismatch = type_mismatch(subject, call.type) if call.type else None
    if mismatch is not None:
        return (mismatch,)
    found = list(profiles.validate(subject))
    if profile is not None:
        known = {(issue.code, issue.expression) for issue in found}
        found += [i for i in profiles.validate(subject, profile=profile) if (i.code, i.expression) not in known]
    if mode == "update" and given is not None and (other := id_mismatch(subject, call.id, call.type)) is not None:
        found.append(other)
    return tuple(found)


def _delete_issues(call: Call, services: Services, target: Current) -> tuple[Issue, ...]:
    """A resource that others refer to cannot be deleted, where references are checked."""
    if not services.references_checked:
        return ()
    referring = (
        select(resource.c.type, func.count(sp_reference.c.rid.distinct()))
        .select_from(sp_reference.join(resource, resource.c.rid == sp_reference.c.rid))
        .where(
            sp_reference.c.target == target.rid,
            resource.c.deleted.is_(False),
            resource.c.rid != target.rid,
            resource.c.type.not_in(sorted(RECORDS)),
            call.caller.scope.predicate(resource),
        )
        .group_by(resource.c.type)
        .order_by(resource.c.type)
    )
    with services.database.read() as connection:
        counts = connection.execute(referring).all()
    if not counts:
        return ()
    referrers = ", ".join(f"{count} {kind}" for kind, count in counts)
    return (Issue("reference-held", call.type, details={"referrers": referrers}),)
