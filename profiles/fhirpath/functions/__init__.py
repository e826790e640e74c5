"""The functions of FHIRPath, as tables by theme: name → (least arguments, most arguments, function)."""

from profiles.fhirpath.functions import (
    conversion,
    existence,
    fhir,
    filtering,
    mathematics,
    precision,
    strings,
    subsetting,
    tree,
    types,
)
from profiles.fhirpath.functions.shape import Eager, Lazy

__all__ = ["EAGER", "LAZY"]

EAGER: dict[str, Eager] = {
    **existence.EAGER,
    **subsetting.EAGER,
    **strings.EAGER,
    **mathematics.EAGER,
    **conversion.EAGER,
    **precision.EAGER,
    **tree.EAGER,
    **types.EAGER,
    **fhir.EAGER,
}
LAZY: dict[str, Lazy] = {**existence.LAZY, **filtering.LAZY, **types.LAZY, **fhir.LAZY}
