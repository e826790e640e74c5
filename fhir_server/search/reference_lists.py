"""References: what refers to a resource of this store (`sp_reference`), or to an address of elsewhere (`sp_key`)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, literal, or_, select, tuple_
from sqlalchemy.sql.expression import FromClause

from fhir_server.search.alternatives import one_of
from fhir_server.search.condition import Criterion
from fhir_server.search.key_lists import Rids, hash_of, hashes, key_params, key_rids, keys_exist
from fhir_server.search.parameters import in_patient_column
from fhir_server.search.probe import probe
from fhir_server.search.slots import SLOTS_MOST, SlotKey
from fhir_server.search.values import Target, Words
from fhir_server.store.schema import resource, sp_reference

TARGET = resource.alias("target")


def reference_met(criterion: Criterion, table: FromClause) -> ColumnElement[bool]:
    if criterion.modifier == "identifier":
        return keys_exist(key_params(criterion), hashes(criterion), table)
    tests: list[ColumnElement[bool]] = []
    targets = target_rids(criterion)
    if targets is not None:
        if names_patients(criterion):
            column = table.c.patient_rid
            tests.append(column == targets.scalar_subquery() if _alone(criterion) else column.in_(targets))
        else:
            tests.append(_reference_exists(criterion.parameter.params, targets, _alone(criterion), table))
    keys = tuple(hash_of(value) for value in criterion.values if isinstance(value, Words | SlotKey))
    if keys:
        tests.append(keys_exist(criterion.parameter.params, keys, table))
    return or_(*tests)


def _reference_exists(params: tuple[int, ...], targets: Rids, alone: bool, table: FromClause) -> ColumnElement[bool]:
    column = sp_reference.c.target
    return probe(
        select(literal(1))
        .select_from(sp_reference)
        .where(
            sp_reference.c.rid == table.c.rid,
            one_of(sp_reference.c.param, params),
            column == targets.scalar_subquery() if alone else column.in_(targets),
        )
        .correlate(table)
    )


def _alone(criterion: Criterion) -> bool:
    """Whether the search names exactly one resource, so that its rid is a scalar."""
    return len(criterion.values) == 1 and len(target_keys(criterion)) == 1


def names_patients(criterion: Criterion) -> bool:
    """Whether every value is a Patient and the `patient_rid` column answers the search."""
    keys = target_keys(criterion)
    return bool(keys) and in_patient_column(criterion.parameter) and all(kind == "Patient" for kind, _ in keys)


def names_one_patient(criterion: Criterion) -> bool:
    """Whether the `patient_rid` column alone answers the search."""
    return criterion.parameter.kind == "reference" and _alone(criterion) and names_patients(criterion)


def target_keys(criterion: Criterion) -> list[tuple[str, str]]:
    """(type, id) of each resource the values may name; a bare id may be of any type the parameter allows."""
    parameter = criterion.parameter
    types = parameter.targets
    keys: dict[tuple[str, str], None] = {}
    for value in criterion.values:
        if isinstance(value, Target):
            wanted = (value.type,) if value.type else types
            if criterion.modifier and criterion.modifier[0].isupper():
                wanted = (criterion.modifier,) if value.type in ("", criterion.modifier) else ()
            keys.update(((kind, value.id), None) for kind in wanted if kind in types or not types)
    return list(keys)


def target_rids(criterion: Criterion) -> Rids | None:
    """The rids of the named resources, visible or not: a reference is a fact about the resource that holds it."""
    if not any(isinstance(value, Target) for value in criterion.values):
        return None
    keys = target_keys(criterion)
    target = TARGET
    if 0 < len(keys) <= SLOTS_MOST:
        return select(target.c.rid).where(or_(*(and_(target.c.type == kind, target.c.id == key) for kind, key in keys)))
    return select(target.c.rid).where(tuple_(target.c.type, target.c.id).in_(keys))


def focus_rid(resource_type: str, resource_id: str) -> Rids:
    """The rid of one resource, visible or not."""
    return select(TARGET.c.rid).where(TARGET.c.type == resource_type, TARGET.c.id == resource_id)


def reference_rids(criterion: Criterion) -> list[Rids]:
    """The rids of what refers to the values, as uncorrelated lists."""
    params, found = criterion.parameter.params, []
    targets = target_rids(criterion)
    if targets is not None:
        column = sp_reference.c.target
        test = column == targets.scalar_subquery() if _alone(criterion) else column.in_(targets)
        found.append(select(sp_reference.c.rid).where(one_of(sp_reference.c.param, params), test))
    keys = tuple(hash_of(value) for value in criterion.values if isinstance(value, Words | SlotKey))
    if keys:
        found.append(key_rids(params, keys))
    return found
