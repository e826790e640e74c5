"""What is true: the R4 definitions, terminology, Chinese identifiers, and the validator. Names load on first use."""

from importlib import import_module

TYPE_CHECKING = False  # as in `typing`, whose import would cost more than this whole module
if TYPE_CHECKING:
    from profiles.definitions import SearchParameter, compartment, resource_types, search_parameters, structure
    from profiles.identifiers import ResidentId, resident_id, uscc_valid
    from profiles.issue import Issue, IssueKind
    from profiles.json_input import parse
    from profiles.json_output import dump
    from profiles.terminology import Membership, expand
    from profiles.validator import accepts, refusals, validate

__all__ = [
    "Issue",
    "IssueKind",
    "Membership",
    "ResidentId",
    "SearchParameter",
    "accepts",
    "compartment",
    "dump",
    "expand",
    "parse",
    "refusals",
    "resident_id",
    "resource_types",
    "search_parameters",
    "structure",
    "uscc_valid",
    "validate",
]

_HOMES = {
    **dict.fromkeys(
        ("SearchParameter", "compartment", "resource_types", "search_parameters", "structure"), "profiles.definitions"
    ),
    **dict.fromkeys(("ResidentId", "resident_id", "uscc_valid"), "profiles.identifiers"),
    **dict.fromkeys(("Issue", "IssueKind"), "profiles.issue"),
    **dict.fromkeys(("Membership", "expand"), "profiles.terminology"),
    "parse": "profiles.json_input",
    "dump": "profiles.json_output",
    "accepts": "profiles.validator.accepting",
    **dict.fromkeys(("refusals", "validate"), "profiles.validator.validate"),
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals().setdefault(name, getattr(import_module(home), name))
