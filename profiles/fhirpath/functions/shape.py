"""How a function stands in the tables: least and most arguments, and the function.

`Eager` functions get collections: the input, the frame, the arguments. `Lazy` ones get their source closure, the call
as it was written and the compiler, and give a closure: criteria, projections and type arguments need that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from profiles.fhirpath.navigate import Closure
from profiles.fhirpath.node import Collection
from profiles.fhirpath.syntax import Call, Expr, parts

Compiled: TypeAlias = Callable[[Expr], Closure]
Eager: TypeAlias = tuple[int, int, Callable[..., Collection]]
Lazy: TypeAlias = tuple[int, int, Callable[[Closure, Call, Compiled], Closure]]


def cost(call: Call) -> int:
    """Steps of the budget that running the arguments of a call on one item takes: more the longer they are."""
    level, found = list(call.arguments), 0
    while level:
        found += len(level)
        level = [part for one in level for part in parts(one)]
    return found // 4 + 1
