"""The ledger read backwards: for each element of what a message became, the v2 values it came from.

An element that no v2 value stands behind was made by Qiao: a constant of a row, a derived id, a reference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.explanation import explain
from adapters.pipeline import Prepared


def reverse(prepared: Prepared, where: str = "") -> dict[str, Any]:
    """As `explain`, with `elements` in place of `values`: `[{path, from: [{location, value, outcome, rule}]}]`.

    `where` is the beginning of a path: `Patient`, `Patient.name`, `Observation/<id>#value`.
    """
    mapped = prepared.mapped
    resources = [] if mapped is None else [statement.resource for statement in mapped.statements]
    return reversed_(explain(prepared), resources, where)


def reversed_(explained: Mapping[str, Any], resources: list[dict[str, Any]], where: str = "") -> dict[str, Any]:
    """The same of an explanation at hand."""
    sources: dict[str, list[dict[str, str]]] = defaultdict(list)
    for value in explained["values"]:
        for home in value["to"]:
            if "#" in home["path"]:
                told = {"location": value["location"], "value": value["value"]}
                sources[home["path"]].append({**told, "outcome": home["outcome"], "rule": home["rule"]})
    elements = [
        {"path": path, "from": sources.get(path, [])}
        for path in dict.fromkeys((*_paths(resources, sources), *sources))
        if asked(path, where)
    ]
    return {**{name: value for name, value in explained.items() if name != "values"}, "elements": elements}


def asked(path: str, where: str) -> bool:
    """Whether the path begins as asked: in full, without the id, or with `[0]` left out."""
    if not where:
        return True
    place, _, element = path.partition("#")
    short = f"{place.partition('/')[0]}.{element}"
    return any(_within(form, where) for form in (path, short, _bare(short)))


def _within(path: str, where: str) -> bool:
    return (path.startswith(where) and path[len(where) :][:1] in ("", ".", "[", "#", "/")) or path == where


def _bare(path: str) -> str:
    head, *rest = path.split("[")
    return head + "".join(part.partition("]")[2] for part in rest)


def _paths(resources: list[dict[str, Any]], sources: Mapping[str, Any]) -> Iterator[str]:
    """Every element of the resources: as deep as the ledger speaks of it, else its leaves."""
    for resource in resources:
        ref = f"{resource['resourceType']}/{resource['id']}"
        for name, child in resource.items():
            if name not in ("resourceType", "id"):
                yield from _below(child, f"{ref}#{name}", sources)


def _below(node: Any, path: str, sources: Mapping[str, Any]) -> Iterator[str]:
    if path in sources:
        yield path
        return
    match node:
        case dict():
            for name, child in node.items():
                yield from _below(child, f"{path}.{name}", sources)
        case list():
            for place, child in enumerate(node):
                yield from _below(child, f"{path}[{place}]", sources)
        case _:
            yield path
