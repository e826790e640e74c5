"""The time of a version grows with the number of its change, whatever the clocks of several processes say."""

from __future__ import annotations

from fhir_server.intake import Intake
from fhir_server.security.scope import EVERYTHING
from fhir_server.store.database import Database
from fhir_server.store.write import Write, Written

NOON = 1_772_337_600_000_000
MINUTE = 60_000_000


def _written(door: Intake, name: str) -> int:
    resource = {"resourceType": "Patient", "id": name}
    outcome = door.write((Write("PUT", "Patient", name, resource),), EVERYTHING).result()
    assert isinstance(outcome, tuple)
    assert isinstance(outcome[0], Written)
    return outcome[0].last_updated


def test_process_whose_clock_is_behind_goes_on_after_the_last_change(database_url: str) -> None:
    database = Database(database_url)
    database.create()
    ahead, behind = Intake(database, lambda: NOON), Intake(database, lambda: NOON - MINUTE // 2)
    times = [_written(door, f"p{number}") for number, door in enumerate((ahead, behind, ahead, behind, behind))]
    assert times == [NOON, NOON + 1, NOON + 2, NOON + 3, NOON + 4]
    ahead.close()
    behind.close()
    database.close()


def test_clock_that_ran_away_is_not_followed(database_url: str) -> None:
    database = Database(database_url)
    database.create()
    away, right = Intake(database, lambda: NOON + 5 * MINUTE), Intake(database, lambda: NOON)
    assert [_written(away, "a"), _written(right, "b")] == [NOON + 5 * MINUTE, NOON]
    away.close()
    right.close()
    database.close()
