"""Conditional writes of several writers at once: the decision and the write are one, whatever the criteria."""

from __future__ import annotations

import itertools
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from fhir_server.intake import Intake
from fhir_server.search.query import Query, parse
from fhir_server.search.values import Surroundings
from fhir_server.security.scope import EVERYTHING
from fhir_server.store.database import Database
from fhir_server.store.schema import resource
from fhir_server.store.write import Refused, Write, Written
from tests.fhir_server.conftest import NOW, patient

SYSTEM = "http://example.cn/mrn"
Outcome = tuple[Written, ...] | Refused


def criteria(*pairs: tuple[str, str]) -> Query:
    query = parse("Patient", pairs, Surroundings(NOW, "http://qiao.test/fhir"))
    assert isinstance(query, Query)
    return query


def by_key(number: int) -> Query:
    """Answered from the lists of keys and from memory."""
    return criteria(("identifier", f"{SYSTEM}|{number}"))


def by_search(number: int) -> Query:
    """Asks the database, after a flush."""
    return criteria(("family", f"f{number:03}"), ("birthdate", "gt1970"))


def by_both(number: int) -> Query:
    """Nobody has the key: done. Somebody has: the database is asked for the rest."""
    return criteria(("birthdate", "gt1970"), ("identifier", f"{SYSTEM}|{number}"))


def create(number: int, query: Query) -> Write:
    body: dict[str, Any] = patient(str(uuid4()), birthDate="1980-01-01", name=[{"family": f"f{number:03}"}])
    body["identifier"] = [{"system": SYSTEM, "value": str(number)}]
    return Write("POST", "Patient", body["id"], body, criteria=query)


def living(database: Database) -> int:
    with database.engine.connect() as connection:
        counted = select(func.count()).where(resource.c.type == "Patient", resource.c.deleted.is_(False))
        found: int = connection.execute(counted).scalar_one()
        return found


@pytest.mark.parametrize("query", [by_key, by_search, by_both])
def test_two_writers_and_many_creators_leave_one_resource_of_each_identity(database: Database, query: Any) -> None:
    numbers, intakes = range(20), [Intake(database), Intake(database)]

    def creator(which: int) -> list[Future[Outcome]]:
        return [intakes[which % 2].write([create(number, query(number))], EVERYTHING) for number in numbers]

    with ThreadPoolExecutor(8) as pool:
        waiting = list(itertools.chain.from_iterable(pool.map(creator, range(8))))
    outcomes = [each.result(60) for each in waiting]
    for intake in intakes:
        intake.close()
    written = [one for outcome in outcomes if isinstance(outcome, tuple) for one in outcome]
    assert len(written) == len(outcomes)
    assert sum(one.created for one in written) == len(numbers)
    assert len({one.id for one in written}) == living(database) == len(numbers)


def test_writes_of_one_batch_see_each_other(database: Database) -> None:
    """All are handed over at once, so most share a transaction: nothing is in the tables when the next one decides."""
    intake = Intake(database)
    waiting = []
    for number in range(30):
        waiting.append(intake.write([create(number, by_key(number))], EVERYTHING))
        waiting.append(intake.write([create(number, by_search(number))], EVERYTHING))
        waiting.append(intake.write([create(number, by_both(number))], EVERYTHING))
        edit = Write("PATCH", "Patient", "", criteria=by_key(number), edit=lambda found: found | {"gender": "male"})
        waiting.append(intake.write([edit], EVERYTHING))
        waiting.append(intake.write([Write("DELETE", "Patient", "", criteria=by_search(number))], EVERYTHING))
        waiting.append(intake.write([create(number, by_key(number))], EVERYTHING))
    outcomes = [each.result(60) for each in waiting]
    intake.close()
    assert not [each for each in outcomes if isinstance(each, Refused)]
    written = [one for outcome in outcomes if isinstance(outcome, tuple) for one in outcome]
    kinds = [(one.created, one.changed, one.version) for one in written]
    assert (
        kinds
        == [(True, True, 1), (False, False, 1), (False, False, 1), (False, True, 2), (False, True, 3), (True, True, 1)]
        * 30
    )
    assert living(database) == 30


def test_a_write_that_was_taken_back_is_not_matched(database: Database) -> None:
    intake = Intake(database)
    stale = Write("PUT", "Patient", "stale", patient("stale"), if_match=7)
    waiting = [
        intake.write([create(1, by_key(1)), stale], EVERYTHING),
        intake.write([create(1, by_key(1))], EVERYTHING),
    ]
    refused, made = (each.result(60) for each in waiting)
    intake.close()
    assert isinstance(refused, Refused)
    assert isinstance(made, tuple) and made[0].created
    assert living(database) == 1


def test_transactions_of_two_writers_on_the_same_resources_all_come_through(database: Database) -> None:
    """In opposite orders: rows locked one by one would deadlock."""
    intakes = [Intake(database), Intake(database)]

    def writer(which: int) -> list[Outcome]:
        outcomes = []
        for turn in range(15):
            order = list(range(6))[:: 1 if which % 2 else -1]
            bodies = [patient(f"p{n}", name=[{"text": f"{which}-{turn}"}]) for n in order]
            writes = [Write("PUT", "Patient", body["id"], body) for body in bodies]
            outcomes.append(intakes[which % 2].write([*writes, create(turn, by_key(turn))], EVERYTHING).result(60))
        return outcomes

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(itertools.chain.from_iterable(pool.map(writer, range(4))))
    for intake in intakes:
        intake.close()
    assert all(isinstance(each, tuple) for each in outcomes)
    assert living(database) == 6 + 15
