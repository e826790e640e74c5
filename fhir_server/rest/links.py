"""References inside a transaction: `urn:uuid:…` and other fullUrls become the addresses the resources get.

FHIR R4 http.html#trules: in references, in elements of the types uri, url, oid and uuid, and in `href` and `src` of
narratives; never in identifier values or texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_KEPT = frozenset({"value", "id", "text", "display", "description", "title", "comment", "name", "code", "data"})
"""Elements that are never addresses, whatever they say."""
_URNS = ("urn:uuid:", "urn:oid:")
_NARRATIVE = re.compile(r"""(\b(?:href|src)\s*=\s*)("([^"<>]*)"|'([^'<>]*)')""")


def linked(value: Any, addresses: Mapping[str, str]) -> Any:
    """A copy of the value with every address replaced; unchanged parts are shared."""
    if not addresses:
        return value
    if type(value) is dict:
        return {name: _member(name, child, addresses) for name, child in value.items()}
    if type(value) is list:
        return [linked(item, addresses) for item in value]
    return value


def _member(name: str, value: Any, addresses: Mapping[str, str]) -> Any:
    if type(value) is str:
        if name == "div":
            return _narrative(value, addresses)
        if (
            value not in addresses
            or name in _KEPT
            or name.startswith(("valueString", "valueCode", "valueMarkdown", "valueId"))
        ):
            return value
        return addresses[value]
    if type(value) is list and name not in _KEPT:
        return [addresses.get(item, item) if isinstance(item, str) else linked(item, addresses) for item in value]
    return linked(value, addresses)


def names_urn(value: Any) -> bool:
    """Whether a reference in it still names a urn: asked of every resource, so without where it stands."""
    if type(value) is dict:
        reference = value.get("reference")
        if type(reference) is str and reference.startswith(_URNS):
            return True
        value = value.values()
    for child in value:
        kind = type(child)
        if (kind is dict or kind is list) and names_urn(child):
            return True
    return False


def placeholders(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Where references stand that still name a urn, and which: nothing outside of the Bundle can be meant by one."""
    if isinstance(value, dict):
        for name, child in value.items():
            if name == "reference" and isinstance(child, str):
                if child.startswith(_URNS):
                    yield f"{path}.reference", child
            else:
                yield from placeholders(child, f"{path}.{name}")
    elif isinstance(value, list):
        for position, child in enumerate(value):
            yield from placeholders(child, f"{path}[{position}]")


def _narrative(div: str, addresses: Mapping[str, str]) -> str:
    def replaced(found: re.Match[str]) -> str:
        target = addresses.get(found[3] if found[3] is not None else found[4])
        return found[0] if target is None else f'{found[1]}"{target}"'

    return _NARRATIVE.sub(replaced, div)
