"""SearchParameter expressions as paths: the part of FHIRPath that R4 search parameters use (searchparameter.html).

`parse("Observation.code | (Observation.value as Quantity)", "Observation")` gives one `Path` for each alternative of
that type. A path walks plain dicts: `walker` makes a function from the value under its first key to its leaves. Nothing
else of FHIRPath is read here; another shape is a `ValueError`, and the few of R4 are named in `NOT_COVERED`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Walk = Callable[[Any], list[Any]]

NOT_COVERED: dict[str, str] = {
    "Bundle.composition": "Bundle.entry[0].resource is a resource, not a reference to one",
    "Bundle.message": "Bundle.entry[0].resource is a resource, not a reference to one",
}
"""Parameters of R4 whose expression has no walker, with the reason."""

StepKind = Literal["child", "choice", "where", "resolves", "extension", "has-extension"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `child name`, `choice name type` (`value as Quantity`), `where field value`, `resolves type`, …"""

    kind: StepKind
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """`text` is the canonical form without the type, the same for every parameter that reads the same place."""

    steps: tuple[Step, ...]
    text: str

    @property
    def target(self) -> str:
        """The type a reference must have (`where(resolve() is Patient)`), or ''."""
        return self.steps[-1].name if self.steps[-1].kind == "resolves" else ""


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<where>\.where\((?P<field>[a-z]\w*)\s*=\s*'(?P<value>[^']*)'\))
    | (?P<resolves>\.where\(resolve\(\)\s+is\s+(?P<target>[A-Z]\w*)\))
    | (?P<has>\.where\(hasExtension\('(?P<hasurl>[^']*)'\)\))
    | (?P<extension>\.extension\('(?P<url>[^']*)'\))
    | (?P<as>\.(?:as|ofType)\((?P<astype>\w+)\))
    | (?P<infix>\s+as\s+(?P<intype>\w+))
    | \.(?P<child>[a-z]\w*)
    )""",
    re.VERBOSE,
)
_ROOTS = ("Resource", "DomainResource")


def parse(expression: str, resource_type: str) -> tuple[Path, ...]:
    """The alternatives that belong to `resource_type`, in order. Raises ValueError for a shape that has no walker."""
    paths = []
    for alternative in (part.strip() for part in expression.split("|")):
        inner = alternative.replace("(", "", 1) if alternative.startswith("(") else alternative
        root = re.match(r"[A-Z]\w*", inner)
        if root and root.group() in (resource_type, *_ROOTS):
            paths.append(_path(alternative, inner[root.end() :]))
        elif inner[:1].islower():  # `InsurancePlan.name` of R4 is `name | alias`
            paths.append(_path(alternative, "." + inner))
    return tuple(paths)


def _path(alternative: str, rest: str) -> Path:
    if alternative.startswith("("):  # `(A.b as C).d`: the bracket only groups what the infix `as` applies to
        rest = rest.replace(")", "", 1) if " as " in rest else rest.rstrip(")")
    steps: list[Step] = []
    position = 0
    while position < len(rest.rstrip()):
        found = _TOKEN.match(rest, position)
        if found is None:
            raise ValueError(f"no walker for {alternative!r}")
        _append(steps, found)
        position = found.end()
    if not steps or steps[0].kind not in ("child", "choice", "extension"):
        raise ValueError(f"no walker for {alternative!r}")
    return Path(tuple(steps), "".join(_text(step) for step in steps if step.kind != "resolves").lstrip("."))


def _append(steps: list[Step], found: re.Match[str]) -> None:
    if found["child"]:
        steps.append(Step("child", found["child"]))
    elif found["as"] or found["infix"]:
        steps[-1] = Step("choice", steps[-1].name, found["astype"] or found["intype"])
    elif found["where"]:
        steps.append(Step("where", found["field"], found["value"]))
    elif found["resolves"]:
        steps.append(Step("resolves", found["target"]))
    elif found["has"]:
        steps.append(Step("has-extension", found["hasurl"]))
    else:
        steps.append(Step("extension", found["url"]))


def _text(step: Step) -> str:
    match step.kind:
        case "child":
            return "." + step.name
        case "choice":
            return f".{step.name}:{step.value}"
        case "where":
            return f"[{step.name}={step.value}]"
        case _:
            return f"[{step.kind} {step.name}]"


def capitalised(name: str) -> str:
    """`dateTime` → `DateTime`: how a data type ends the name of a choice element (FHIR R4 formats.html#choice)."""
    return name[0].upper() + name[1:]


def keys_of(step: Step, choices: tuple[str, ...]) -> tuple[str, ...]:
    """The JSON keys one step may stand under; `choices` are the data types an untyped last step may take."""
    if step.kind == "choice":
        return (step.name + capitalised(step.value), step.name)  # `Encounter.period as Period` names no choice
    return (step.name, *(step.name + capitalised(choice) for choice in choices))


def walker(steps: tuple[Step, ...], choices: tuple[str, ...]) -> Walk | None:
    """From the value under the first key to the leaves; None when the value itself (or its items) are the leaves."""
    walks = [
        _walk(step, choices if number == len(steps) - 1 else ())
        for number, step in enumerate(steps)
        if step.kind != "resolves"
    ]
    if not walks:
        return None

    def through(value: Any) -> list[Any]:
        values = value if type(value) is list else [value]
        for walk in walks:
            values = walk(values)
            if not values:
                break
        return values

    return through


def _walk(step: Step, choices: tuple[str, ...]) -> Callable[[list[Any]], list[Any]]:
    match step.kind:
        case "where":
            return lambda values: [v for v in values if type(v) is dict and v.get(step.name) == step.value]
        case "has-extension":
            return lambda values: [v for v in values if _extensions(v, step.name)]
        case "extension":
            return lambda values: [e for v in values for e in _extension_values(v, step.name)]
        case _:
            return _children(keys_of(step, choices))


def _children(names: tuple[str, ...]) -> Callable[[list[Any]], list[Any]]:
    def children(values: list[Any]) -> list[Any]:
        found: list[Any] = []
        for value in values:
            if type(value) is dict:
                for name in names:
                    child = value.get(name)
                    if type(child) is list:
                        found.extend(child)
                    elif child is not None:
                        found.append(child)
        return found

    return children


def _extensions(value: Any, url: str) -> list[dict[str, Any]]:
    extensions = value.get("extension") if type(value) is dict else None
    return [e for e in extensions if type(e) is dict and e.get("url") == url] if type(extensions) is list else []


def _extension_values(value: Any, url: str) -> list[Any]:
    return [v for e in _extensions(value, url) for name, v in e.items() if name.startswith("value")]


def root_extension(url: str) -> Walk:
    """For a path that begins with `extension('url')`: from the list under `extension` to the values."""
    return lambda value: _extension_values({"extension": value}, url)
