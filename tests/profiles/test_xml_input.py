"""What FHIR XML is refused for, and where; nothing that is sent makes an exception."""

from __future__ import annotations

import re
import tracemalloc
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.issue import Issue
from profiles.xml_input import MOST_ISSUES, Positions, parse_xml

NS = 'xmlns="http://hl7.org/fhir"'
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def _issues(text: str | bytes, limit: int = 1 << 20) -> tuple[Issue, ...]:
    resource, issues = parse_xml(text.encode() if isinstance(text, str) else text, limit=limit)
    assert (resource is None) == bool(issues)
    return issues


def _codes(text: str | bytes) -> list[str]:
    return [issue.code for issue in _issues(text)]


def _patient(inside: str) -> str:
    return f"<Patient {NS}>{inside}</Patient>"


@pytest.mark.parametrize(
    ("inside", "code", "expression"),
    [
        ('<colour value="red"/>', "element-unknown", "Patient.colour"),
        ('<name><text value="x"/><nick value="y"/></name>', "element-unknown", "Patient.name[0].nick"),
        ('<active value="true" colour="red"/>', "xml-attribute-unknown", "Patient.active"),
        ('<name colour="red"><text value="x"/></name>', "xml-attribute-unknown", "Patient.name[0]"),
        ('<name value="x"/>', "xml-attribute-unknown", "Patient.name[0]"),
        ('<active xmlns="urn:x" value="true"/>', "xml-namespace", "Patient.active"),
        ('<text><status value="generated"/><div>x</div></text>', "xml-namespace", "Patient.text.div"),
        ('<birthDate value="1970"/><active value="true"/>', "xml-order", "Patient.active"),
        ('<active value="true"/><active value="true"/>', "element-too-many", "Patient.active"),
        ('words<active value="true"/>', "xml-text", "Patient"),
        ('<active value="true"/>words', "xml-text", "Patient"),
        ('<active value="true">words</active>', "xml-text", "Patient.active"),
        ("<active>true</active>", "xml-text", "Patient.active"),
        ('<active value=""/>', "element-empty", "Patient.active"),
        ("<active/>", "element-empty", "Patient.active"),
        ("<name/>", "element-empty", "Patient.name[0]"),
        ('<name id=""><text value="x"/></name>', "element-empty", "Patient.name[0]"),
        ('<active value="yes"/>', "primitive-invalid", "Patient.active"),
        ('<active value=" true"/>', "primitive-invalid", "Patient.active"),
        ('<multipleBirthInteger value="1.0"/>', "primitive-invalid", "Patient.multipleBirthInteger"),
        ('<multipleBirthInteger value="１"/>', "primitive-invalid", "Patient.multipleBirthInteger"),
        ('<contained><Patient/><Patient/></contained>', "xml-resource", "Patient.contained[0]"),
        ("<contained/>", "xml-resource", "Patient.contained[0]"),
        ('<contained id="x"><Patient/></contained>', "xml-attribute-unknown", "Patient.contained[0]"),
        ("<contained><Colour/></contained>", "xml-resource", "Patient.contained[0]"),
        ('<resourceType value="Patient"/>', "element-unknown", "Patient.resourceType"),
        ('<deceased value="true"/>', "element-unknown", "Patient.deceased"),
        ('<extension><url value="u"/></extension>', "element-unknown", "Patient.extension[0].url"),
    ],
)  # fmt: skip
def test_what_r4_does_not_define_is_refused_at_its_place(inside: str, code: str, expression: str) -> None:
    found = [(issue.code, issue.expression) for issue in _issues(_patient(inside))]
    assert (code, expression) in found


def test_an_issue_tells_line_and_column() -> None:
    text = _patient('\n  <active value="true"/>\n\n  <name>\n    <colour value="张"/></name>\n')
    (issue, empty) = _issues(text)
    assert (issue.code, issue.location) == ("element-unknown", "line 5, column 5")
    assert (empty.code, empty.expression, empty.location) == ("element-empty", "Patient.name[0]", "line 4, column 3")


