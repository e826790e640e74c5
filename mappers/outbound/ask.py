"""What an inverse datatype is asked: for whom, for which field, by which vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mappers.outbound.receiver import Receiver, Work
from mappers.outbound.tree import Repetition


@dataclass(frozen=True, slots=True)
class Ask:
    """`field` is `PID-3`; `vocabulary` the code table of the row or `''`."""

    work: Work
    field: str
    vocabulary: str = ""

    @property
    def receiver(self) -> Receiver:
        return self.work.receiver


Write = Callable[[Any, Ask], Repetition | None]
"""An inverse datatype: the repetition, or `None` when the value is none for this field."""
