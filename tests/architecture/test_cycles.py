"""No file waits for itself: imports form no circle, not even those made for types only."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("profiles", "mappers", "fhir_server", "adapters", "conformance")


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_module(path): path for room in ROOMS for path in (ROOT / room).rglob("*.py")}


def _needs(path: Path) -> set[str]:
    """Modules imported when the file is loaded; imports inside functions wait until they are called."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in inner:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found & MODULES.keys()


def test_imports_form_no_circle() -> None:
    graph = {}
    for name, path in MODULES.items():
        # A package's shop window re-exports its own files; what counts is what the files need.
        needs = _needs(path) if path.name != "__init__.py" else set()
        graph[name] = needs - {name}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise AssertionError(" → ".join(error.args[1])) from None
