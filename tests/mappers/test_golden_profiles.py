"""What the translation writes declares the profile of its kind and satisfies it: the golden messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.er7 import parse
from profiles.registry import OWN
from profiles.validator.validate import validate
from tests.mappers.sample import translate

Resource = dict[str, Any]
GOLDEN = sorted(Path(__file__).parent.glob("golden/*/message.hl7"))


def resources(path: Path) -> list[Resource]:
    message = parse(path.read_text(encoding="utf-8").replace("\n", "\r")).message
    assert message is not None
    return [entry["resource"] for entry in translate(message).bundle["entry"]]


def refusals(resource: Resource) -> list[tuple[str, str, str]]:
    found = validate(resource)
    return [(each.code, each.expression, each.text()) for each in found if each.severity in ("error", "fatal")]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_every_resource_of_a_message_satisfies_the_profile_it_declares(path: Path) -> None:
    found = [(each.get("meta", {}).get("profile", []), refusals(each)) for each in resources(path)]
    assert [one for one in found if one[1]] == []


def test_every_declared_profile_is_one_of_the_guide() -> None:
    declared = {url for path in GOLDEN for each in resources(path) for url in each.get("meta", {}).get("profile", ())}
    assert len(declared) > 20
    assert [url for url in declared if OWN.canonical(url, "StructureDefinition") is None] == []
