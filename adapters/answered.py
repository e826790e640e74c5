"""What an answer is about, whatever the syntax in which it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from profiles.issue import Issue


@dataclass(frozen=True, slots=True)
class Answered:
    """The message as it came, whether it was read, and what became of it."""

    raw: bytes
    channel: str
    read: bool
    verdict: str
    issues: Sequence[Issue]
    now: str
    control_id: str
    language: Literal["en", "zh"]
