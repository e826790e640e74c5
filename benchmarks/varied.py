"""Messages of which no two are alike: as `benchmarks.messages`, with a patient, a visit, a time and values of their
own, and a doctor, a bed and a diagnosis out of as many as a county hospital has. The same number makes the same bytes.
"""

from __future__ import annotations

from random import Random

from benchmarks.messages import adt, long_oru, oru

_FAMILIES, _GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英建文华"
_DIAGNOSES = ("I10.x00^高血压病", "E11.900^2型糖尿病", "J18.900^肺炎", "K35.800^急性阑尾炎")
_DOCTORS, _ROOMS, _BEDS = 200, 20, 40


def admission(number: int) -> bytes:
    """An ADT^A01."""
    chance = Random(number)
    text = adt(number).decode()
    for sent, made in (
        ("测试患者", _name(chance)),
        ("19900101|F", _born(chance)),
        ("13800000000", _phone(chance)),
        ("13800000001", _phone(chance)),
        ("人民路1号", f"人民路{chance.randint(1, 999)}号"),
        ("测试亲属", _name(chance)),
        ("20261021075900", f"20261021{_time(chance)}"),
        ("0001^测试医师", f"{chance.randint(1, _DOCTORS):04d}^测试医师"),
        ("0401^01^02", f"0401^{chance.randint(1, _ROOMS):02d}^{chance.randint(1, _BEDS):02d}"),
        ("I10.x00^高血压病", chance.choice(_DIAGNOSES)),
    ):
        text = text.replace(sent, made)
    return text.encode()


def report(number: int) -> bytes:
    """An ORU^R01 of 30 results."""
    return _results(oru(number), number)


def long_report(number: int) -> bytes:
    """The same of a talkative sender."""
    return _results(long_oru(number), number)


def _results(raw: bytes, number: int) -> bytes:
    chance = Random(number)
    text = raw.decode().replace(f"测试患者{number % 500}", _name(chance)).replace("19900101|F", _born(chance))
    lines = text.replace(f"|P{number % 500}^", f"|P{number}^").split("\r")
    for at, line in enumerate(lines):
        if line.startswith("OBX|"):
            fields = line.split("|")
            fields[5] = f"{chance.uniform(1, 20):.2f}"
            fields[14] = f"20261021{_time(chance)}"
            lines[at] = "|".join(fields)
    return "\r".join(lines).encode()


def _name(chance: Random) -> str:
    return chance.choice(_FAMILIES) + "".join(chance.choice(_GIVEN) for _ in range(chance.choice((1, 2, 2))))


def _born(chance: Random) -> str:
    return f"{chance.randint(1930, 2020)}{chance.randint(1, 12):02d}{chance.randint(1, 28):02d}|{chance.choice('MF')}"


def _phone(chance: Random) -> str:
    return f"13{chance.randint(0, 999_999_999):09d}"


def _time(chance: Random) -> str:
    return f"{chance.randint(0, 23):02d}{chance.randint(0, 59):02d}{chance.randint(0, 59):02d}"
