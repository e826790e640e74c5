"""`minimumId`: whether what came holds at least what a fixture says.

Law: every element of the fixture is there with the same value, items of a list in any order and each item of what came
used once; what came may say more. What a server decides is left out: id, meta.versionId, meta.lastUpdated, narrative.
Source: http://hl7.org/fhir/R4/testscript-definitions.html#TestScript.setup.action.assert.minimumId.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

_DECIDED_BY_SERVER = frozenset({"id", "text", "implicitRules"})
_META_DECIDED = frozenset({"versionId", "lastUpdated"})


def missing(least: Any, came: Any) -> str | None:
    """Where the fixture says something that did not come, as a path; None when all is there."""
    if not isinstance(least, dict) or not isinstance(came, dict):
        return None if _covers(came, least) else "the whole"
    if least.get("resourceType") != came.get("resourceType"):
        return "resourceType"
    return _first_missing(_trimmed(least), came, str(least.get("resourceType", "")))


def _trimmed(resource: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in resource.items() if name not in _DECIDED_BY_SERVER}
    if isinstance(kept.get("meta"), dict):
        kept["meta"] = {name: value for name, value in kept["meta"].items() if name not in _META_DECIDED}
    return kept


def _first_missing(least: Any, came: Any, path: str) -> str | None:
    """The deepest path that can be named with certainty."""
    if isinstance(least, dict):
        if not isinstance(came, dict):
            return path
        for name, value in least.items():
            if name not in came:
                return f"{path}.{name}"
            found = _first_missing(value, came[name], f"{path}.{name}")
            if found:
                return found
        return None
    if isinstance(least, list):
        return _first_unmatched(least, came, path)
    return None if _covers(came, least) else path


def _first_unmatched(least: list[Any], came: Any, path: str) -> str | None:
    if not isinstance(came, list):
        return path
    free = list(range(len(came)))
    for place, item in enumerate(least):
        fit = next((at for at in free if _covers(came[at], item)), None)
        if fit is None:
            if len(least) == len(came) == 1:
                return _first_missing(item, came[0], f"{path}[0]") or path
            return f"{path}[{place}]"
        free.remove(fit)
    return None


def _covers(came: Any, least: Any) -> bool:
    if isinstance(least, dict):
        if not isinstance(came, dict):
            return False
        if "resourceType" in least:
            least = _trimmed(least)
        return all(name in came and _covers(came[name], value) for name, value in least.items())
    if isinstance(least, list):
        return _first_unmatched(least, came, ".") is None
    if isinstance(least, bool) or isinstance(came, bool):
        return came is least
    if isinstance(least, int | Decimal) and isinstance(came, int | Decimal):
        return Decimal(came) == Decimal(least)
    return bool(came == least)
