"""How each system of the county writes its messages: version, header, character set and line ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from examples.county.er7 import header, parts, stamp


@dataclass(frozen=True, slots=True)
class Dialect:
    """`tail` holds the header fields after MSH-12 as this sender writes them; `codec` is what the bytes really are."""

    site: str
    application: str
    facility: str
    receiver: str
    version: str
    codec: str = "utf-8"
    line_end: str = "\r"
    tail: Mapping[int, str] = field(default_factory=dict)
    control: str = "{number:06d}"
    zone: str = ""
    structures: Mapping[str, str] = field(default_factory=dict)


_STRUCTURES: Mapping[str, str] = MappingProxyType(
    {
        "ADT^A01": "ADT_A01",
        "ADT^A02": "ADT_A02",
        "ADT^A03": "ADT_A03",
        "ADT^A04": "ADT_A01",
        "ADT^A08": "ADT_A01",
        "ADT^A11": "ADT_A09",
        "ADT^A13": "ADT_A01",
        "ADT^A28": "ADT_A05",
        "ADT^A40": "ADT_A39",
        "ORM^O01": "ORM_O01",
        "OMG^O19": "OMG_O19",
        "OML^O21": "OML_O21",
        "OMI^O23": "OMI_O23",
        "ORU^R01": "ORU_R01",
        "OUL^R21": "OUL_R21",
        "OUL^R22": "OUL_R22",
        "OUL^R24": "OUL_R24",
        "MDM^T02": "MDM_T02",
        "REF^I12": "REF_I12",
        "RRI^I12": "RRI_I12",
        "SIU^S12": "SIU_S12",
    }
)

_UTF8 = {17: "CHN", 18: "UNICODE UTF-8"}

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        dialect.site: dialect
        for dialect in (
            Dialect(
                "county-his",
                "HIS",
                "QHRY",
                "QIAO",
                "2.4",
                "gb18030",
                tail={15: "AL", 16: "AL", 17: "CHN"},
                control="{number:08d}",
            ),
            Dialect(
                "township-a-his",
                "HIS",
                "YXWSY",
                "QIAO",
                "2.5.1",
                tail=_UTF8,
                control="YX20261021{number:05d}",
                structures=_STRUCTURES,
            ),
            Dialect(
                "township-b-his",
                "HIS",
                "SLWSY",
                "EAI",
                "2.4",
                "gb18030",
                "\n",
                {15: "AL", 16: "AL", 17: "GBK"},
                "4025{number:04d}",
            ),
            Dialect("village-clinic", "CLINIC", "LWWSS", "QIAO", "2.3.1", control="V{number:05d}"),
            Dialect(
                "county-lis",
                "LIS",
                "JYZX",
                "ESB",
                "2.5.1",
                tail={15: "AL", 16: "AL", **_UTF8},
                control="{number:06d}",
                structures=_STRUCTURES,
            ),
            Dialect(
                "county-pacs",
                "PACS",
                "YXZX",
                "HIS",
                "2.5.1",
                tail={16: "CHN", 17: "UNICODE UTF-8"},
                control="USBG2026102108{number:04d}",
                structures=_STRUCTURES,
            ),
            Dialect(
                "county-ecg",
                "ECG",
                "XDZX",
                "QIAO",
                "2.5.1",
                "gb18030",
                tail={17: "CHN", 18: "GB 18030-2000"},
                control="ECG{number:05d}",
                structures=_STRUCTURES,
            ),
            Dialect(
                "county-pathology",
                "PIS",
                "BLZX",
                "QIAO",
                "2.5.1",
                tail={18: "UTF-8"},
                control="BL{number:05d}",
                structures=_STRUCTURES,
            ),
            Dialect(
                "county-analyser", "Analyser", "BS-QH1", "", "2.3.1", tail={16: "0", 18: "ASCII"}, control="{number}"
            ),
            Dialect(
                "county-referral",
                "REFERRAL",
                "QHRY",
                "QIAO",
                "2.5.1",
                tail=_UTF8,
                control="ZZ{number:06d}",
                zone="+0800",
                structures=_STRUCTURES,
            ),
        )
    }
)


def msh(dialect: Dialect, when: datetime, kind: str, control: str) -> str:
    """The header of a message of that kind (`ADT^A04`) with that control id."""
    fields = {
        3: dialect.application,
        4: dialect.facility,
        5: dialect.receiver,
        7: stamp(when) + dialect.zone,
        9: parts(kind, dialect.structures.get(kind, "")),
        10: control,
        11: "P",
        12: dialect.version,
        **dialect.tail,
    }
    return header(fields)


def wire(dialect: Dialect, segments: Sequence[str]) -> bytes:
    """The segments as bytes, in the sender's character set and with its line ends."""
    return "".join(text + dialect.line_end for text in segments).encode(dialect.codec)
