"""Decimals are written with the digits they came with."""

from decimal import Decimal

import pytest

from profiles import dump
from profiles.json_output import dump_pretty


@pytest.mark.parametrize(
    ("value", "text"),
    [("1.10", "1.10"), ("6.3", "6.3"), ("0.0000001", "0.0000001"), ("1E+2", "1E+2"), ("-0.0", "-0.0"), ("100", "100"),
     ("1.000000000000000000E-245", "1.000000000000000000E-245")],
)  # fmt: skip
def test_decimal_keeps_its_digits(value: str, text: str) -> None:
    assert dump({"a": Decimal(value)}) == b'{"a":' + text.encode() + b"}"


def test_text_is_written_as_utf8() -> None:
    assert dump({"a": "张"}) == '{"a":"张"}'.encode()
    assert dump_pretty({"a": Decimal("1.0")}) == b'{\n  "a": 1.0\n}'


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), object()])
def test_what_has_no_json_form_is_an_error_of_ours(value: object) -> None:
    with pytest.raises(TypeError):
        dump({"a": value})
