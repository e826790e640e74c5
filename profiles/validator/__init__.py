"""The validator: a resource in, issues out (`compile` and `objects` say how, `invariants` by which rules)."""

from profiles.validator.validate import validate

__all__ = ["validate"]
