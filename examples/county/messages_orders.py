"""Orders: ORM^O01 for the older systems, OML^O21, OMG^O19 and OMI^O23 for the newer (HL7 v2.5.1 chapter 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from examples.county.er7 import escape, parts, segment, stamp
from examples.county.places import Coded
from examples.county.visits import Visit, dg1, pid, pv1


@dataclass(frozen=True, slots=True)
class Order:
    """`number` is the placer's, `filler` the centre's; `service` is LAB, RAD, RUS, CT, EC or SP."""

    visit: Visit
    number: str
    filler: str
    item: Coded
    service: str
    when: datetime
    specimen: str = ""
    barcode: str = ""
    note: str = ""
    urgent: str = "R"
    """R routine or S stat."""

    @property
    def placer(self) -> str:
        """The number with its authority, as a centre writes it back."""
        return parts(self.number, self.visit.patient.place.facility)


_MODALITY = {"CT": "CT", "RAD": "DX", "RUS": "US"}
"""DICOM modalities (IPC-5)."""
_LOCAL_SERVICE = {"LAB": "JY", "RUS": "CS", "EC": "XD", "SP": "BL"}


def _number(site: str, order: Order) -> str:
    if site in ("township-b-his", "village-clinic"):
        return order.number
    return parts(order.number, "HIS") if site == "county-his" else order.placer


def _orc(site: str, order: Order, control: str, when: datetime) -> str:
    fields = {1: control, 2: _number(site, order), 9: stamp(when), 12: parts(*order.visit.doctor)}
    if control == "CA":
        fields[5] = "CA"
    if site == "township-a-his":
        fields |= {
            17: parts(*order.visit.department),
            21: parts("云溪镇中心卫生院", "", "", "", "", "", "", "", "", "YXWSY"),
        }
    return segment("ORC", fields)


def _obr(site: str, order: Order) -> str:
    service = _LOCAL_SERVICE.get(order.service, order.service) if site == "county-his" else order.service
    fields = {
        1: "1",
        2: _number(site, order),
        4: parts(*order.item, "L"),
        5: order.urgent if site != "township-a-his" else "",
        6: stamp(order.when),
        13: escape(order.note),
        15: order.specimen if order.specimen and site != "township-a-his" else "",
        16: parts(*order.visit.doctor),
        24: service,
    }
    return segment("OBR", fields)


def orm(site: str, order: Order, control: str, when: datetime) -> list[str]:
    """ORM^O01 and OMG^O19 of v2.4 and older: NW or CA; the priority in OBR-5."""
    diagnosis = [dg1(order.visit, "W")] if control == "NW" else []
    return [*_patient(site, order), _orc(site, order, control, when), _obr(site, order), *diagnosis]


def omg(site: str, order: Order, control: str, when: datetime) -> list[str]:
    """OMG^O19 of v2.5.1: the priority in TQ1-9."""
    head = [*_patient(site, order), _orc(site, order, control, when), _timing(order), _obr(site, order)]
    return [*head, dg1(order.visit, "W")] if control == "NW" else head


def oml(site: str, order: Order, control: str, when: datetime) -> list[str]:
    """OML^O21 of v2.5.1: the specimen with its barcode, a label of the laboratory centre, in SPM."""
    specimen = {1: "1", 2: f"^{order.barcode}&LIS", 4: parts(*order.specimen.split("^"), "L"), 17: stamp(order.when)}
    return [*omg(site, order, control, when), segment("SPM", specimen)]


def omi(site: str, order: Order, control: str, when: datetime) -> list[str]:
    """OMI^O23 of v2.5.1: the accession number and the procedure in IPC."""
    procedure = {1: order.number, 2: order.number, 3: study_uid(order), 4: order.number, 5: _MODALITY[order.service]}
    return [*omg(site, order, control, when), segment("IPC", procedure)]


def study_uid(order: Order) -> str:
    """A study instance UID under the UUID root 2.25 that belongs to no one."""
    digits = "".join(str(ord(letter) % 10) for letter in order.placer)
    return f"2.25.{999999}{digits}"


def _timing(order: Order) -> str:
    return segment("TQ1", {1: "1", 7: stamp(order.when), 9: order.urgent})


def _patient(site: str, order: Order) -> list[str]:
    return [pid(site, order.visit.patient), pv1(site, order.visit)]
