"""An element of a resource tree on its way through an expression: a plain tuple, because millions are made.

Law: a collection is a list that nobody changes after it was handed over. Its items are nodes (tuples) or System values
(`bool`, `int`, `Decimal`, `str`, `Temporal`, `Quantity`, `TypeName`): `type(item) is tuple` tells them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from profiles.fhirpath.model import Model

Node: TypeAlias = "tuple[Any, Model, dict[str, Any] | None, Any, str | None, int | None]"
"""`(value, model, sibling, parent, key, index)`: the JSON value, its type, what stands in `_name` beside a primitive,
the parent node, and where it stands in the parent. A root has no parent."""

Location: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the root: `("name", 0, "given", 1)`."""

Collection: TypeAlias = list[Any]

TRUE: Collection = [True]
FALSE: Collection = [False]
EMPTY: Collection = []


def root_of(node: Any) -> Any:
    while node[3] is not None:
        node = node[3]
    return node


def location(node: Any) -> Location:
    """The path from the root. What stands below a primitive stands in its `_name` sibling: `("_given", 1, "id")`."""
    steps: list[str | int] = []
    below: Any = None
    while node[3] is not None:
        _, model, _, parent, key, index = node
        if index is not None:
            steps.append(index)
        steps.append("_" + key if below is not None and model.primitive else key)
        node, below = parent, node
    steps.reverse()
    return tuple(steps)
