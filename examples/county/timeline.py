"""The stories of the day. Each function lets one thing happen to one patient and posts the messages that tell of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from examples.county.desk import DATE, Desk
from examples.county.messages_adt import merge, person_update, registration, transfer, visit_event, visit_start
from examples.county.messages_documents import appointment, pathology
from examples.county.messages_orders import Order, orm
from examples.county.messages_referrals import Referral, ref, rri
from examples.county.messages_results import (
    analyser,
    culture,
    ecg,
    imaging,
    lab_oru,
    measure,
    panels,
    quality_control,
    with_change,
    with_critical,
)
from examples.county.places import PLACES, Patient, register
from examples.county.steps import (
    BELLY_ACHE,
    CHEST_PAIN,
    COUGH,
    DIZZINESS,
    GASTRITIS,
    HIS,
    HYPERTENSION,
    WEAKNESS,
    begin,
    lab,
    order,
    post_order,
    visit,
)
from examples.county.visits import Visit

_PICTURE = {"I63.900": "CT", "K80.200": "RUS"}
"""What is ordered for an inpatient with that diagnosis; a chest picture for the others."""
_TEN_YEARS = "患者反复头晕1周，基层治疗效果欠佳，血压控制不佳，为进一步诊治申请上转。"


def outpatient(desk: Desk, place: str) -> None:
    """Registration at the counter, a visit, blood or urine, perhaps a new phone number, the end."""
    site = HIS[place]
    patient = desk.patient(place)
    seen = visit(desk, patient, "O", desk.at(7.8, 15))
    if place == "township-a":
        early = seen.start - timedelta(minutes=6)
        desk.post(site, early, "ADT^A28", registration(site, patient, early), "registration")
    begin(desk, seen, "A04", "outpatient visit")
    _, when = lab(desk, seen, desk.rng.choice(("BR", "SH", "NC", "JG", "YG", "NX")), desk.after(seen.start, 5, 30))
    if desk.turn("moved house", 3):
        later = desk.after(seen.start, 3, 20)
        changed = {11: "青禾县云溪镇新居路8号"}
        desk.post(site, later, "ADT^A08", person_update(site, seen, later, changed), "address changed")
    end = desk.after(when, 10, 60)
    if place == "county-hospital":
        closed = replace(seen, end=end)
        desk.post(site, end, "ADT^A03", visit_event(site, closed, "A03", end), "outpatient visit ends")


def emergency(desk: Desk) -> None:
    """An emergency visit, an analyser's quick result, a critical laboratory value."""
    patient = desk.patient("county-hospital")
    panel, complaint = desk.rng.choice((("NJ", WEAKNESS), ("XJ", CHEST_PAIN)))
    seen = visit(desk, patient, "E", desk.at(0.5, 21), diagnosis=complaint)
    begin(desk, seen, "A04", "emergency visit")
    quick = desk.after(seen.start, 5, 15)
    post_sample(desk, patient, quick)
    placed = replace(order(desk, seen, "LAB", quick, panel), urgent="S")
    post_order(desk, placed, quick)
    done = desk.after(quick, 20, 40)
    values = with_critical(measure(desk.rng, panels()[panel]))
    body = lab_oru(placed, values, "F", done, "危急值，已电话通知并复述确认。")
    desk.post("county-lis", done, "ORU^R01", body, "critical value")


def post_sample(desk: Desk, patient: Patient, when: datetime) -> None:
    sample = desk.number("sample")
    desk.post("county-analyser", when, "ORU^R01", analyser(patient, sample, desk.rng, when), "analyser result")


