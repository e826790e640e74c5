"""Messages as the store sees them, made by hand."""

from __future__ import annotations

from hashlib import sha256

from fhir_server.arrivals.arrival import Arrival, Merged, Receipt, Stated

HOUR = 3_600_000_000


def arrival(number: int, hour: int, *stated: Stated, merged: tuple[Merged, ...] = ()) -> Arrival:
    raw = f"message {number}".encode()
    return Arrival(
        endpoint="test",
        raw=raw,
        sha256=sha256(raw).digest(),
        verdict="AA",
        status="accepted",
        site="T",
        control_id=str(number),
        event_time=hour * HOUR,
        stated=stated,
        merged=merged,
    )


def answer(receipt: Receipt) -> bytes:
    return f"{receipt.verdict}:{receipt.journal}".encode()
