"""Whoever gives up waiting for his write stops nobody else's: the one writer goes on."""

from __future__ import annotations

from fhir_server.security.scope import EVERYTHING
from fhir_server.store.write import Write
from tests.fhir_server.conftest import Store, patient


def test_writes_that_nobody_waits_for_any_more_do_not_stop_the_writer(store: Store) -> None:
    asked = [store.intake.write([Write("PUT", "Patient", f"p{n}", patient(f"p{n}"))], EVERYTHING) for n in range(40)]
    cancelled = [one.cancel() for one in asked]
    assert True in cancelled
    store.put(patient("last"))
    assert store.search("Patient?_id=last") == ["last"]