def inpatient(desk: Desk, place: str) -> None:
    """Admission, transfer, laboratory preliminary and final, a picture preliminary and final, discharge or not yet."""
    site = HIS[place]
    seen = visit(desk, desk.patient(place), "I", desk.at(0.2, 11))
    begin(desk, seen, "A01", "admission")
    when = desk.after(seen.start, 20, 50)
    panel = desk.rng.choice(("BR", "SH", "NX"))
    placed = order(desk, seen, "LAB", when, panel)
    post_order(desk, placed, when)
    early, done = desk.after(when, 40, 60), desk.after(when, 70, 120)
    values = measure(desk.rng, panels()[panel])
    desk.post("county-lis", early, "ORU^R01", lab_oru(placed, values[:5], "P", early), "lab preliminary")
    desk.post("county-lis", done, "ORU^R01", lab_oru(placed, values, "F", done), "lab final")
    if desk.turn("corrected", 3):
        later = desk.after(done, 20, 60)
        raised = f"{float(values[0].item.high) * 1.4:.{values[0].item.decimals}f}"
        corrected = with_change(values, 0, raised, "H")
        desk.post("county-lis", later, "ORU^R01", lab_oru(placed, corrected, "C", later, others="F"), "lab corrected")
    service = _PICTURE.get(seen.diagnosis[0], "RAD")
    _image(desk, seen, service, desk.after(when, 5, 20), reports=("P", "F"))
    if place == "county-hospital" and desk.turn("transfer", 2):
        moved = desk.after(seen.start, 120, 200)
        desk.post(site, moved, "ADT^A02", transfer(site, seen, moved, "N7^702^01"), "transfer")
    if desk.turn("discharge", 2):
        end = desk.after(done, 150, 300)
        closed = replace(seen, end=end)
        desk.post(site, end, "ADT^A03", visit_event(site, closed, "A03", end), "discharge")


def _image(desk: Desk, seen: Visit, service: str, when: datetime, reports: tuple[str, ...] = ("F",)) -> Order:
    placed = order(desk, seen, service, when)
    post_order(desk, placed, when)
    done = when
    for status in reports:
        done = desk.after(done, 35, 70)
        desk.post("county-pacs", done, "ORU^R01", imaging(placed, status, done), f"imaging report {status}")
    return placed


def shared_imaging(desk: Desk, place: str) -> None:
    """Pictures taken in the township, read in the county."""
    service, complaint = desk.rng.choice((("RAD", COUGH), ("RUS", BELLY_ACHE)))
    seen = visit(desk, desk.patient(place), "O", desk.at(8, 14), diagnosis=complaint)
    begin(desk, seen, "A04", "visit for imaging")
    _image(desk, seen, service, desk.after(seen.start, 5, 20))


def shared_ecg(desk: Desk, place: str) -> None:
    """An ECG recorded in the township, read in the county, with the report as PDF."""
    seen = visit(desk, desk.patient(place), "O", desk.at(8, 15), diagnosis=CHEST_PAIN)
    begin(desk, seen, "A04", "visit for ECG")
    placed = order(desk, seen, "EC", desk.after(seen.start, 5, 15))
    post_order(desk, placed, placed.when)
    done = desk.after(placed.when, 12, 30)
    desk.post("county-ecg", done, "ORU^R01", ecg(placed, desk.rng, "F", done), "ECG report")


def village(desk: Desk) -> None:
    """A visit to the village clinic; sometimes it sends blood to the county."""
    seen = visit(desk, desk.patient("village-a"), "O", desk.at(7.5, 16))
    begin(desk, seen, "A04", "village visit")
    if desk.turn("village blood", 3):
        lab(desk, seen, "NC", desk.after(seen.start, 3, 10))


def cancelled_admission(desk: Desk) -> None:
    """A01, then A11: nobody was admitted."""
    seen = visit(desk, desk.patient("county-hospital"), "I", desk.at(9, 15))
    begin(desk, seen, "A01", "admission")
    when = desk.after(seen.start, 10, 40)
    desk.post("county-his", when, "ADT^A11", visit_event("county-his", seen, "A11", when), "admission cancelled")


def cancelled_discharge(desk: Desk) -> None:
    """A01, A03, then A13: the patient stays after all."""
    seen = visit(desk, desk.patient("county-hospital"), "I", desk.at(1, 6))
    begin(desk, seen, "A01", "admission")
    end = desk.after(seen.start, 300, 400)
    closed = replace(seen, end=end)
    desk.post("county-his", end, "ADT^A03", visit_event("county-his", closed, "A03", end), "discharge")
    back = desk.after(end, 10, 30)
    desk.post("county-his", back, "ADT^A13", visit_event("county-his", seen, "A13", back), "discharge cancelled")


