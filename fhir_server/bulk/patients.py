"""Whose data: the Patients of an export, and what is in their compartment (FHIR R4 compartmentdefinition-patient.html).

`Patient/$export` takes all Patients, `Group/[id]/$export` the active members of the Group that are Patients; a list in
the request takes fewer. Nobody outside the scope of the asker counts as a Patient here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, literal, select
from sqlalchemy.sql.expression import FromClause

from fhir_server.bulk.snapshot import Picked
from fhir_server.search import index
from fhir_server.search.parameters import parameters
from fhir_server.security.scope import Scope
from fhir_server.store.body import parse
from fhir_server.store.schema import resource, sp_reference
from profiles.definitions import compartment

_PATIENT = resource.alias("patient")
_MEMBER = sp_reference.alias("member")


@dataclass(frozen=True, slots=True)
class Patients:
    """`group` is the rid of a Group, `without` the rids of members that are not active; `only` the rids of a list."""

    scope: Scope
    group: int | None = None
    without: tuple[int, ...] = ()
    only: tuple[int, ...] | None = None

    def met(self, table: FromClause) -> list[ColumnElement[bool]]:
        """What a row must meet to be one of the Patients; probes of the row at hand, never a list of all."""
        met = [table.c.type == "Patient", self.scope.predicate(table)]
        if self.group is not None:
            member = select(literal(1)).where(
                _MEMBER.c.rid == self.group,
                _MEMBER.c.param.in_(_params("Group", ("member",))),
                _MEMBER.c.target == table.c.rid,
            )
            met.append(exists(member.correlate(table)))
        if self.without:
            met.append(table.c.rid.not_in(self.without))
        if self.only is not None:
            met.append(table.c.rid.in_(self.only))
        return met


def types() -> tuple[str, ...]:
    """The resource types of the compartment, Patient first."""
    return ("Patient", *sorted(set(compartment("Patient")) - {"Patient"}))


def picked(connection: Connection, resource_type: str, patients: Patients) -> Picked:
    """What of a type belongs to the Patients."""
    if resource_type == "Patient":
        return Picked(and_(*patients.met(resource)), lambda body: bool(_known(connection, patients, _itself(body))))
    params = _params(resource_type, compartment("Patient").get(resource_type, ()))
    where: ColumnElement[bool] = exists(
        select(literal(1))
        .select_from(sp_reference.join(_PATIENT, _PATIENT.c.rid == sp_reference.c.target))
        .where(
            sp_reference.c.rid == resource.c.rid,
            sp_reference.c.param.in_(params),
            *patients.met(_PATIENT),
        )
        .correlate(resource)
    )
    return Picked(where, lambda body: bool(_known(connection, patients, _subjects(body, frozenset(params)))))


def _params(resource_type: str, codes: Sequence[str]) -> list[int]:
    known = parameters(resource_type)
    return sorted({param for code in codes if code in known for param in known[code].params})


def _itself(body: bytes) -> list[str]:
    return [parse(body)["id"]] if body else []


def _subjects(body: bytes, params: frozenset[int]) -> list[str]:
    """The ids of the Patients an older body speaks of."""
    if not body:
        return []
    return sorted(
        {name for param, kind, name in index.rows(parse(body)).references if kind == "Patient" and param in params}
    )


def _known(connection: Connection, patients: Patients, names: list[str]) -> list[Any]:
    if not names:
        return []
    found = select(_PATIENT.c.rid).where(_PATIENT.c.id.in_(names), *patients.met(_PATIENT))
    return [row[0] for row in connection.execute(found)]


def rids_of(connection: Connection, names: Sequence[str], scope: Scope) -> tuple[int, ...]:
    """The rids of the Patients with these ids that the asker may see."""
    found = select(_PATIENT.c.rid).where(
        _PATIENT.c.type == "Patient", _PATIENT.c.id.in_(names), scope.predicate(_PATIENT)
    )
    return tuple(connection.execute(found).scalars())


def of_group(connection: Connection, name: str, scope: Scope) -> Patients | None:
    """The Patients of a Group; None when there is no such Group for the asker."""
    wanted = and_(resource.c.type == "Group", resource.c.id == name, resource.c.deleted.is_(False))
    found = select(resource.c.rid, resource.c.body).where(wanted, resource.c.version > 0, scope.predicate(resource))
    row = connection.execute(found).first()
    if row is None:
        return None
    members = parse(bytes(row.body)).get("member", ())
    left = [m["entity"].get("reference", "").rpartition("Patient/")[2] for m in members if m.get("inactive") is True]
    return Patients(scope, row.rid, rids_of(connection, left, scope) if left else ())