def test_places_tell_where_every_element_stands() -> None:
    places: Positions = {}
    parse_xml(
        _patient('\n<name><text value="x"/>\n<given value="a"/><given value="b"/></name>').encode(), places=places
    )
    assert places == {
        "Patient": (1, 1),
        "Patient.name[0]": (2, 1),
        "Patient.name[0].text": (2, 7),
        "Patient.name[0].given[0]": (3, 1),
        "Patient.name[0].given[1]": (3, 19),
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "xml-malformed"),
        ("{}", "xml-malformed"),
        ("<Patient", "xml-malformed"),
        (f"<Patient {NS}><name></Patient>", "xml-malformed"),
        (f"<Patient {NS}/><Patient {NS}/>", "xml-malformed"),
        (f'<Patient {NS}><active value="&nbsp;"/></Patient>', "xml-malformed"),
        (f'<Patient {NS}><active value="&#0;"/></Patient>', "xml-malformed"),
        ("<Patient/>", "xml-resource"),
        ('<Patient xmlns="urn:x"/>', "xml-resource"),
        (f"<Colour {NS}/>", "xml-resource"),
        (f"<Resource {NS}/>", "xml-resource"),
        (f"<HumanName {NS}/>", "xml-resource"),
        (f"<!DOCTYPE Patient><Patient {NS}/>", "xml-doctype"),
        (f'<!DOCTYPE Patient SYSTEM "http://127.0.0.1:9/x.dtd"><Patient {NS}/>', "xml-doctype"),
        (f'<?xml version="1.0" encoding="GBK"?><Patient {NS}/>', "xml-encoding"),
        (f'<?xml version="1.0" encoding="UTF-16"?><Patient {NS}/>', "xml-encoding"),
        (f'<Patient {NS} xmlns:xsi="{XSI}" xsi:schemaLocation="x y"/>', "xml-attribute-unknown"),
    ],
)  # fmt: skip
def test_a_document_that_is_no_resource_is_refused(text: str, code: str) -> None:
    assert _codes(text)[0] == code


def test_only_utf8_is_read() -> None:
    good = _patient('<name><text value="张"/></name>')
    assert parse_xml(b"\xef\xbb\xbf" + good.encode())[0] is not None
    assert _codes(good.encode("gb18030")) == ["xml-malformed"]
    assert _codes(good.encode("utf-16")) == ["xml-malformed"]
    assert _codes(good.encode().replace(b"\xe5", b"\xed\xa0\x80", 1)) == ["xml-malformed"]


def test_entities_are_never_expanded(tmp_path: object) -> None:
    bomb = "".join(f'<!ENTITY a{n} "{"&a" + str(n - 1) + ";" if n else "x"}{"x" * 10}">' for n in range(9))
    tracemalloc.start()
    assert _codes(f"<!DOCTYPE x [{bomb}]>" + _patient('<active value="&a8;"/>')) == ["xml-doctype"]
    assert _codes('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + _patient("&e;")) == ["xml-doctype"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_comments_and_processing_instructions_are_passed_over() -> None:
    resource, _ = parse_xml(f"<!-- a --><?b c?><Patient {NS}><!-- d --><active value='true'/><?e?></Patient>".encode())
    assert resource == {"resourceType": "Patient", "active": True}


def test_a_prefix_is_as_good_as_a_default_namespace() -> None:
    resource, _ = parse_xml(
        b'<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><f:text>'
        b'<f:status value="generated"/><h:div id="x"><h:p>a</h:p>b</h:div></f:text></f:Patient>'
    )
    assert resource is not None
    assert resource["text"]["div"] == '<div xmlns="http://www.w3.org/1999/xhtml" id="x"><p>a</p>b</div>'


def test_the_namespaces_of_the_document_do_not_leak_into_the_narrative() -> None:
    resource, _ = parse_xml(
        b'<Patient xmlns="http://hl7.org/fhir" xmlns:x="urn:x"><text><status value="generated"/>'
        b"<div xmlns='http://www.w3.org/1999/xhtml'>&#13;\r\na</div></text></Patient>"
    )
    assert resource is not None
    assert resource["text"]["div"] == "<div xmlns='http://www.w3.org/1999/xhtml'>\r\na</div>"


def test_nesting_is_bounded_as_in_json() -> None:
    def nested(levels: int) -> str:
        return '<extension url="u">' * levels + '<valueCode value="x"/>' + "</extension>" * levels

    assert parse_xml(_patient(nested(31)).encode())[0] is not None
    assert "json-too-deep" in _codes(_patient(nested(32)))
    assert _codes(_patient(nested(400))) == ["xml-malformed"]


def test_size_and_the_number_of_issues_are_bounded() -> None:
    assert [issue.code for issue in _issues(_patient("<a/>"), limit=20)] == ["body-too-large"]
    assert len(_issues(_patient('<colour value="x"/>' * 5000))) == MOST_ISSUES


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("1", 1), ("-1", -1), ("8999999999999999999", 8999999999999999999), ("1.10", "1.10"), ("1e2", "1E+2"),
        ("9000000000000000000", None), ("12345678901234567890.5", None), ("1e1000", None), ("01", None), ("+1", None),
        (".5", None), ("1.", None), ("1,5", None), ("NaN", None), ("1" * 5000, None),
        ("0." + "1" * 100, "0." + "1" * 100),
    ],
)  # fmt: skip
def test_a_number_is_one_that_json_would_take(text: str, kept: object) -> None:
    document = f'<Basic {NS}><extension url="u"><valueDecimal value="{text}"/></extension></Basic>'
    resource, issues = parse_xml(document.encode())
    if kept is None:
        assert [issue.code for issue in issues] == ["primitive-invalid"]
    else:
        assert resource is not None
        value = resource["extension"][0]["valueDecimal"]
        assert (value if isinstance(kept, int) else str(value)) == kept


