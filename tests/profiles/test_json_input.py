"""What is not strict FHIR JSON is refused with a code, whatever it is; what is, comes through to the last digit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles import dump, parse


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json-malformed"),
        (b"{", "json-malformed"),
        (b"{} x", "json-malformed"),
        (b"{'a': 1}", "json-malformed"),
        (b'{"a": 1,}', "json-malformed"),
        (b'{"a": 01}', "json-malformed"),
        (b'{"a": NaN}', "json-malformed"),
        (b'{"a": -Infinity}', "json-malformed"),
        (b'{"a": "\xff"}', "json-malformed"),
        (b'{"a": "\x00"}', "json-malformed"),
        (rb'{"a": "\u0000"}', "json-malformed"),
        (rb'{"a": "x\\\u0000"}', "json-malformed"),
        (rb'{"a": "\ud800"}', "json-malformed"),
        (rb'{"a": "\ud83d\u0041"}', "json-malformed"),
        (rb'{"\udc00": 1}', "json-malformed"),
        (b'{"a": "\xed\xa0\x80"}', "json-malformed"),
        (b"\xff\xfe{\x00}\x00", "json-malformed"),
        (b'{"a": 1, "a": 2}', "json-duplicate-key"),
        (b'{"a": {"b": 1, "c": 2, "b": 1}}', "json-duplicate-key"),
        (rb'{"a": 1, "\u0061": 2}', "json-duplicate-key"),
        (b"[]", "body-not-object"),
        (b'"a"', "body-not-object"),
        (b"null", "body-not-object"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "json-too-deep"),
        (b'{"a":"]]]","b":[' * 33 + b"1" + b"]}" * 33, "json-too-deep"),
        (b"[" * 100_000, "json-too-deep"),
        (b'{"a": 9' + b"0" * 18 + b"}", "number-too-large"),
        (b'{"a": -1' + b"0" * 5000 + b"}", "number-too-large"),
        (b'{"a": 1e99999999999999999999}', "number-too-large"),
        (b'{"a": 1E-1000}', "number-too-large"),
    ],
)
def test_refused(data: bytes, code: str) -> None:
    resource, issues = parse(data)
    assert resource is None
    assert [issue.code for issue in issues] == [code]
    assert "{" not in issues[0].text("en")


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a": 1.10}', Decimal("1.10")),
        (b'{"a": 1000000000000000000}', 10**18),
        (b'{"a": 1.000000000000000000E-245}', Decimal("1.000000000000000000E-245")),
        (b'{"a": 0.12345678901234567890123}', Decimal("0.12345678901234567890123")),
        (b'\xef\xbb\xbf{"a": "\xe5\xbc\xa0"}', "张"),
        (rb'{"a": "\\u0000"}', "\\u0000"),
        (rb'{"a": "\"[[\\"}', '"[[\\'),
        (rb'{"a": "\ud83d\ude00"}', "😀"),
        (b'{"a": "99999999999999999999 e12345"}', "99999999999999999999 e12345"),
        (b'{"a":"' + b"[" * 100 + b'"}', "[" * 100),
    ],
)
def test_read_as_written(data: bytes, value: object) -> None:
    resource, issues = parse(data)
    assert issues == ()
    assert resource is not None
    assert resource["a"] == value
    assert str(resource["a"]) == str(value)


def test_sixty_four_levels_are_read() -> None:
    assert parse(b'{"a":' * 64 + b"1" + b"}" * 64)[1] == ()


def test_the_byte_limit_is_asked_before_anything_else() -> None:
    assert [issue.code for issue in parse(b"[" * 11, limit=10)[1]] == ["body-too-large"]
    assert parse(b'{"a": "12"}', limit=11)[1] == ()


def test_no_sentence_repeats_the_content() -> None:
    for data in (b'{"SECRET": 1, "SECRET": 2}', b'{"a": SECRET}', b'{"SECRET": 1'):
        assert "SECRET" not in parse(data)[1][0].text("en")


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\u0de19.-+ ', max_size=80).map(str.encode))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    resource, issues = parse(data)
    assert (resource is None) == bool(issues)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=20,
)


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), VALUES, max_size=4)
)
def test_what_is_written_is_read_back_the_same(resource: dict[str, object]) -> None:
    assert parse(dump(resource)) == (resource, ())
