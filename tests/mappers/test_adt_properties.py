"""Whatever stands in the fields of an ADT: nothing raises, every leaf is accounted for, what comes out is valid."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mappers.profile import declared
from profiles.validator.validate import validate
from tests.mappers.sample import dangling, line, message, translate

WORDS = 'I M 1 2 "" 20260301 20260301083000 19900230 0 Y N 无 张三 IDCard IdentifyNO MRN COUNTY LN 718-7'
NUMBERS = ["", "", "", " ", "999999199001010016", "999999199001010017"]
LEAF = st.one_of(
    st.sampled_from([*WORDS.split(), *NUMBERS]),
    st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r\n|"), max_size=6),
)
FIELD = st.lists(LEAF, min_size=1, max_size=4).map("^".join)
SIZES = {
    "EVN": 7,
    "PID": 40,
    "PD1": 14,
    "PV1": 54,
    "PV2": 40,
    "NK1": 41,
    "DG1": 22,
    "AL1": 6,
    "IN1": 49,
    "PR1": 25,
    "MRG": 7,
}


def segment(name: str) -> st.SearchStrategy[str]:
    fields = st.dictionaries(st.integers(1, SIZES[name]), FIELD, min_size=1, max_size=12)
    return fields.map(lambda found: line(name, found))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["A01", "A03", "A08", "A13", "A28", "A40"]),
    st.lists(st.sampled_from(sorted(SIZES)).flatmap(segment), min_size=1, max_size=6),
)
def test_an_adt_of_random_fields_is_translated_or_refused_but_never_lost(event: str, segments: list[str]) -> None:
    read = message(f"ADT^{event}", "PID|1||1^^^^MRN||张三", *segments)
    mapped = translate(read)
    assert mapped.ledger.unaccounted(read) == []
    assert dangling(mapped) == set()
    assert [issue for one in mapped.statements for issue in validate(declared(one.resource)) if issue.refuses] == []
