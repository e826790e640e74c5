"""A file is one concept and a function one thought; the limits only catch what slipped."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("profiles", "mappers", "fhir_server", "adapters", "conformance")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
FORBIDDEN = {"utils", "helpers", "common", "manager", "base"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
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


@pytest.mark.parametrize(
    "path", [p for p in FILES if p.read_text(encoding="utf-8").strip()], ids=lambda p: str(p.relative_to(ROOT))
)
def test_every_module_opens_with_its_law(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
