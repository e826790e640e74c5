"""The resources a message is made of, found by reference: a Bundle, or what the store holds around a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Body = dict[str, Any]


class Pool:
    """Resources by `Type/id`. Read-only once made."""

    def __init__(self, resources: Iterable[Body]) -> None:
        self._by_ref: dict[str, Body] = {}
        self._by_type: dict[str, list[Body]] = {}
        for one in resources:
            ref = f"{one['resourceType']}/{one.get('id', '')}"
            if ref not in self._by_ref:
                self._by_ref[ref] = one
                self._by_type.setdefault(one["resourceType"], []).append(one)

    def of(self, kind: str) -> list[Body]:
        """All resources of a type, in order."""
        return self._by_type.get(kind, [])

    def get(self, reference: Any) -> Body | None:
        """What a Reference (or a list of them: the first) refers to; `None` when it is not here."""
        if isinstance(reference, list):
            reference = reference[0] if reference else None
        if not isinstance(reference, dict):
            return None
        text = reference.get("reference", "")
        parts = text.split("/")
        if "_history" in parts:
            parts = parts[: parts.index("_history")]
        return self._by_ref.get("/".join(parts[-2:]))

    def all(self, references: Any) -> Iterator[Body]:
        """What each Reference of a list refers to, as far as it is here."""
        for one in references or ():
            found = self.get(one)
            if found is not None:
                yield found

    def about(self, kind: str, element: str, target: Body) -> list[Body]:
        """The resources of a type whose element refers to `target`."""
        return [one for one in self.of(kind) if refers(one.get(element), target)]


def refers(reference: Any, target: Body) -> bool:
    """Whether a Reference, or one of a list, is to the resource."""
    if isinstance(reference, list):
        return any(refers(one, target) for one in reference)
    wanted = f"{target['resourceType']}/{target.get('id', '')}"
    return isinstance(reference, dict) and reference.get("reference", "") == wanted


def of_bundle(bundle: Body) -> Pool:
    """The resources of a Bundle, or the one resource itself."""
    if bundle.get("resourceType") != "Bundle":
        return Pool([bundle])
    return Pool(entry["resource"] for entry in bundle.get("entry", ()) if "resource" in entry)
