"""What can go wrong with an expression. Nothing else leaves this package, whatever the expression or the data.

Law: a text carries the expression's own words and positions, never a value of the data.
Source: http://hl7.org/fhirpath/N1/ (errors are "end the evaluation and signal an error to the calling environment").
"""

from __future__ import annotations

from typing import Literal

Phase = Literal["syntax", "semantic", "execution", "limit"]


class FhirPathError(Exception):
    """`phase` says when it was found; `position` is the offset in the expression, or -1 where it is not known."""

    phase: Phase = "execution"

    def __init__(self, message: str, position: int = -1) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class FhirPathSyntaxError(FhirPathError):
    """The text is not FHIRPath."""

    phase = "syntax"


class FhirPathSemanticError(FhirPathError):
    """FHIRPath, but it can never mean anything: an unknown function, type or (when checked) element."""

    phase = "semantic"


class EvaluationLimit(FhirPathError):
    """The expression, or what it builds, is larger than an evaluation may be."""

    phase = "limit"
