"""The datatype registry: the names that rows use, and the function behind each.

Every function has the shape `(value, use) -> FHIR value | None`; `None` means that there is nothing to store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from mappers import dtm
from mappers.datatypes import codeable_concept as cc
from mappers.datatypes import identifier, period, primitive, reference
from mappers.datatypes.address import address
from mappers.datatypes.contact_point import contact_point
from mappers.datatypes.coverage_class import plan
from mappers.datatypes.ethnicity import ethnicity
from mappers.datatypes.header_values import HEADER_DATATYPES
from mappers.datatypes.human_name import human_name, name_string
from mappers.datatypes.language import language
from mappers.datatypes.money import money
from mappers.datatypes.order_values import ORDER_DATATYPES
from mappers.datatypes.timing import TIMING_DATATYPES
from mappers.memory import remembering
from mappers.use import Repetition, Use

Datatype = Callable[[Repetition, Use], Any]

_PLAIN: Mapping[str, Datatype] = MappingProxyType(
    {
        **dict.fromkeys(
            (f"{name}[CodeableConcept]" for name in ("CE", "CWE", "CNE", "CF", "IS", "ID")), cc.codeable_concept
        ),
        "ST[CodeableConcept]": cc.text_concept,
        "CWE[Language]": language,
        "CWE[Ethnicity]": ethnicity,
        **dict.fromkeys((f"{name}[Coding]" for name in ("CE", "CWE", "ID", "IS")), cc.coding),
        "CWE[Coding-Required]": cc.required_coding,
        "MSG[CodeableConcept]": cc.message_type,
        **dict.fromkeys((f"{name}[code]" for name in ("CE", "CWE", "ID", "IS")), cc.code),
        **dict.fromkeys((f"{name}[string]" for name in ("CE", "CWE", "CNE")), cc.string),
        "XON[string]": cc.name_or_code,
        "ID[boolean]": cc.boolean,
        "CX[Identifier]": identifier.cx,
        "CX[Identifier-Visit]": identifier.cx_of("visit-no"),
        "CX[Identifier-Account]": identifier.cx_of("account"),
        "CX[Identifier-Episode]": identifier.cx_of("episode"),
        "CX[Identifier-Employee]": identifier.cx_of("employee"),
        "CX[Identifier-Specimen]": identifier.cx_of("specimen"),
        "CX[Identifier-Accession]": identifier.cx_of("accession"),
        "CX[Identifier-Order]": identifier.cx_of("alternate-order"),
        "CX[Identifier-Guarantor]": identifier.cx_of("guarantor"),
        "CX[Identifier-Group]": identifier.cx_of("insured-group"),
        "CX[Identifier-Member]": identifier.cx_of("member"),
        "CWE[Coverage.class]": plan,
        "EI[Identifier]": identifier.ei,
        "EI[Condition]": identifier.ei_reference("Condition"),
        "EI[Procedure]": identifier.ei_reference("Procedure"),
        "HD[Identifier]": identifier.hd,
        "ST[Identifier]": identifier.number,
        "ST[Identifier-SSN]": identifier.ssn,
        "DLN[Identifier]": identifier.licence,
        "PLN[Identifier]": identifier.practitioner_licence,
        "CP[Money]": money,
        "XPN[HumanName]": human_name,
        "XPN[string]": name_string,
        "XAD[Address]": address,
        "XTN[ContactPoint]": contact_point,
        "ST[Narrative]": primitive.narrative,
        "DTM[dateTime-birthTime]": period.birth_time,
        "DR[Period]": period.period,
        **dict.fromkeys((f"{name}[dateTime]" for name in ("DTM", "TS", "DT")), period.date_time),
        **dict.fromkeys((f"{name}[date]" for name in ("DTM", "TS", "DT")), period.day),
        **dict.fromkeys((f"{name}[instant]" for name in ("DTM", "TS")), period.moment),
        **dict.fromkeys((f"{name}[string]" for name in ("ST", "ID", "IS", "NM", "SI")), primitive.string),
        **dict.fromkeys((f"{name}[string]" for name in ("TX", "FT")), primitive.text),
        "ST[oid]": primitive.oid,
        **dict.fromkeys((f"{name}[Annotation]" for name in ("TX", "FT", "ST")), primitive.annotation),
        "NM[integer]": primitive.integer,
        "NM[unsignedInt]": primitive.unsigned_int,
        "NM[positiveInt]": primitive.positive_int,
        "NM[decimal]": primitive.decimal,
        "NM[Quantity-LengthOfStay]": primitive.days,
        "XCN[Practitioner]": reference.to_practitioner,
        "CNN[Practitioner]": reference.cnn_to_practitioner,
        "XON[Organization]": reference.to_organization,
        "HD[Organization]": reference.hd_to_organization,
        "PL[Location]": reference.to_location,
        "HD[Location]": reference.hd_to_location,
        "DLD[Location-Discharge]": reference.discharge_location,
        **ORDER_DATATYPES,
        **TIMING_DATATYPES,
        **HEADER_DATATYPES,
    }
)
_CODED = ("CE", "CWE", "CNE", "CF", "IS", "ID")
REMEMBERED = frozenset(
    {
        *(f"{name}[{kind}]" for name in _CODED for kind in ("CodeableConcept", "Coding", "code")),
        "CWE[Device]",
        "CWE[ObservationCode]",
        "CWE[ObservationMethod]",
        "CWE[Organization]",
        "CX[Identifier]",
        "EI[Device]",
        "NDL[Practitioner]",
        "PL[Location]",
        "XAD[Address]",
        "XCN[Observer]",
        "XCN[Practitioner]",
        "XPN[HumanName]",
        "XTN[ContactPoint]",
    }
)
"""Those that look at nothing but their text and the site, and are told of equal texts again and again."""

REGISTRY: Mapping[str, Datatype] = MappingProxyType(
    {name: remembering(name, convert) if name in REMEMBERED else convert for name, convert in _PLAIN.items()}
)
"""By name."""


def _as_written(raw: str, offset: str) -> str:
    return raw


def _named(raw: str, offset: str) -> dict[str, str]:
    return {"text": raw}


PLAIN: Mapping[str, tuple[Callable[[str, str], Any], str]] = MappingProxyType(
    {
        **dict.fromkeys((f"{name}[dateTime]" for name in ("DTM", "TS", "DT")), (dtm.dateTime, "")),
        **dict.fromkeys((f"{name}[date]" for name in ("DTM", "TS", "DT")), (dtm.date, "")),
        **dict.fromkeys((f"{name}[instant]" for name in ("DTM", "TS")), (dtm.instant, "")),
        **dict.fromkeys((f"{name}[string]" for name in ("ST", "ID", "IS", "NM", "SI")), (_as_written, "")),
        "XPN[HumanName]": (_named, ".text"),
    }
)
"""Those whose value of letters and digits alone needs no more than a look: the function of text and offset of the site
(`None`: it takes the long way after all), and where below the target its one leaf stands."""
