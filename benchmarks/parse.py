"""Parsing: bytes to ten values of a 30-result ORU, against hl7apy in the same run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters import charset, er7
from benchmarks.clock import compare
from benchmarks.messages import long_oru, oru

OURS = (("PID", 5), ("PID", 7), ("PV1", 2), ("ORC", 2), ("OBR", 3))


def measure() -> Iterator[dict[str, Any]]:
    for raw in (oru(), long_oru()):
        yield _compared(raw)


def _compared(raw: bytes) -> dict[str, Any]:
    from hl7apy.parser import parse_message

    def ours() -> list[str | None]:
        message = er7.parse(charset.decode(raw).text).message
        assert message is not None
        found = [message.get(name, field) for name, field in OURS]
        return found + [message.all("OBX")[index].get(5) for index in range(0, 30, 6)]

    text = raw.decode()

    def theirs() -> list[Any]:
        result = parse_message(text).oru_r01_patient_result
        patient, order = result.oru_r01_patient, result.oru_r01_order_observation
        found = [
            patient.pid.pid_5.value,
            patient.pid.pid_7.value,
            patient.oru_r01_visit.pv1.pv1_2.value,
            order.orc.orc_2.value,
            order.obr.obr_3.value,
        ]
        return found + [order.oru_r01_observation[index].obx.obx_5.value for index in range(0, 30, 6)]

    assert ours()[5:] == theirs()[5:]
    times = compare({"qiao": (ours, 200), "hl7apy": (theirs, 1)}, rounds=5)
    return {
        "what": "parse and 10 reads, ORU of 30 OBX",
        "bytes": len(raw),
        "qiao_us": round(times["qiao"] * 1e6, 1),
        "hl7apy_us": round(times["hl7apy"] * 1e6, 1),
        "ratio": round(times["hl7apy"] / times["qiao"]),
        "target_ratio": 1000,
    }
