"""A text that does not show itself: not in a log line, an error or the text of the settings."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """`get_secret_value()` is the only way to it that is meant."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "**********"

    def get_secret_value(self) -> str:
        return self.value