def unknown_man(desk: Desk) -> None:
    """Registered without a name, examined, then recognised: the records are merged after the results (A40)."""
    person = desk.person()
    known = register(person, "county-hospital")
    nameless = replace(known, number=f"QHWM{person.number:06d}", person=replace(person, name="无名氏"))
    seen = visit(desk, nameless, "E", desk.at(1, 12))
    blank = {5: "无名氏", 7: "", 11: "", 13: "", 16: "", 22: "", 3: f"{nameless.number}^^^QHRY^BLH"}
    body = person_update("county-his", seen, seen.start, blank)
    desk.post("county-his", seen.start, "ADT^A04", [body[0].replace("A08", "A04"), *body[1:]], "unknown patient")
    placed = order(desk, seen, "LAB", desk.after(seen.start, 3, 9), "NJ")
    ordered = orm("county-his", placed, "NW", placed.when)
    desk.post("county-his", placed.when, "ORM^O01", [body[1], *ordered[1:]], "order LAB of unknown patient")
    done = desk.after(placed.when, 15, 30)
    values = measure(desk.rng, panels()["NJ"])
    result = lab_oru(placed, values, "F", done)
    anonymous = f"PID|1|{nameless.number}|{nameless.number}^^^QHRY^21||无名氏|||1"
    desk.post("county-lis", done, "ORU^R01", [anonymous, *result[1:]], "result of unknown patient")
    later = desk.after(done, 60, 120)
    desk.post("county-his", later, "ADT^A40", merge("county-his", known, nameless, later), "merge after results")


def double_card(desk: Desk, place: str) -> None:
    """A second card for the same person, merged the same day (A40)."""
    site, person = HIS[place], desk.person()
    kept = register(person, place)
    gone = replace(kept, number=kept.place.number.format(person.number + 90_000))
    for patient in (kept, gone):
        begin(desk, visit(desk, patient, "O", desk.at(8, 11)), "A04", "visit with one of two cards")
    when = desk.at(14, 16)
    desk.post(site, when, "ADT^A40", merge(site, kept, gone, when), "merge")


def booking(desk: Desk, place: str) -> None:
    """An appointment for one of the next days."""
    site = HIS[place]
    when = desk.at(8, 17)
    seen = visit(desk, desk.patient(place), "O", when)
    slot = when.replace(hour=9, minute=0, second=0) + timedelta(days=desk.rng.randrange(1, 6))
    number = f"YY{desk.number('booking'):06d}"
    desk.post(site, when, "SIU^S12", appointment(site, seen, number, slot), "appointment")


def biopsy(desk: Desk, place: str) -> None:
    """A pathology order, answered by a document."""
    seen = visit(desk, desk.patient(place), "O", desk.at(7.5, 10), diagnosis=GASTRITIS)
    begin(desk, seen, "A04", "visit for biopsy")
    placed = order(desk, seen, "SP", desk.after(seen.start, 10, 30))
    post_order(desk, placed, placed.when)
    done = desk.after(placed.when, 300, 480)
    desk.post("county-pathology", done, "MDM^T02", pathology(placed, done), "pathology report")


def blood_culture(desk: Desk) -> None:
    seen = visit(desk, desk.patient("county-hospital"), "I", desk.at(0.2, 3), diagnosis=("J18.900", "肺炎"))
    begin(desk, seen, "A01", "admission")
    placed = replace(
        order(desk, seen, "LAB", seen.start, "NX"), item=("06671", "血培养(加药敏)"), specimen="0002^静脉全血"
    )
    post_order(desk, placed, desk.after(seen.start, 2, 5))
    done = desk.after(seen.start, 900, 1000)
    desk.post("county-lis", done, "OUL^R21", culture(placed, done), "blood culture")


def referral_up(desk: Desk, place: str) -> None:
    """A township asks, the county accepts and admits (and refers back at night), or refuses with a reason."""
    site, person = HIS[place], desk.person()
    seen = visit(desk, register(person, place), "O", desk.at(8, 11), diagnosis=HYPERTENSION)
    begin(desk, seen, "A04", "visit before referral")
    when = desk.after(seen.start, 15, 40)
    number = f"ZZ{DATE:%Y%m%d}{desk.number('referral'):04d}"
    reason = desk.rng.choice(
        (("1", "急危重症，基层难以救治"), ("2", "疑难复杂，条件受限"), ("5", "需进一步检查明确诊断"))
    )
    county = PLACES["county-hospital"]
    asked = Referral(seen, number, seen.patient.place, county, reason, _TEN_YEARS, when, desk.rng.choice("IIO"))
    request = desk.post(site, when, "REF^I12", ref(site, asked), "referral up")
    answered = desk.after(when, 10, 60)
    if desk.turn("rejected", 4):
        why = ("R2", "无空床，建议转市级医院")
        body = rri("county-referral", asked, request.control, ("R", "拒绝"), answered, why)
        desk.post("county-referral", answered, "RRI^I12", body, "referral rejected")
        return
    body = rri("county-referral", asked, request.control, ("A", "同意接诊"), answered)
    desk.post("county-referral", answered, "RRI^I12", body, "referral accepted")
    arrived = desk.after(answered, 40, 120)
    admitted = visit(desk, register(person, "county-hospital"), "I", arrived, source="2")
    begin(desk, admitted, "A01", "admission by referral")
    lab(desk, admitted, "SH", desk.after(arrived, 20, 40))
    if desk.turn("down", 2):
        _referral_down(desk, admitted, asked, desk.after(arrived, 240, 360))


