"""The institutions of the county as the generator needs them: who works there, departments, forms of numbers.

The institutions themselves, with their codes, stand in `adapters/sites/county.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass

from examples.county.people import Person

Coded = tuple[str, str]
"""A code and its text."""


@dataclass(frozen=True, slots=True)
class Place:
    """`facility` is the code others write in CX.4 and EI.2; `number` formats a person's local number there."""

    code: str
    facility: str
    number: str
    departments: tuple[Coded, ...]
    doctors: tuple[Coded, ...]


PLACES = {
    place.code: place
    for place in (
        Place(
            "county-hospital",
            "QHRY",
            "QH{:08d}",
            (
                ("0301", "心血管内科"),
                ("0302", "呼吸内科"),
                ("0304", "神经内科"),
                ("0401", "普通外科"),
                ("0303", "消化内科"),
            ),
            (("10021", "王志远"), ("10034", "陈雅文"), ("10058", "林国栋"), ("10077", "赵慧敏")),
        ),
        Place(
            "township-a",
            "YXWSY",
            "YX{:06d}",
            (("02", "全科医学科"), ("03", "内科"), ("50", "中医科")),
            (("A012", "孙立平"), ("A015", "周晓兰")),
        ),
        Place(
            "township-b",
            "SLWSY",
            "{:010d}",
            (("0200", "全科"), ("0300", "内科"), ("5000", "中医科")),
            (("000001", "郭长青"), ("000002", "何秀珍")),
        ),
        Place("village-a", "LWWSS", "{:05d}", (("02", "全科"),), (("V01", "柳春生"),)),
    )
}

LAB_STAFF: tuple[Coded, ...] = (("J001", "罗检"), ("J002", "梁验"))
IMAGING_STAFF: tuple[Coded, ...] = (("Y001", "宋影"), ("Y002", "郑像"))
ECG_STAFF: tuple[Coded, ...] = (("X001", "谢电"), ("X002", "韩图"))
PATHOLOGY_STAFF: tuple[Coded, ...] = (("B001", "唐病"), ("B002", "冯理"))


@dataclass(frozen=True, slots=True)
class Patient:
    """A person as one institution knows them: `number` is the local number every message about them carries.

    `inpatient` is the number of the stay, written beside it while there is one.
    """

    person: Person
    place: Place
    number: str
    inpatient: str = ""


def register(person: Person, place: str) -> Patient:
    """The person at the institution of that code."""
    found = PLACES[place]
    return Patient(person, found, found.number.format(person.number))
