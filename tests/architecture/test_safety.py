"""Laws that a reviewer would otherwise have to look for in every change."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.every_row import for_each

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("profiles", "mappers", "fhir_server", "adapters", "conformance")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
PURE = ("mappers",)
EFFECTS = {"time", "random", "socket", "subprocess", "urllib.request", "http", "httpx", "os", "sqlite3", "sqlalchemy"}


def _room(module: str) -> str:
    """The distribution-level name; of urllib the part that reaches out is told from the part that only reads text."""
    return module if module.startswith("urllib.") else module.split(".")[0]


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(_room(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(_room(node.module))
    return found


@for_each([path for path in FILES if path.relative_to(ROOT).parts[0] in PURE])
def test_mappers_reach_neither_clock_nor_chance_nor_network_nor_database(path: Path) -> None:
    assert _imports(path) & EFFECTS == set()


def test_hl7apy_and_pydantic_models_stay_off_the_hot_paths() -> None:
    heavy = {"hl7apy", "fhir"}
    users = {str(path.relative_to(ROOT)) for path in FILES if _imports(path) & heavy}
    elsewhere = ("grammar/build", "/checks/", "commands/second_opinion")
    assert {user for user in users if not any(part in user for part in elsewhere)} == set()


_XML_PATCH = "fhir_server/patch/xml_patch.py"
"""Changes a tree that the one hardened parser made."""
_MESSAGES = ("adapters/xml_text", "adapters/v2_xml", "adapters/v3", "adapters/soap.py")
"""Read trees that the one hardened parser made, and write their own."""


def test_xml_is_parsed_in_one_place_only() -> None:
    users = {str(path.relative_to(ROOT)) for path in FILES if _imports(path) & {"lxml", "xml"}}
    known = ("profiles/xml", "profiles/validator", _XML_PATCH, *_MESSAGES)
    assert {user for user in users if not user.startswith(known)} == set()
    parsing = ("fromstring(", "etree.parse(", "XMLParser(", "etree.XML(", "iterparse(")
    for path in FILES:
        if str(path.relative_to(ROOT)).startswith(_MESSAGES):
            assert not any(call in path.read_text("utf-8") for call in parsing), path.name