def _referral_down(desk: Desk, admitted: Visit, asked: Referral, when: datetime) -> None:
    number = f"HZ{DATE:%Y%m%d}{desk.number('referral down'):04d}"
    back = Referral(
        replace(admitted, source="1"),
        number,
        asked.receiver,
        asked.sender,
        ("11", "急性期后病情稳定，转回基层康复"),
        "住院诊治后病情稳定，继续口服降压药，两周后复查。",
        when,
        "I",
        origin=asked.identity,
    )
    request = desk.post("county-referral", when, "REF^I12", ref("county-referral", back), "referral down")
    site = HIS[asked.sender.code]
    answered = desk.after(when, 10, 60)
    body = rri(site, back, request.control, ("A", "同意接收"), answered)
    desk.post(site, answered, "RRI^I12", body, "referral down accepted")


def cancelled_order(desk: Desk, place: str) -> None:
    """An order that is taken back before anything was done."""
    seen = visit(desk, desk.patient(place), "O", desk.at(8, 15))
    begin(desk, seen, "A04", "outpatient visit")
    placed = order(desk, seen, "LAB", desk.after(seen.start, 5, 10), "YG")
    post_order(desk, placed, placed.when)
    post_order(desk, placed, desk.after(placed.when, 10, 30), "CA")


def cancelled_result(desk: Desk) -> None:
    """The specimen was clotted: the report is cancelled (OBR-25 X)."""
    seen = visit(desk, desk.patient("township-b"), "O", desk.at(8, 12))
    begin(desk, seen, "A04", "outpatient visit")
    placed = order(desk, seen, "LAB", desk.after(seen.start, 5, 10), "NX")
    post_order(desk, placed, placed.when)
    done = desk.after(placed.when, 50, 90)
    body = lab_oru(placed, measure(desk.rng, panels()["NX"]), "X", done, "标本凝固，请重新采集。")
    desk.post("county-lis", done, "ORU^R01", body, "lab result cancelled")


def result_before_order(desk: Desk) -> None:
    """The order waits in a queue; the result overtakes it."""
    seen = visit(desk, desk.patient("township-a"), "O", desk.at(8, 12))
    begin(desk, seen, "A04", "outpatient visit")
    placed = order(desk, seen, "LAB", desk.after(seen.start, 5, 10), "BR")
    done = desk.after(placed.when, 40, 60)
    post_order(desk, placed, placed.when, due=done + timedelta(minutes=25))
    values = measure(desk.rng, panels()["BR"])
    desk.post("county-lis", done, "ORU^R01", lab_oru(placed, values, "F", done), "result before its order")


def older_update(desk: Desk) -> None:
    """Two changes of address; the first one arrives last and must not win."""
    site = "township-a-his"
    seen = visit(desk, desk.patient("township-a"), "O", desk.at(8, 10))
    begin(desk, seen, "A04", "outpatient visit")
    first, second = desk.after(seen.start, 10, 20), desk.after(seen.start, 30, 40)
    late = second + timedelta(minutes=40)
    new, old = {11: "青禾县云溪镇新居路8号"}, {11: "青禾县云溪镇旧街1号"}
    desk.post(site, second, "ADT^A08", person_update(site, seen, second, new), "newer update")
    desk.post(site, first, "ADT^A08", person_update(site, seen, first, old), "older update arrives last", due=late)


