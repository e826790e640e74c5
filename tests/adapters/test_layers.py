"""The layers of a site: base, vendor, site; each key from a vendor, each overruled by the site, each mistake told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters import charset, pipeline
from adapters.findings import floor
from adapters.pipeline import Prepared
from adapters.site import SITES, Endpoint, SiteBook, SiteError, load
from fhir_server.arrivals.arrival import Receipt
from profiles.issue import kinds

NOW = 1_795_500_000_000_000
PID = "PID|1||88001^^^^MRN||张三||19900101|1"


@pytest.fixture
def county(tmp_path: Path) -> Path:
    """The shipped county with one more site, `clinic-x`, that says nothing but its vendor `maker`."""
    folder = tmp_path / "sites"
    shutil.copytree(SITES, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    site = folder / "clinic-x"
    site.mkdir()
    (site / "site.toml").write_text(
        'name = "X"\ninstitution = "village-a"\nvendor = "maker"\n\n[wire]\nsenders = [["X", "Y"]]\n', "utf-8"
    )
    vendor(folder, "")
    return folder


def vendor(county: Path, text: str, codes: str = "", name: str = "maker") -> Path:
    folder = county / "vendors" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vendor.toml").write_text(text, "utf-8")
    if codes:
        (folder / "codes.csv").write_text("table,code,target,text\n" + codes, "utf-8")
    return folder


def site(county: Path, more: str, codes: str = "") -> Endpoint:
    """Appends to the site and loads it."""
    path = county / "clinic-x" / "site.toml"
    path.write_text(path.read_text("utf-8") + more, "utf-8")
    if codes:
        (county / "clinic-x" / "codes.csv").write_text("table,code,target,text\n" + codes, "utf-8")
    return load(county).endpoints["clinic-x"]


def refused(county: Path) -> str:
    with pytest.raises(SiteError) as error:
        load(county)
    return str(error.value)


def message(*segments: str, event: str = "ADT^A28", moment: str = "20261121100000") -> str:
    return "\r".join((f"MSH|^~\\&|X|Y|QIAO|QH|{moment}||{event}|C1|P|2.4", *segments)) + "\r"


def prepared(county: Path, text: str, book: SiteBook | None = None, **more: int) -> Prepared:
    return pipeline.prepare(text.encode(), book or load(county), NOW, channel="explain", **more)  # type: ignore[arg-type]


def resources(found: Prepared, kind: str) -> list[dict[str, object]]:
    return [one.resource for one in found.arrival.stated if one.resource["resourceType"] == kind]


# -- merging ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "of_vendor", "of_site", "attribute"),
    [
        ('[wire]\ncharset = "{}"\n', "gb18030", "utf-8", "charset"),
        ('[wire]\nreply_charset = "{}"\n', "gb18030", "utf-8", "reply_charset"),
        ('[wire]\nline_end = "{}"\n', "LF", "CRLF", "line_end"),
        ('[wire]\nack = "{}"\n', "enhanced", "original", "ack"),
        ('[ordering]\nby = "{}"\n', "received", "sent", "ordering"),
        ('[wire]\nquirks = ["{}"]\n', "charset-in-msh17", "move-pid2-into-pid3", "quirks"),
        ("[msh]\nmove = [[17, {}]]\n", "18", "19", "moves"),
        ('[triggers]\n"ADT^ZP1" = "{}"\n', "ADT^A28", "ADT^A04", "triggers"),
        ('[findings]\nunit-unknown = "{}"\n', "error", "information", "findings"),
    ],
)
def test_a_site_overrules_its_vendor_key_by_key(
    county: Path, written: str, of_vendor: str, of_site: str, attribute: str
) -> None:
    plain = getattr(load(county).endpoints["clinic-x"], attribute)
    vendor(county, written.format(of_vendor))
    first = getattr(load(county).endpoints["clinic-x"], attribute)
    more = written.format(of_site)
    second = getattr(site(county, more.removeprefix("[wire]\n")), attribute)
    assert first != plain
    assert second != first


def test_what_the_site_does_not_say_stays_as_the_vendor_says_it(county: Path) -> None:
    vendor(county, '[wire]\ncharset = "gb18030"\nack = "enhanced"\n[identity]\nuntyped = "visit-card"\n')
    endpoint = site(county, 'charset = "utf-8"\n')
    assert (endpoint.charset, endpoint.ack) == ("utf-8", "enhanced")
    assert endpoint.site.untyped_identifier == "visit-card"


def test_base_is_under_the_vendor_and_serves_every_site(county: Path) -> None:
    vendor(county, '[wire]\nack = "enhanced"\ncharset = "big5"\n', "SpecimenType,血,BLD,\n", name="base")
    vendor(county, '[wire]\ncharset = "gb18030"\n')
    book = load(county)
    assert (book.endpoints["clinic-x"].ack, book.endpoints["clinic-x"].charset) == ("enhanced", "gb18030")
    assert book.endpoints["county-lis"].ack == "enhanced"
    assert book.endpoints["county-lis"].site.codes["SpecimenType", "血"] == "BLD"
    assert book.default.ack == "original"


def test_rows_of_codes_are_merged_one_by_one(county: Path) -> None:
    vendor(county, "", "AdministrativeSex,1,male,\nAdministrativeSex,2,female,\nidentifier-type,K,visit-card,\n")
    found = site(county, "", "AdministrativeSex,2,other,\n").site
    assert found.codes["AdministrativeSex", "1"] == "male"
    assert found.codes["AdministrativeSex", "2"] == "other"
    assert found.identifier_types["K"] == "visit-card"


def test_a_vendors_outbound_fills_in_what_the_site_opens(county: Path) -> None:
    vendor(county, '[outbound]\nversion = "2.4"\ncharset = "gbk"\n')
    assert load(county).endpoints["clinic-x"].outbound is None
    opened = '[outbound]\nhost = "h"\nport = 1\nmessages = ["ADT"]\nsees = ["*"]\ncharset = "utf-8"\n'
    outbound = site(county, opened).outbound
    assert outbound is not None
    assert (outbound.version, outbound.charset) == ("2.4", "utf-8")


def test_a_site_without_layers_carries_none(county: Path) -> None:
    endpoint = load(county).endpoints["county-lis"]
    assert not endpoint.triggers and not endpoint.findings and not endpoint.moves and not endpoint.site.segments


# -- mistakes --------------------------------------------------------------------------------------------------------


def test_an_unknown_vendor_is_refused_with_the_known_ones_and_the_line(county: Path) -> None:
    path = county / "clinic-x" / "site.toml"
    path.write_text(path.read_text("utf-8").replace('"maker"', '"nobody"'), "utf-8")
    told = refused(county)
    assert "clinic-x/site.toml: there is no vendor 'nobody'; known are his-eai, maker, ris-zmg (line 3)" in told


def test_a_mistake_of_a_vendor_is_told_with_its_file_and_line(county: Path) -> None:
    vendor(county, '[wire]\ncharset = "utf-8"\nlineend = "LF"\n')
    told = refused(county)
    assert "vendors/maker/vendor.toml [wire]: unknown key 'lineend'" in told
    assert "line_end" in told and "(line 3)" in told


@pytest.mark.parametrize("who", ['[wire]\nsenders = [["A", "B"]]\n', 'institution = "village-a"\n'])
def test_a_vendor_never_says_who_somebody_is(county: Path, who: str) -> None:
    vendor(county, who)
    assert "unknown key" in refused(county)


def test_a_vendor_has_no_authorities(county: Path) -> None:
    vendor(county, '[authorities]\nHIS = "village-a"\n')
    assert "vendors/maker/vendor.toml: unknown table 'authorities'" in refused(county)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('"ADT^ZP1" = "ADT^Z99"', "ADT^ZP1 must be one of"),
        ('"adt" = "ADT^A08"', "'adt' is no trigger"),
    ],
)
def test_a_trigger_must_mean_one_that_is_translated(county: Path, line: str, told: str) -> None:
    vendor(county, f"[triggers]\n{line}\n")
    assert told in refused(county)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('unit-unknwn = "warning"', "unit-unknown"),
        ('unit-unknown = "loud"', "must be one of error, warning, information, ignore"),
        ('code-unmapped-refused = "warning"', "cannot be lowered below error"),
        ('flag-unknown = "information"', "cannot be lowered below warning"),
    ],
)
def test_a_finding_is_known_and_not_put_below_its_floor(county: Path, line: str, told: str) -> None:
    vendor(county, f"[findings]\n{line}\n")
    assert told in refused(county)


def test_no_refusal_but_the_listed_ones_can_be_lowered() -> None:
    lowered = {code for code, kind in kinds().items() if kind.severity in ("fatal", "error") and floor(code) != "error"}
    assert lowered == {"field-missing"}


@pytest.mark.parametrize(
    ("name", "row", "told"),
    [
        ("Z09", "Z09#Z09-1,,Z09-1,name,ST[string],,,site: x", "must be called as its map"),
        ("Z09[Patient]", "Z09[Patient]#Z09-1,,Z09-1,colour,ST[string],,,site: x", "'colour' is no element of Patient"),
        ("Z09[Patient]", "Z09[Patient]#Z09-1,,PID-1,gender,ST[string],,,site: x", "must be a field of Z09"),
        ("Z09[Patient]", "Z09[Patient]#Z09-1,,Z09-1,gender,XX,,,site: x", "there is no datatype XX"),
        ("Z09[Patience]", "Z09[Patience]#Z09-1,,Z09-1,gender,ST[string],,,site: x", "no type of resource"),
        ("Z09[Patient]", "Z09[Patient]#Z09-1,,Z09-1,gender,ST[string],,,because", "target and origin are required"),
    ],
)
def test_a_row_of_a_z_segment_is_checked_when_it_is_loaded(county: Path, name: str, row: str, told: str) -> None:
    segment(vendor(county, ""), name, row)
    assert told in refused(county)


def segment(layer: Path, name: str, *rows: str) -> None:
    (layer / "segments").mkdir(exist_ok=True)
    head = "id,when,source,target,datatype,vocabulary,value,origin"
    (layer / "segments" / f"{name}.csv").write_text("\n".join((head, *rows, "")), "utf-8")


# -- what they do ----------------------------------------------------------------------------------------------------


def test_a_z_segment_speaks_of_the_patient(county: Path) -> None:
    segment(vendor(county, ""), "ZPI[Patient]", "ZPI[Patient]#ZPI-2,,ZPI-2,telecom[],XTN[ContactPoint],,,site: mobile")
    found = prepared(county, message(PID, "ZPI|1|13800000000"))
    assert resources(found, "Patient")[0]["telecom"] == [{"system": "phone", "value": "13800000000"}]
    assert found.arrival.unaccounted == 0


def test_a_z_segment_speaks_of_the_result_before_it(county: Path) -> None:
    row = "ZRX[Observation]#ZRX-1,,ZRX-1,note[].text,ST[string],,,site: remark"
    segment(vendor(county, ""), "ZRX[Observation]", row)
    text = message(
        PID,
        "OBR|1||R1|A^甲|||20261121090000||||||||||||||||||F",
        "OBX|1|NM|K^钾||4.1|mmol/L|||||F",
        "ZRX|复核",
        "OBX|2|NM|NA^钠||140|mmol/L|||||F",
        event="ORU^R01",
    )
    notes = {one["code"]["text"]: one.get("note") for one in resources(prepared(county, text), "Observation")}  # type: ignore[index]
    assert notes == {"钾": [{"text": "复核"}], "钠": None}


def test_a_trigger_is_read_as_what_it_means_and_kept_as_it_was_sent(county: Path) -> None:
    vendor(county, '[triggers]\n"ADT^ZP8" = "ADT^A28"\n')
    book = load(county)
    found = prepared(county, message(PID, event="ADT^ZP8"), book)
    assert (found.arrival.verdict, found.arrival.type) == ("AA", "ADT^ZP8")
    assert resources(found, "Patient")
    answer = pipeline.acknowledge(found, Receipt(1, "AA", "accepted", b"", (), 1), NOW, "zh")
    assert b"|ACK^ZP8" in answer


def test_without_the_trigger_the_same_message_is_refused(county: Path) -> None:
    assert prepared(county, message(PID, event="ADT^ZP8")).arrival.verdict == "AR"


def test_units_and_flags_of_a_vendor_are_known(county: Path) -> None:
    text = message(
        PID,
        "OBR|1||R1|A^甲|||20261121090000||||||||||||||||||F",
        "OBX|1|NM|K^钾||4.1|毫当量||升|||F",
        event="ORU^R01",
    )
    before = {issue.code for issue in prepared(county, text).arrival.issues}
    vendor(county, "", "unit,毫当量,meq,\nabnormal-flag,升,H,\n")
    after = prepared(county, text)
    assert {"unit-unknown", "flag-unknown"} <= before
    assert not {"unit-unknown", "flag-unknown"} & {issue.code for issue in after.arrival.issues}
    result = resources(after, "Observation")[0]
    assert result["valueQuantity"]["code"] == "meq"  # type: ignore[index]


def test_a_finding_raised_to_an_error_refuses_and_one_ignored_is_not_told(county: Path) -> None:
    text = message(PID.replace("88001^^^^MRN", "88001^^^^QQ"))
    code = "identifier-type-unknown"
    assert prepared(county, text).arrival.verdict == "AA"
    vendor(county, f'[findings]\n{code} = "error"\n')
    refused_now = prepared(county, text).arrival
    assert (refused_now.verdict, [one.severity for one in refused_now.issues if one.code == code]) == ("AE", ["error"])
    vendor(county, f'[findings]\n{code} = "ignore"\n')
    assert code not in {issue.code for issue in prepared(county, text).arrival.issues}


def test_a_field_of_msh_is_moved_to_where_it_belongs(county: Path) -> None:
    vendor(county, "[msh]\nmove = [[17, 18]]\n")
    text = message(PID).replace("|P|2.4\r", "|P|2.4|||||GBK\r")
    found = pipeline.prepare(charset.encode(text, "gb18030"), load(county), NOW, channel="explain")
    assert found.message is not None
    assert (found.message.msh.raw(17), found.message.msh.raw(18)) == ("", "GBK")


def test_the_order_of_messages_follows_the_policy(county: Path) -> None:
    text = message("EVN|A28|20200101", PID)
    times = {}
    for policy in ("event", "sent", "received"):
        vendor(county, f'[ordering]\nby = "{policy}"\n')
        times[policy] = prepared(county, text, received=77).arrival.event_time
    assert times["event"] < times["sent"] < NOW
    assert times["received"] == 77


# -- the two that ship -----------------------------------------------------------------------------------------------


def test_his_eai_registers_a_patient_by_zp1() -> None:
    found = pipeline.prepare(
        message(PID.replace("MRN", "IDCard"), event="ADT^ZP1").replace("|X|Y|", "|HIS|SLWSY|").encode(),
        load(),
        NOW,
        channel="explain",
    )
    assert (found.endpoint.code, found.arrival.verdict) == ("township-b-his", "AA")


def test_his_eai_carries_departments_and_staff_by_mfn() -> None:
    text = message(
        "MFI|Z01||UPD|||AL",
        "MFE|MAD|1|20261122|0301",
        "Z01|0301|内科门诊|内科|0579-1234567",
        "MFE|MDL|2|20261122|D07",
        "Z02|D07|李四|1|13800000000",
        event="MFN^M01",
    ).replace("|X|Y|", "|HIS|SLWSY|")
    found = pipeline.prepare(text.encode(), load(), NOW, channel="explain")
    department = next(one for one in resources(found, "Organization") if one.get("alias"))
    (doctor,) = resources(found, "Practitioner")
    assert (found.arrival.verdict, found.arrival.unaccounted) == ("AA", 0)
    assert (department["name"], department["active"]) == ("内科门诊", True)
    assert (doctor["name"], doctor["active"]) == ([{"text": "李四"}], False)


def test_master_files_that_nobody_described_are_refused_as_before(county: Path) -> None:
    found = prepared(county, message("MFI|Z01||UPD|||AL", "MFE|MAD|1|20261122|0301", "Z01|0301|x", event="MFN^M01"))
    assert found.arrival.verdict == "AR"


def test_ris_zmg_reports_by_z30_with_the_study_of_zds(county: Path) -> None:
    path = county / "clinic-x" / "site.toml"
    path.write_text(path.read_text("utf-8").replace('"maker"', '"ris-zmg"'), "utf-8")
    text = message(
        PID,
        "OBR|1||R1|CT01^胸部CT|||20261121090000||||||||||||||||||F",
        "OBX|1|TX|S^所见||未见异常||||||F",
        "ZDS|1.2.840.99999.1^^Application^DICOM",
        event="ZMG^Z30",
    )
    found = pipeline.prepare(charset.encode(text, "gb18030"), load(county), NOW, channel="explain")
    (report,) = resources(found, "DiagnosticReport")
    assert (found.arrival.verdict, found.arrival.unaccounted) == ("AA", 0)
    assert {"system": "urn:dicom:uid", "value": "urn:oid:1.2.840.99999.1"} in report["identifier"]  # type: ignore[operator]
