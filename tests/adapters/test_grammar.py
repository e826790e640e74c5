"""Structures, groups and what is said about deviations from them."""

import base64
import json
import zipfile
from pathlib import Path

import pytest

from adapters import charset, er7, grammar
from adapters.grammar import build, structures
from mappers.message import Message

SHARED = Path(__file__).parents[3] / "shared" / "corpus"


def message(kind: str, *segments: str, version: str = "2.5.1", sixteen: str = "") -> Message:
    header = f"MSH|^~\\&|A|B|C|D|20250102||{kind}|1|P|{version}||||{sixteen}"
    parsed = er7.parse("\r".join([header, *segments])).message
    assert parsed is not None
    return parsed


def found(one: Message, *codes: str) -> list[tuple[str, str]]:
    return [(i.code, i.location) for i in grammar.check(one) if not codes or i.code in codes]


def paths(one: Message) -> list[str]:
    return ["/".join([*path, segment.name]) for path, segment in grammar.group(one).walk()]


PID = "PID|1||9^^^H||张三"
PV1 = "PV1|1|I"
OBR = "OBR|1|P|F|K^K^L"
OBX = "OBX|1|NM|K^K^L||1|mmol/L|||||F"


def test_an_ordinary_admission_has_nothing_to_remark() -> None:
    assert found(message("ADT^A01^ADT_A01", "EVN||20250102", PID, "NK1|1", PV1, "DG1|1|||||A", "ZPI|x")) == []


def test_results_are_grouped_by_patient_order_and_observation() -> None:
    one = message(
        "ORU^R01^ORU_R01", PID, PV1, "ORC|RE", OBR, "NTE|1", OBX, "NTE|1", OBX, "ORC|RE", OBR, OBX, OBR, PID, OBR
    )
    assert paths(one) == [
        "MSH",
        "PATIENT_RESULT/PATIENT/PID",
        "PATIENT_RESULT/PATIENT/VISIT/PV1",
        "PATIENT_RESULT/ORDER_OBSERVATION/ORC",
        "PATIENT_RESULT/ORDER_OBSERVATION/OBR",
        "PATIENT_RESULT/ORDER_OBSERVATION/NTE",
        "PATIENT_RESULT/ORDER_OBSERVATION/OBSERVATION/OBX",
        "PATIENT_RESULT/ORDER_OBSERVATION/OBSERVATION/NTE",
        "PATIENT_RESULT/ORDER_OBSERVATION/OBSERVATION/OBX",
        "PATIENT_RESULT/ORDER_OBSERVATION/ORC",
        "PATIENT_RESULT/ORDER_OBSERVATION/OBR",
        "PATIENT_RESULT/ORDER_OBSERVATION/OBSERVATION/OBX",
        "PATIENT_RESULT/ORDER_OBSERVATION/OBR",
        "PATIENT_RESULT/PATIENT/PID",
        "PATIENT_RESULT/ORDER_OBSERVATION/OBR",
    ]
    result = [member for member in grammar.group(one).members if isinstance(member, grammar.Group)]
    assert [len([m for m in group.members if isinstance(m, grammar.Group)]) for group in result] == [4, 2]
    assert found(one, "segment-unexpected", "segment-missing", "segment-repeated") == []


def test_a_second_order_without_orc_is_an_order_of_its_own() -> None:
    one = message("ORM^O01", PID, "ORC|NW|1", OBR, OBR, "ORC|NW|3", OBR, version="2.4")
    orders = [m for m in grammar.group(one).members if isinstance(m, grammar.Group) and m.name == "ORDER"]
    assert len(orders) == 3


def test_a_second_order_of_an_oml_is_no_prior_result() -> None:
    one = message("OML^O21^OML_O21", PID, "ORC|NW", OBR, "DG1|1|||||A", "ORC|NW", OBR, version="2.6")
    assert [path for path in paths(one) if "PRIOR" in path] == []
    assert found(one, "segment-unexpected") == []


def test_an_orc_after_its_obr_stays_in_the_same_order() -> None:
    one = message("ORM^O01", PID, OBR, "ORC|NW|1", "NTE|1", OBR, "ORC|NW|2")
    orders = [m for m in grammar.group(one).members if isinstance(m, grammar.Group) and m.name == "ORDER"]
    assert len(orders) == 2
    assert found(one, "segment-unexpected") == [("segment-unexpected", "ORC")]


def test_unknown_segments_are_kept_in_the_tree_and_only_z_segments_pass_in_silence() -> None:
    one = message("ADT^A01", PID, "XYZ|1", "ZZZ|1", PV1)
    assert paths(one) == ["MSH", "PID", "XYZ", "ZZZ", "PV1"]
    assert found(one, "segment-unexpected") == [("segment-unexpected", "XYZ")]


