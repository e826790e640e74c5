"""Dirty messages, each labelled with the number of the case it shows: what county interfaces really send.

The cases are those of the domain notes (7d), as far as they can travel over MLLP. Each says the answer it deserves and,
where one is due, the issue it must raise.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from examples.county.desk import Desk, Sent
from examples.county.dialects import DIALECTS, msh, wire
from examples.county.er7 import stamp
from examples.county.messages_adt import person_update, visit_event, visit_start
from examples.county.messages_orders import Order
from examples.county.messages_results import ecg, imaging, lab_oru, measure, panels
from examples.county.places import register
from examples.county.steps import HIS, order, post_order, visit
from examples.county.visits import Visit, pid


class Scene:
    """One patient of one place with a visit, from which a dirty message is made."""

    def __init__(self, desk: Desk, place: str) -> None:
        self.desk = desk
        self.when = desk.at(8, 17)
        self.site = HIS[place]
        self.visit: Visit = visit(desk, desk.patient(place), "O", self.when)

    def admit(self, changes: Mapping[int, str] | None = None, event: str = "A04") -> list[str]:
        """A visit message with some PID fields written otherwise."""
        body = visit_start(self.site, self.visit, event)
        return [pid(self.site, self.visit.patient, changes) if text.startswith("PID") else text for text in body]

    def ordered(self, service: str, panel: str = "") -> Order:
        """An order of this visit; visit and order are told by clean messages."""
        self.desk.post(self.site, self.when, "ADT^A04", self.admit(), "visit")
        placed = order(self.desk, self.visit, service, self.when, panel)
        post_order(self.desk, placed, self.desk.after(self.when, 1, 3))
        return placed

    def lab(self, panel: str = "BR") -> tuple[Order, list[str]]:
        """A laboratory report on this patient."""
        placed = self.ordered("LAB", panel)
        return placed, lab_oru(placed, measure(self.desk.rng, panels()[panel]), "F", self.desk.after(self.when, 40, 60))

    def text(self, site: str, kind: str, body: list[str]) -> tuple[str, list[str]]:
        """Control id and segments with the header of that site."""
        control = self.desk.control(site)
        return control, [msh(DIALECTS[site], self.desk.after(self.when, 60, 70), kind, control), *body]

    def send(self, case: int, label: str, site: str, kind: str, body: list[str], **want: str) -> None:
        control, segments = self.text(site, kind, body)
        self.raw(case, label, site, wire(DIALECTS[site], segments), control, **want)

    def raw(self, case: int, label: str, site: str, raw: bytes, control: str = "", **want: str) -> None:
        due = self.desk.after(self.when, 70, 75)
        self.desk.put(Sent(site, raw, due, f"dirty {case}: {label}", case=case, control=control, **want))


def _other_ends(desk: Desk, case: int, label: str, end: str) -> None:
    scene = Scene(desk, "township-a")
    control, segments = scene.text(scene.site, "ADT^A04", scene.admit())
    scene.raw(case, label, scene.site, "".join(s + end for s in segments).encode(), control, issue="segment-terminator")


def lf(desk: Desk) -> None:
    _other_ends(desk, 1, "LF line ends", "\n")


def crlf(desk: Desk) -> None:
    _other_ends(desk, 2, "CRLF line ends", "\r\n")


def flat(desk: Desk) -> None:
    scene = Scene(desk, "township-b")
    control, segments = scene.text(scene.site, "ADT^A04", scene.admit())
    raw = "  ".join(segments).encode("gb18030")
    scene.raw(3, "no segment separators", scene.site, raw, control, answer="AR")


def byte_order_mark(desk: Desk) -> None:
    scene = Scene(desk, "township-a")
    control, segments = scene.text(scene.site, "ADT^A04", scene.admit())
    scene.raw(
        4, "BOM and a blank line first", scene.site, b"\xef\xbb\xbf\r\n" + wire(DIALECTS[scene.site], segments), control
    )


def doubled_backslash(desk: Desk) -> None:
    scene = Scene(desk, "village-a")
    control, segments = scene.text(scene.site, "ADT^A04", scene.admit())
    segments[0] = segments[0].replace("^~\\&", "^~\\\\&")
    raw = wire(DIALECTS[scene.site], segments)
    scene.raw(5, "doubled backslash in MSH-2", scene.site, raw, control, issue="encoding-characters")


def charset_early(desk: Desk) -> None:
    scene = Scene(desk, "township-a")
    control, segments = scene.text(scene.site, "ADT^A04", scene.admit())
    segments[0] = segments[0].replace("|CHN|UNICODE UTF-8", "|GBK|")
    scene.raw(
        6,
        "character set in MSH-17",
        scene.site,
        wire(replace(DIALECTS[scene.site], codec="gb18030"), segments),
        control,
    )


def charset_alias(desk: Desk) -> None:
    scene = Scene(desk, "township-a")
    control, segments = scene.text(scene.site, "ADT^A04", scene.admit())
    segments[0] = segments[0].replace("UNICODE UTF-8", "Unicode")
    scene.raw(7, "character set called Unicode", scene.site, wire(DIALECTS[scene.site], segments), control)


def charset_silent(desk: Desk) -> None:
    scene = Scene(desk, "village-a")
    control, segments = scene.text(scene.site, "ADT^A04", scene.admit())
    raw = wire(replace(DIALECTS[scene.site], codec="gb18030"), segments)
    scene.raw(8, "GBK without a word", scene.site, raw, control)


def charset_lies(desk: Desk) -> None:
    scene = Scene(desk, "township-a")
    control, segments = scene.text(scene.site, "ADT^A04", scene.admit())
    raw = wire(replace(DIALECTS[scene.site], codec="gb18030"), segments)
    scene.raw(9, "declared UTF-8, written GBK", scene.site, raw, control, issue="charset-mismatch")


def undecodable(desk: Desk) -> None:
    scene = Scene(desk, "township-a")
    control, segments = scene.text(scene.site, "ADT^A04", scene.admit({5: "@@"}))
    raw = wire(DIALECTS[scene.site], segments).replace(b"@@", b"\xff\xfe\xff")
    scene.raw(9, "no character set fits", scene.site, raw, control, answer="AR", issue="charset-undecodable")


def trail_bytes(desk: Desk) -> None:
    scene = Scene(desk, "township-b")
    scene.send(10, "name with delimiters as second bytes", scene.site, "ADT^A04", scene.admit({5: "欧陽瑋頫東"}))


def card_trap(desk: Desk) -> None:
    scene = Scene(desk, "township-b")
    number = scene.visit.patient.person.resident_id
    body = scene.admit({2: number, 3: f"{number}^^^^IDCard"})
    scene.send(13, "identity number as visit card", scene.site, "ADT^A04", body, issue="identifier-looks-like-id")


def unknown_type(desk: Desk) -> None:
    scene = Scene(desk, "county-hospital")
    _, body = scene.lab()
    body[0] = body[0].replace("~^^^^51~", "~X7781^^^^77~")
    scene.send(14, "identifier type 77", "county-lis", "ORU^R01", body, issue="identifier-type-unknown")


def empty_identifiers(desk: Desk) -> None:
    scene = Scene(desk, "township-b")
    number = scene.visit.patient.number
    body = scene.admit({3: f"{number}^^^^IDCard~^^^^PatientNO~^^^^OtherID~^^^^UPID"})
    scene.send(15, "identifiers without a value", scene.site, "ADT^A04", body)


def wrong_check_digit(desk: Desk) -> None:
    scene = Scene(desk, "village-a")
    right = scene.visit.patient.person.resident_id
    wrong = right[:17] + ("0" if right[17] != "0" else "1")
    body = scene.admit({19: wrong})
    scene.send(
        17, "identity number with a wrong check digit", scene.site, "ADT^A04", body, issue="identifier-check-digit"
    )


def other_birthday(desk: Desk) -> None:
    scene = Scene(desk, "county-hospital")
    body = scene.admit({7: "19550505"})
    scene.send(17, "birth date differs", scene.site, "ADT^A04", body, issue="identifier-birthdate-mismatch")


def other_sex(desk: Desk) -> None:
    scene = Scene(desk, "county-hospital")
    body = scene.admit({8: "F" if scene.visit.patient.person.sex == "M" else "M"})
    scene.send(17, "sex differs", scene.site, "ADT^A04", body, issue="identifier-sex-mismatch")


def borrowed_card(desk: Desk) -> None:
    scene = Scene(desk, "township-a")
    owner = scene.visit.patient.person
    scene.send(18, "identity number of its owner", scene.site, "ADT^A04", scene.admit())
    other = Scene(desk, "county-hospital")
    other.visit = replace(other.visit, patient=register(replace(owner, name="蒋借卡"), "county-hospital"))
    other.when = max(other.when, scene.when)
    want = {"issue": "identity-name-conflict"}
    other.send(18, "the same identity number, another name", other.site, "ADT^A04", other.admit(), **want)


def padded_name(desk: Desk) -> None:
    scene = Scene(desk, "township-b")
    scene.send(19, "name padded with spaces", scene.site, "ADT^A04", scene.admit({5: "张  晋"}))


def test_patient(desk: Desk) -> None:
    scene = Scene(desk, "county-hospital")
    scene.send(19, "test patient", scene.site, "ADT^A04", scene.admit({5: "pacs测试1"}), issue="patient-test")


def sex_in_words(desk: Desk) -> None:
    scene = Scene(desk, "village-a")
    word = "男性" if scene.visit.patient.person.sex == "M" else "女性"
    scene.send(20, "sex as a word", scene.site, "ADT^A04", scene.admit({8: word}))


def dashed_birthday(desk: Desk) -> None:
    scene = Scene(desk, "township-b")
    born = scene.visit.patient.person.born
    scene.send(21, "birth date with dashes", scene.site, "ADT^A04", scene.admit({7: born.isoformat()}))


def impossible_birthday(desk: Desk) -> None:
    scene = Scene(desk, "county-hospital")
    body = scene.admit({7: "19900230"})
    scene.send(21, "30 February", scene.site, "ADT^A04", body, issue="date-impossible")


def end_before_start(desk: Desk) -> None:
    scene = Scene(desk, "county-hospital")
    early = scene.when.replace(hour=1)
    closed = replace(scene.visit, end=early)
    body = visit_event(scene.site, closed, "A03", scene.when)
    scene.send(22, "discharged before admitted", scene.site, "ADT^A03", body, issue="date-order")


def _class(desk: Desk, written: str) -> None:
    scene = Scene(desk, "county-hospital")
    body = [text.replace("PV1|1|O|", f"PV1|1|{written}|") for text in scene.admit()]
    want = {"answer": "AE", "issue": "code-unmapped-refused"}
    scene.send(23, f"visit type {written}", scene.site, "ADT^A04", body, **want)


def visit_type_word(desk: Desk) -> None:
    _class(desk, "家庭病床")


def visit_type_number(desk: Desk) -> None:
    _class(desk, "17")


def orc_after_obr(desk: Desk) -> None:
    scene = Scene(desk, "township-b")
    placed, body = scene.lab("NX")
    body[2], body[3] = body[3], body[2]
    body[2] = body[2].replace(f"|{placed.placer}|", f"|^^{placed.number}|")
    scene.send(25, "OBR before ORC, order number in the third component", "county-lis", "ORU^R01", body)


def odd_numbers(desk: Desk) -> None:
    scene = Scene(desk, "county-hospital")
    _, body = scene.lab("NX")
    values = ("<0.01", ">1000", "3.5↑", "1:160", "302.00", "++", "阴性(-)", "未见")
    for at, value in enumerate(values[:5]):
        fields = body[4 + at].split("|")
        fields[2], fields[5], fields[8] = ("" if at == 0 else "ST"), value, ""
        body[4 + at] = "|".join(fields)
    scene.send(26, "numbers written as people write them", "county-lis", "ORU^R01", body)


def status_is_level(desk: Desk) -> None:
    scene = Scene(desk, "county-hospital")
    _, body = scene.lab("NX")
    fields = body[4].split("|")
    fields[11] = "1"
    body[4] = "|".join(fields)
    want = {"answer": "AE", "issue": "status-unknown"}
    scene.send(27, "OBX-11 holds an abnormal level", "county-lis", "ORU^R01", body, **want)


def unknown_flag(desk: Desk) -> None:
    scene = Scene(desk, "township-b")
    _, body = scene.lab("NX")
    fields = body[4].split("|")
    fields[8] = "危"
    body[4] = "|".join(fields)
    scene.send(28, "unknown abnormal flag", "county-lis", "ORU^R01", body, issue="flag-unknown")


def fake_loinc(desk: Desk) -> None:
    scene = Scene(desk, "township-b")
    body = imaging(scene.ordered("RUS"), "F", desk.after(scene.when, 40, 50))
    body = [text.replace("US0301^检查所见", "1037^检查所见^LN") for text in body]
    scene.send(29, "a code that claims to be LOINC", "county-pacs", "ORU^R01", body, issue="code-system-fake")


def odd_units(desk: Desk) -> None:
    scene = Scene(desk, "county-hospital")
    _, body = scene.lab("NX")
    for at, unit in enumerate(("^umol/L", "μmol/L", "10⁹/L", "10^9/L", "个/HP")):
        fields = body[4 + at].split("|")
        fields[6] = unit
        body[4 + at] = "|".join(fields)
    scene.send(30, "units of every kind", "county-lis", "ORU^R01", body)


def odd_ranges(desk: Desk) -> None:
    scene = Scene(desk, "county-hospital")
    _, body = scene.lab("NX")
    for at, limits in enumerate(
        ("轻：31-49，中：50-69，重：>70", "http://192.168.10.5/report/1.pdf", "205.0000-285.0000")
    ):
        fields = body[4 + at].split("|")
        fields[7] = limits
        body[4 + at] = "|".join(fields)
    scene.send(31, "range as text and as a link", "county-lis", "ORU^R01", body, issue="attachment-private-url")


def odd_text(desk: Desk) -> None:
    scene = Scene(desk, "township-b")
    body = imaging(scene.ordered("RAD"), "F", desk.after(scene.when, 40, 50))
    at = next(index for index, text in enumerate(body) if "检查所见" in text)
    fields = body[at].split("|")
    fields[5] = "心影不大^肺纹理增多 A&B\\.br\\建议复查\\X0D\\完\n第二行"
    body[at] = "|".join(fields)
    scene.send(32, "unescaped delimiters and line ends in text", "county-pacs", "ORU^R01", body)


def _attachment(desk: Desk, label: str, page: str, issue: str) -> None:
    scene = Scene(desk, "township-a")
    placed = scene.ordered("EC")
    body = ecg(placed, desk.rng, "F", desk.after(scene.when, 20, 30))
    head, _, _ = body[-1].partition("^Base64^")
    body[-1] = f"{head}^Base64^{page}||||||F"
    scene.send(33, label, "county-ecg", "ORU^R01", body, issue=issue)


def bad_base64(desk: Desk) -> None:
    _attachment(desk, "attachment that is not base64", "JVBERi0xLjQ*#乱码", "attachment-invalid")


def wrong_type(desk: Desk) -> None:
    page = base64.b64encode(b"\x89PNG\r\n\x1a\n not a PDF at all").decode()
    _attachment(desk, "attachment that is no PDF", page, "attachment-type")


def null_phone(desk: Desk) -> None:
    scene = Scene(desk, "township-a")
    scene.send(36, "visit with a phone number", scene.site, "ADT^A04", scene.admit())
    later = desk.after(scene.when, 5, 9)
    body = person_update(scene.site, scene.visit, later, {13: '""'})
    scene.when = later
    scene.send(36, 'phone number deleted with ""', scene.site, "ADT^A08", body)


def _report_times(desk: Desk, label: str, reported: datetime, issue: str) -> None:
    scene = Scene(desk, "township-b")
    _, body = scene.lab("NX")
    fields = body[3].split("|")
    fields[22] = stamp(reported)
    body[3] = "|".join(fields)
    scene.send(37, label, "county-lis", "ORU^R01", body, issue=issue)


def reported_too_early(desk: Desk) -> None:
    _report_times(desk, "reported before it was taken", desk.at(0.1, 1), "date-order")


def reported_in_future(desk: Desk) -> None:
    _report_times(desk, "reported in the future", desk.at(1, 2).replace(year=2062), "date-future")


def version_three(desk: Desk) -> None:
    scene = Scene(desk, "county-hospital")
    raw = b'<?xml version="1.0" encoding="UTF-8"?>\n<POOR_IN200901UV ITSVersion="XML_1.0" xmlns="urn:hl7-org:v3"/>'
    scene.raw(39, "HL7 V3 XML on the v2 port", scene.site, raw, answer="AR", issue="message-is-v3")


def script(desk: Desk) -> None:
    scene = Scene(desk, "township-a")
    body = scene.admit({5: "<script>alert(1)</script>"})
    scene.send(40, "script in a name", scene.site, "ADT^A04", [*body, "NTE|1||<img src=x onerror=alert(1)>"])


def noise(desk: Desk) -> None:
    scene = Scene(desk, "county-hospital")
    raw = bytes(byte for byte in desk.rng.randbytes(400) if byte not in (0x0B, 0x1C))
    scene.raw(41, "binary noise", scene.site, b"\x00\xff\x81" + raw, answer="AR")


def nothing(desk: Desk) -> None:
    Scene(desk, "village-a").raw(42, "empty frame", "village-clinic", b"", answer="AR", issue="message-empty")


def no_type(desk: Desk) -> None:
    scene = Scene(desk, "township-b")
    control, segments = scene.text(scene.site, "ADT^A04", scene.admit())
    segments[0] = segments[0].replace("ADT^A04", "")
    raw = wire(DIALECTS[scene.site], segments)
    scene.raw(43, "no message type", scene.site, raw, control, answer="AR", issue="message-type-missing")


def no_patient(desk: Desk) -> None:
    scene = Scene(desk, "township-a")
    body = scene.admit({3: ""})
    scene.send(44, "patient without any number", scene.site, "ADT^A04", body, answer="AE", issue="patient-unidentified")


def no_order_number(desk: Desk) -> None:
    scene = Scene(desk, "township-b")
    _, body = scene.lab("NX")
    body = [text for text in body if not text.startswith("ORC")]
    fields = body[2].split("|")
    fields[2] = fields[3] = ""
    body[2] = "|".join(fields)
    scene.send(45, "report without any number", "county-lis", "ORU^R01", body, issue="unnumbered")


CASES: tuple[Callable[[Desk], None], ...] = (
    lf, crlf, flat, byte_order_mark, doubled_backslash, charset_early, charset_alias, charset_silent, charset_lies,
    undecodable, trail_bytes, card_trap, unknown_type, empty_identifiers, wrong_check_digit, other_sex, test_patient,
    sex_in_words, impossible_birthday, end_before_start, visit_type_word, orc_after_obr, odd_numbers, status_is_level,
    unknown_flag, fake_loinc, odd_units, odd_ranges, odd_text, bad_base64, version_three, noise, nothing, script,
    null_phone, borrowed_card, no_patient, no_order_number, reported_too_early, no_type, wrong_type, other_birthday,
    padded_name, dashed_birthday, visit_type_number, reported_in_future,
)  # fmt: skip
"""Every case; numbers above 40 are shapes the notes name outside their numbered list."""


def soil(desk: Desk, wanted: int) -> None:
    """About `wanted` dirty messages: the cases in turn."""
    for soiled in itertools.cycle(CASES):
        if sum(1 for message in desk.sent if message.case) >= wanted:
            return
        soiled(desk)
