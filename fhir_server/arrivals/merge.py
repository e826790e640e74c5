"""A merge of two patients: what referred to the one that is gone refers to the other from now on."""

from __future__ import annotations

from fhir_server.arrivals.arrival import Merged
from fhir_server.arrivals.renaming import KEPT_APART, alias, with_merges
from fhir_server.arrivals.turns import as_it_stands, turns
from fhir_server.store import schema
from fhir_server.store.unit import Key, Unit


def merge(unit: Unit, merged: Merged, event_time: int, message: int) -> int:
    """Re-points everything that refers to the patient that is gone; remembers it for what is still to come."""
    gone, kept = f"Patient/{merged.gone}", f"Patient/{merged.kept}"
    if alias(unit, gone) is not None or gone == kept:
        return 0
    unit.put(unit.aliases, gone, (kept, event_time, message))
    unit.put(unit.alias_rows, gone, (gone, kept, event_time, message))
    written = 0
    for key in _referring(unit, ("Patient", merged.gone)):
        known = unit.statements(key) or (as_it_stands(unit, key),)
        head = unit.head(key)
        assert head is not None
        said = with_merges(unit, key, known, {"reference": gone})
        if len(said) > len(known):
            unit.put(unit.said, key, said)
            written += turns(unit, key, len(said) - len(known), head.owner, message)
    return written


def _referring(unit: Unit, key: Key) -> list[Key]:
    head = unit.head(key)
    if head is None or not head.rid:
        return []
    rids = unit.driver.select(schema.sp_reference, ("rid",), ("target",), [(head.rid,)])
    if not rids:
        return []
    found = unit.driver.select(schema.resource, ("type", "id"), ("rid",), sorted({(row[0],) for row in rids}))
    keys = sorted((kind, name) for kind, name in found if kind not in KEPT_APART)
    unit.load(keys)
    return keys
