"""A day of messages, each bent at random: nothing crashes, every value is accounted for, every one gets an answer."""

from __future__ import annotations

import random

import pytest

from adapters import pipeline
from adapters.site import load
from examples.county.generate import day
from fhir_server.arrivals.arrival import Receipt

NOW = 1_792_600_000_000_000
BITS = (
    *(b"|", b"^", b"~", b"&", b"\\", b'""', b"\r", b"\n", b"\x00", b"\xff", b"\xe4", b"||||||||", b"-", b" ", b"\t"),
    *(b"99999999999999999999", b"20261332", b"1e400", b"\\X41\\", b"\\.br\\", b"NM", b"ED", b"F", b"X", b"<5"),
)


def bent(raw: bytes, chance: random.Random) -> bytes:
    """One to twelve insertions, deletions, repetitions and swaps of segments."""
    text = bytearray(raw)
    for _ in range(chance.randint(1, 12)):
        how, at = chance.random(), chance.randrange(len(text) + 1)
        if how < 0.4:
            text[at:at] = chance.choice(BITS)
        elif how < 0.6:
            text[at : at + chance.randint(1, 30)] = b""
        elif how < 0.8:
            other = chance.randrange(len(text) + 1)
            text[at:at] = text[other : other + chance.randint(1, 80)]
        else:
            segments = bytes(text).split(b"\r")
            one, two = chance.randrange(len(segments)), chance.randrange(len(segments))
            segments[one], segments[two] = segments[two], segments[one]
            text = bytearray(b"\r".join(segments))
    return bytes(text)


@pytest.mark.parametrize("seed", range(4))
def test_no_bent_message_crashes_or_loses_a_value(seed: int) -> None:
    chance, book = random.Random(seed), load()
    messages = [sent.raw for sent in day() if sent.raw]
    for number in range(800):
        raw = bent(chance.choice(messages), chance)
        prepared = pipeline.prepare(raw, book, NOW, channel="test")
        arrival = prepared.arrival
        assert arrival.unaccounted == 0, (seed, number)
        assert arrival.raw == raw
        receipt = Receipt(1, arrival.verdict, arrival.status, b"", arrival.issues, 0)
        answer = pipeline.acknowledge(prepared, receipt, NOW, "zh")
        assert b"MSA|" in answer or prepared.message is not None, (seed, number)
