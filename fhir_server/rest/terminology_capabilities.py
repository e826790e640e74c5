"""What the terminology operations can do (FHIR R4 terminologycapabilities.html), for `/metadata?mode=terminology`."""

from __future__ import annotations

from typing import Any

from profiles.archive import core
from profiles.definitions import operation
from profiles.filters import FILTERS

_REFUSED = frozenset({"context", "contextDirection", "date", "url", "valueSet"})
"""Parameters of $expand that are refused, or that say what is expanded."""


def terminology_capabilities(base: str, about: dict[str, Any]) -> dict[str, Any]:
    """The statement; code systems of the store come on top of those listed."""
    definition = operation("ValueSet-expand")
    assert definition is not None
    names = [row["name"] for row in definition["parameter"] if row["use"] == "in" and row["name"] not in _REFUSED]
    return {
        "resourceType": "TerminologyCapabilities",
        "id": "qiao-terminology",
        "url": f"{base}/metadata?mode=terminology",
        "name": "QiaoTerminology",
        "title": "Qiao (桥): terminology operations on what is loaded",
        **about,
        "implementation": {"description": "Qiao FHIR R4 API", "url": base},
        "lockedDate": False,
        "codeSystem": _code_systems(),
        "expansion": {
            "hierarchical": False,
            "paging": True,
            "incomplete": False,
            "parameter": [{"name": name} for name in names],
            "textFilter": "Every word of the filter stands in the code, in its display or in one of its designations.",
        },
        "codeSearch": "explicit",
        "validateCode": {"translations": False},
        "translation": {"needsMap": True},
    }


def _code_systems() -> list[dict[str, Any]]:
    """The systems R4 brings along with their content."""
    archive = core("code_systems")
    found = []
    for url, name in sorted(archive.member("_index").items()):
        definition = archive.entry(name)
        if definition["content"] == "not-present":
            continue
        row: dict[str, Any] = {"uri": url}
        number = {"code": definition["version"]} if "version" in definition else {}
        row["version"] = [{**number, "isDefault": True, "filter": [{"code": "concept", "op": sorted(FILTERS)}]}]
        row["subsumption"] = definition.get("hierarchyMeaning") in (None, "is-a")
        found.append(row)
    return found
