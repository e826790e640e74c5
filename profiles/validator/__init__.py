"""The validator: a resource in, issues out (see `compile` for how, `invariants` for the rules)."""

from profiles.validator.validate import validate

__all__ = ["validate"]
