"""Whatever stands in orders, results, referrals, documents, appointments: nothing raises, nothing is lost, and what is
not refused is valid."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mappers.profile import declared
from profiles.validator import validate
from tests.mappers.orders_sample import LAB, PID, read
from tests.mappers.sample import dangling, line, translate

WORDS = (
    'F P C X W NW CA SC 1 2 "" 20260301 20260301083000 19900230 0 H HH E 阴性 ++ <0.01 3.5↑ 1:160 3-5 10\\S\\9/L '
    "μmol/L NM ST TX FT CE CWE SN ED RP DT TM CQ NA LAB RAD HIS TOWNSHIP LN 718-7 A100&B UID 2.25.7.7.7 RP RT "
    "Base64 JVBERi0x http://10.0.0.1/a?b=1 application pdf min Booked 无"
)
LEAF = st.one_of(
    st.sampled_from([*WORDS.split(), "", "", "", " "]),
    st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r\n|"), max_size=6),
)
FIELD = st.lists(LEAF, min_size=1, max_size=5).map("^".join)
SIZES = {
    "PV1": 54, "ORC": 38, "OBR": 53, "OBX": 33, "NTE": 9, "SPM": 32, "TQ1": 14, "DG1": 22, "IPC": 9, "TXA": 27,
    "SCH": 27, "AIS": 12, "AIG": 14, "AIL": 12, "AIP": 12, "RF1": 12, "PRD": 10, "AUT": 10, "MSA": 3,
    "RXO": 3, "CTD": 7,
}  # fmt: skip
KINDS = {
    "ORM^O01": ["ORC|NW|A1", "OBR|1|A1||K"],
    "OML^O21": ["ORC|NW|A1", "OBR|1|A1||K"],
    "OMI^O23": ["ORC|NW|A1", "OBR|1|A1||K"],
    "ORU^R01": [line("OBR", {2: "A1", 3: "R1", 4: "K", 25: "F"})],
    "OUL^R22": ["SPM|1", line("OBR", {2: "A1", 3: "R1", 4: "K", 25: "F"})],
    "REF^I12": ["RF1|P|||||Z1", "PRD|RP|||^^^TOWNSHIP", "PRD|RT|||^^^LAB"],
    "RRI^I12": ["RF1|A|||||Z1"],
    "MDM^T02": [line("TXA", {12: "D1"})],
    "SIU^S12": ["SCH|Y1|Y2"],
}


def segment(name: str) -> st.SearchStrategy[str]:
    fields = st.dictionaries(st.integers(1, SIZES[name]), FIELD, min_size=1, max_size=12)
    return fields.map(lambda found: line(name, found))


SEGMENTS = st.lists(st.sampled_from(sorted(SIZES)).flatmap(segment), min_size=1, max_size=7)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(KINDS)), SEGMENTS)
def test_a_message_of_random_fields_is_translated_or_refused_but_never_lost(kind: str, segments: list[str]) -> None:
    message = read(kind, PID, *KINDS[kind], *segments)
    done = translate(message, LAB)
    assert done.ledger.unaccounted(message) == []
    assert dangling(done) == set()
    for one in () if done.refused else done.statements:
        assert [issue for issue in validate(declared(one.resource)) if issue.refuses] == [], one.resource