@pytest.mark.parametrize(
    ("kind", "version", "name"),
    [
        ("ADT^A04", "2.4", "ADT_A01"),
        ("ADT^A08", "2.5.1", "ADT_A01"),
        ("ADT^A13", "2.6", "ADT_A01"),
        ("ADT^A11", "2.4", "ADT_A09"),
        ("ADT^A40", "2.4", "ADT_A39"),
        ("ADT^A04", "2.2", "ADT_A04"),
        ("ADT^A28", "2.5", "ADT_A05"),
        ("MDM^T08", "2.5", "MDM_T02"),
        ("SIU^S14", "2.5", "SIU_S14"),
        ("REF^I14", "2.5.1", "REF_I12"),
        ("ACK^A01", "2.4", "ACK"),
        ("ADT^A04^ADT_A01", "2.9", "ADT_A01"),
        ("ADT^A04^NONSENSE", "2.4", "ADT_A01"),
    ],
)
def test_the_event_leads_to_the_structure_when_msh_9_3_does_not(kind: str, version: str, name: str) -> None:
    structure = grammar.structure_of(message(kind, version=version))
    assert structure is not None
    assert structure.name == name


def test_a_structure_the_version_lacks_comes_from_the_nearest_that_has_it() -> None:
    later = grammar.structure_of(message("OUL^R24^OUL_R24", version="2.4"))
    earlier = grammar.structure_of(message("ORM^O01", version="2.8.2"))
    assert later is not None and earlier is not None
    assert (later.version, earlier.version) == ("2.5", "2.6")


def test_a_custom_trigger_has_no_structure_and_no_complaint() -> None:
    one = message("ZMG^Z30", PID, "ZDS|1")
    assert grammar.structure_of(one) is None
    assert paths(one) == ["MSH", "PID", "ZDS"]
    assert found(one) == []


def test_a_message_without_the_segment_it_is_about_is_refused_with_the_place() -> None:
    [issue] = [i for i in grammar.check(message("ADT^A01", PV1)) if i.refuses]
    assert (issue.code, issue.location, issue.kind.hl7) == ("segment-missing", "PID", "100")
    assert found(message("ADT^A40", PID), "segment-missing") == [("segment-missing", "MRG")]


def test_quality_control_of_an_analyser_is_about_no_patient() -> None:
    assert found(message("ORU^R01", OBR, version="2.3.1", sixteen="2"), "segment-missing") == []
    assert found(message("ORU^R01", OBR, version="2.3.1", sixteen="0"), "segment-missing") == [
        ("segment-missing", "PID")
    ]


def test_missing_evn_and_pv1_are_remarked_and_never_refused() -> None:
    issues = grammar.check(message("ADT^A08", PID))
    assert [(i.code, i.location) for i in issues] == [("segment-expected", "EVN"), ("segment-expected", "PV1")]
    assert {i.severity for i in issues} == {"information"}


def test_a_segment_too_often_is_a_warning() -> None:
    assert found(message("ADT^A01", "EVN||1", PID, PV1, PV1), "segment-repeated") == [("segment-repeated", "PV1[2]")]


def test_missing_required_fields_are_remarked_once_with_the_first_place() -> None:
    one = message("ORU^R01", PID, OBR, OBX, "OBX|2|NM|||1|||||", "OBX|3|NM|||1")
    assert found(one) == [("field-expected", "OBX[2]-3"), ("field-expected", "OBX[2]-11")]


def test_the_header_must_have_a_type_and_is_read_without_control_id_and_version() -> None:
    parsed = er7.parse("MSH|^~\\&|A|B|C|D|20250102||||P").message
    assert parsed is not None
    assert found(parsed) == [
        ("message-type-missing", "MSH-9"),
        ("control-id-missing", "MSH-10"),
        ("version-unknown", "MSH-12"),
    ]


@pytest.mark.parametrize(
    ("written", "used", "known"),
    [
        ("2.4", "2.4", True),
        ("2.6^^&&&&V1.0", "2.6", True),
        ("2.7.1", "2.7", True),
        ("2.9", "2.8.2", False),
        ("V2.3.1", "2.3.1", False),
        ("2.5.9", "2.5.1", False),
        ("", "2.4", False),
        ("3", "2.4", False),
    ],
)
def test_odd_versions_are_read_as_the_nearest_known(written: str, used: str, known: bool) -> None:
    assert grammar.version_of(message("ADT^A01", version=written)) == (used, known)


def test_the_data_file_is_what_the_build_makes_of_the_tables() -> None:
    with zipfile.ZipFile(build.DATA) as archive:
        for version in ("2.3.1", "2.5.1"):
            assert json.loads(archive.read(f"{version}.json")) == json.loads(json.dumps(build.facts(version)))


def test_every_event_of_the_table_leads_to_a_structure_some_version_has() -> None:
    known = {name for version in structures.VERSIONS for name in structures._facts(version)["structures"]}
    assert {name for name in structures._events().values() if name not in known} == set()


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the corpora are not here")
def test_no_segment_of_the_corpora_is_lost_in_the_tree() -> None:
    for name in ("messages.jsonl", "cn_dialects.jsonl"):
        for line in (SHARED / name).read_text(encoding="utf-8").splitlines():
            one = er7.parse(charset.decode(base64.b64decode(json.loads(line)["message"])).text).message
            assert one is not None
            tree = [segment.position for _, segment in grammar.group(one).walk()]
            assert sorted(tree) == list(range(len(one.segments)))
            for issue in grammar.check(one):
                assert issue.text("zh") and "{" not in issue.text("en")
