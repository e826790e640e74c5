"""The validator: a resource in, issues out (`compile` and `objects` say how, `invariants` by which rules)."""

from profiles.validator.accepting import accepts
from profiles.validator.validate import refusals, validate

__all__ = ["accepts", "refusals", "validate"]
