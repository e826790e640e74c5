"""A file is one concept and a function one thought; the limits only catch what slipped."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.every_row import for_each

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("profiles", "mappers", "fhir_server", "adapters", "conformance")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
FORBIDDEN = {"utils", "helpers", "common", "manager", "base"}


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@for_each(FILES, _named)
def test_file_and_functions_are_within_their_budgets(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 600
    long = [
        f"{node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > 60
        # A command's parameters are its documentation; its body counts.
        and node.end_lineno - node.body[0].lineno + 1 > 60
    ]
    assert long == []


def test_no_file_is_a_drawer() -> None:
    assert [path for path in FILES if path.stem in FORBIDDEN] == []


@for_each(FILES, _named)
def test_every_module_opens_with_its_law(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text))
