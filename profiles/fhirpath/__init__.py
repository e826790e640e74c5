"""FHIRPath N1 (2.0) with the R4 model: expressions compiled once to closures over plain dicts. Names load on first use.

    compile("Patient.name.given", "Patient")(resource)        # ['Peter', 'James']
    compile("Patient.name[0].given[1]").locate(resource)      # (('name', 0, 'given', 1),)
    compile("status in ('final' | 'amended')").test(resource) # True

`compile(expression, root_type="") -> Expression` is cached. An `Expression` gives plain values when called, a bool by
`test`, places in the tree by `locate`, values with types and places by `items`. What it needs of the world stands in an
`Environment`. `check(expression, root_type)` lists what can never be right. Everything that goes wrong is a
`FhirPathError`: `FhirPathSyntaxError`, `FhirPathSemanticError`, `EvaluationLimit`, or itself for an evaluation.
"""

from importlib import import_module

TYPE_CHECKING = False  # as in `typing`, whose import would cost more than this module
if TYPE_CHECKING:
    from profiles.fhirpath.checking import Problem, check
    from profiles.fhirpath.errors import EvaluationLimit, FhirPathError, FhirPathSemanticError, FhirPathSyntaxError
    from profiles.fhirpath.expression import Expression, Item, compile  # noqa: A004
    from profiles.fhirpath.frame import Environment
    from profiles.fhirpath.node import Location
    from profiles.fhirpath.references import stub

__all__ = [
    "Environment",
    "EvaluationLimit",
    "Expression",
    "FhirPathError",
    "FhirPathSemanticError",
    "FhirPathSyntaxError",
    "Item",
    "Location",
    "Problem",
    "check",
    "compile",
    "stub",
]

_HOMES = {
    **dict.fromkeys(("Expression", "Item", "compile"), "expression"),
    **dict.fromkeys(("EvaluationLimit", "FhirPathError", "FhirPathSemanticError", "FhirPathSyntaxError"), "errors"),
    **dict.fromkeys(("Problem", "check"), "checking"),
    "Environment": "frame",
    "Location": "node",
    "stub": "references",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals().setdefault(name, getattr(import_module(f"{__name__}.{home}"), name))