def test_issues_repeat_no_values() -> None:
    for text in (
        _patient('<active value="张三"/>'),
        _patient("张三"),
        "<Patient 张三",
        _patient('<张三 value="x"/>'),
        "<a>&张三;</a>",
    ):
        for issue in _issues(text):
            assert "张三" not in issue.text() + issue.location + issue.expression


def test_a_large_document_takes_its_time_and_no_more() -> None:
    entry = (
        '<entry><resource><Patient><active value="true"/><name><text value="x"/></name></Patient></resource></entry>'
    )
    begun = process_time()
    resource, _ = parse_xml(f'<Bundle {NS}><type value="batch"/>{entry * 5000}</Bundle>'.encode())
    assert resource is not None and len(resource["entry"]) == 5000
    assert process_time() - begun < 5


_SEED = f"""<?xml version="1.0" encoding="UTF-8"?>
<Observation {NS}><id value="o"/>
<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p>a</p></div></text>
<contained><Patient><id value="p"/></Patient></contained><extension url="u"><valueDecimal value="1.0"/></extension>
<status value="final"/><code><text value="K"/></code>
<valueQuantity><value value="1.10"/></valueQuantity></Observation>""".encode()
_TOKENS = re.findall(rb"<[^>]*>|[^<]+", _SEED)
_NOISE = st.one_of(
    st.sampled_from(_TOKENS),
    st.sampled_from(
        [b"<", b">", b"&", b"&#1;", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"\x00", b"\xff", b"<a:b/>", b"<div/>"]
    ),
    st.binary(max_size=6),
)


@settings(max_examples=600, deadline=None)
@given(
    edits=st.lists(st.tuples(st.integers(0, len(_TOKENS)), st.sampled_from("+-=x"), _NOISE), max_size=5),
    cut=st.integers(0, len(_SEED)),
)
def test_bent_documents_give_issues_and_never_exceptions(edits: list[tuple[int, str, bytes]], cut: int) -> None:
    tokens = list(_TOKENS)
    for place, kind, noise in edits:
        at = min(place, len(tokens) - 1) if tokens else 0
        if kind == "+":
            tokens.insert(at, noise)
        elif tokens and kind == "-":
            del tokens[at]
        elif tokens and kind == "=":
            tokens[at] = noise
        elif tokens:
            middle = len(tokens[at]) // 2
            tokens[at] = tokens[at][:middle] + noise + tokens[at][middle:]
    for data in (b"".join(tokens), b"".join(tokens)[: cut if len(edits) % 2 else None]):
        places: Positions = {}
        resource, issues = parse_xml(data, places=places)
        assert (resource is None) == bool(issues)
        assert all(issue.refuses and issue.text() for issue in issues)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_bytes_give_issues_and_never_exceptions(data: bytes) -> None:
    resource, issues = parse_xml(data)
    assert (resource is None) == bool(issues)