def late_preliminary(desk: Desk) -> None:
    """The preliminary report is sent again after the final one and must not replace it."""
    seen = visit(desk, desk.patient("county-hospital"), "O", desk.at(8, 11), diagnosis=DIZZINESS)
    begin(desk, seen, "A04", "outpatient visit")
    placed = order(desk, seen, "CT", desk.after(seen.start, 5, 15))
    post_order(desk, placed, placed.when)
    early, done = desk.after(placed.when, 30, 40), desk.after(placed.when, 60, 80)
    desk.post("county-pacs", done, "ORU^R01", imaging(placed, "F", done), "imaging report F")
    late = done + timedelta(minutes=30)
    body = imaging(placed, "P", early, "初步印象：待上级医师审核。")
    desk.post("county-pacs", early, "ORU^R01", body, "preliminary after final", due=late)


def cancel_after_result(desk: Desk) -> None:
    """The order is taken back although its result is out: the result stays."""
    seen = visit(desk, desk.patient("township-b"), "O", desk.at(8, 12))
    begin(desk, seen, "A04", "outpatient visit")
    placed, done = lab(desk, seen, "BR", desk.after(seen.start, 5, 10))
    post_order(desk, placed, desk.after(done, 10, 20), "CA")


def sent_twice(desk: Desk) -> None:
    """The sender missed the answer and repeats the same bytes."""
    seen = visit(desk, desk.patient("township-b"), "O", desk.at(8, 16))
    site = HIS["township-b"]
    first = desk.post(site, seen.start, "ADT^A04", visit_start(site, seen, "A04"), "outpatient visit")
    desk.again(first, first.due + timedelta(seconds=30))


def control_id_reused(desk: Desk) -> None:
    """Another message under a control id that was used before: processed and flagged."""
    site = "township-a-his"
    seen = visit(desk, desk.patient("township-a"), "O", desk.at(8, 16))
    first = desk.post(site, seen.start, "ADT^A04", visit_start(site, seen, "A04"), "outpatient visit")
    when = desk.after(seen.start, 10, 20)
    changed = desk.post(site, when, "ADT^A08", person_update(site, seen, when, {8: seen.patient.person.sex}), "")
    raw = changed.raw.replace(changed.control.encode(), first.control.encode())
    label = "ADT^A08 control id used before"
    desk.sent[-1] = replace(changed, raw=raw, control=first.control, label=label, issue="control-id-reuse")


def control_run(desk: Desk) -> None:
    """A quality control run of the analyser: about no patient, so it is not taken as a result."""
    when = desk.at(6, 7)
    raw = desk.post(
        "county-analyser", when, "ORU^R01", quality_control(desk.number("sample"), when), "quality control"
    ).raw
    desk.sent[-1] = replace(desk.sent[-1], raw=raw.replace(b"||||0||ASCII", b"||||2||ASCII"), issue="quality-control")


Story = tuple[int, Callable[..., None], tuple[str, ...]]
STORIES: tuple[Story, ...] = (
    (22, outpatient, ("county-hospital",)),
    (20, outpatient, ("township-a",)),
    (16, outpatient, ("township-b",)),
    (14, emergency, ()),
    (13, inpatient, ("county-hospital",)),
    (3, inpatient, ("township-b",)),
    (5, shared_imaging, ("township-a",)),
    (5, shared_imaging, ("township-b",)),
    (6, shared_ecg, ("township-a",)),
    (5, shared_ecg, ("township-b",)),
    (18, village, ()),
    (2, cancelled_admission, ()),
    (2, cancelled_discharge, ()),
    (3, unknown_man, ()),
    (2, double_card, ("township-a",)),
    (2, double_card, ("township-b",)),
    (6, booking, ("county-hospital",)),
    (6, booking, ("township-a",)),
    (3, biopsy, ("county-hospital",)),
    (2, biopsy, ("township-a",)),
    (2, blood_culture, ()),
    (6, referral_up, ("township-a",)),
    (6, referral_up, ("township-b",)),
    (2, cancelled_order, ("county-hospital",)),
    (2, cancelled_order, ("township-a",)),
    (2, cancelled_result, ()),
    (2, result_before_order, ()),
    (2, older_update, ()),
    (2, late_preliminary, ()),
    (2, cancel_after_result, ()),
    (4, sent_twice, ()),
    (2, control_id_reused, ()),
    (2, control_run, ()),
)
"""How often each story happens on a day of scale 1."""


def tell(desk: Desk, scale: float) -> None:
    """All stories of the day, each at least once."""
    for times, story, where in STORIES:
        for _ in range(max(1, round(times * scale))):
            story(desk, *where)
