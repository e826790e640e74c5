"""How many living resources there are, by type and institution: kept by every write as a difference (`type_count`)."""

from __future__ import annotations

from collections.abc import Iterable

from fhir_server.store import schema
from fhir_server.store.unit import Key, Unit


def count(unit: Unit, turned: Iterable[Key]) -> None:
    """Adds what the turns of a unit change; called before the unit is clean."""
    changed: dict[tuple[str, str], int] = {}
    for key in turned:
        before, after = unit.stored.get(key), unit.heads[key]
        if before is not None and before.living:
            changed[before.type, before.owner] = changed.get((before.type, before.owner), 0) - 1
        if after is not None and after.living:
            changed[after.type, after.owner] = changed.get((after.type, after.owner), 0) + 1
    rows = [(*place, difference) for place, difference in sorted(changed.items()) if difference]
    if rows:
        unit.driver.increase(schema.type_count, rows)
