"""What an inverse datatype is asked in tests: a field of a message to the sample site, with what is at hand."""

from __future__ import annotations

from typing import Any

from mappers import systems
from mappers.outbound import Envelope, Pool, Receiver
from mappers.outbound.ask import Ask
from mappers.outbound.receiver import Work
from tests.mappers.sample import SITE


def ask(*pool: dict[str, Any], field: str = "OBX-5", vocabulary: str = "", version: str = "2.5.1") -> Ask:
    work = Work(Receiver(SITE, version), Pool(pool), Envelope("ORU^R01", "1", "2026-03-01T10:00:00+08:00"))
    return Ask(work, field, vocabulary)


def local(kind: str, institution: str = "T01", foreign: str = "") -> str:
    return systems.local(institution, kind, foreign)
