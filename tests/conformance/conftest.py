"""A real store filled with the small county."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fhir_server.store.database import Database
from tests.conformance.small_county import Filler, fill
from tests.databases import Databases


@pytest.fixture
def filler(database: Database) -> Iterator[Filler]:
    opened = Filler(database)
    yield opened
    opened.intake.close()


@pytest.fixture
def filled(filler: Filler) -> Filler:
    fill(filler.send)
    return filler


@pytest.fixture(scope="module")
def known(databases: Databases) -> Iterator[Database]:
    """The filled store once for all tests of a module that only read it."""
    url = databases.new()
    opened = Database(url)
    county = Filler(opened)
    fill(county.send)
    county.intake.close()
    yield opened
    opened.close()
    databases.drop(url)


@pytest.fixture
def numbers() -> Callable[[Any], dict[str, int]]:
    """The parts of a count as a dict."""
    return lambda count: {part.key: part.number for part in count.parts}
