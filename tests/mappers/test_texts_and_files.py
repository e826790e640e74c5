"""Attachments and code tables: what a sender claims of a file, and tables that cannot be read."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest

from mappers.codes import Coded, Unmapped, lookup, table
from mappers.datatypes.attachment import encapsulated, link, pointer, private, sniffed
from mappers.datatypes.reference_range import bounds, reference_range
from mappers.datatypes.units import Unit
from mappers.message import Delimiters, Segment, Value
from tests.mappers.sample import SITE

PDF = b64encode(b"%PDF-1.4 test").decode()
WORDS = b64encode(b"plain words").decode()


def value(raw: str) -> Value:
    return Value(Segment("OBX", "OBX|1", 0, 1, Delimiters()), 5, 1, raw)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raw", "kind", "issues"),
    [
        (f"^application^pdf^Base64^{PDF}", "application/pdf", ()),
        (f"^AP^PDF^Base64^{PDF}", "application/pdf", ()),
        (f"^^application/pdf^Base64^{PDF}", "application/pdf", ()),
        (f"^image^jpeg^Base64^{PDF}", "application/pdf", ("attachment-type",)),
        (f"^IM^JPEG^Base64^{WORDS}", "image/jpeg", ()),
        (f"^TX^TXT^Base64^{WORDS}", "text/plain", ()),
        (f"^AU^x-own^Base64^{WORDS}", None, ("attachment-invalid",)),
        (f"^FT^^Base64^{WORDS}", None, ("attachment-invalid",)),
        (f"^application^pdf^Base64^{WORDS}", None, ("attachment-invalid",)),
        (f"^^^Base64^{PDF[:20]} \n {PDF[20:].rstrip('=')}", "application/pdf", ()),
        ("^TEXT^plain^A^words", "text/plain", ()),
        ("^^^A^words", "text/plain", ()),
        ("^^HTML^A^<html>", "text/html", ()),
        ("^application^pdf^Hex^255044462d31", "application/pdf", ()),
        ("^application^pdf^Hex^2550x", None, ("attachment-invalid",)),
        ("^application^pdf^Base64^***", None, ("attachment-invalid",)),
        (f"data:application/pdf;base64,{PDF}", "application/pdf", ()),
        (PDF, "application/pdf", ()),
        ("^TEXT^plain^A^", None, ("attachment-invalid",)),
    ],
)
def test_a_file_has_the_type_it_shows_else_the_one_that_is_claimed(
    raw: str, kind: str | None, issues: tuple[str, ...]
) -> None:
    found = encapsulated(value(raw))
    assert (found.attachment or {}).get("contentType") == kind
    assert found.issues == issues


def test_a_file_has_its_size_and_the_hash_of_its_bytes() -> None:
    assert encapsulated(value("^TEXT^plain^A^abc")).attachment == {
        "contentType": "text/plain",
        "data": "YWJj",
        "size": 3,
        "hash": "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
    }


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF", "application/pdf"),
        (b"\x89PNG\r\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"BM", "image/bmp"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"{\\rtf1", "application/rtf"),
        (b"PK\x03\x04", "application/zip"),
        (b"\0" * 128 + b"DICM", "application/dicom"),
        (b"\xef\xbb\xbf<?XML", "application/xml"),
        (b" \r\n<!DOCTYPE html>", "text/html"),
        (b"<HTML>", "text/html"),
        (b"words", ""),
    ],
)
def test_the_first_bytes_tell_the_type(data: bytes, kind: str) -> None:
    assert sniffed(data) == kind


@pytest.mark.parametrize(
    ("raw", "expected", "issues"),
    [
        ("https://h.example.com/a^^application^pdf", {"contentType": "application/pdf"}, ()),
        ("https://h.example.com/a^^AP^JPG", {"contentType": "image/jpeg"}, ()),
        ("https://h.example.com/a^^^JPG", {"contentType": "image/jpeg"}, ()),
        ("https://h.example.com/a", {}, ()),
        ("http://10.0.0.1/a^^^odd", {}, ("attachment-private-url",)),
    ],
)
def test_a_pointer_is_a_link_with_the_type_it_names(
    raw: str, expected: dict[str, str], issues: tuple[str, ...]
) -> None:
    assert pointer(value(raw)) == ({**expected, "url": raw.partition("^")[0]}, issues)


def test_what_is_no_link_is_a_title_or_nothing() -> None:
    assert link("see the archive") == ({"title": "see the archive"}, ())
    assert pointer(value("")) == (None, ())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://192.168.1.2/a", True),
        ("http://8.8.8.8/a", False),
        ("http://pacs/a", True),
        ("http://pacs.local/a", True),
        ("http://h.lan", True),
        ("http://h.internal", True),
        ("http://h.intranet", True),
        ("sftp://h.example.com", False),
        ("wado://h.example.com", False),
        ("file:///c/a.pdf", True),
        ("urn:uuid:1", False),
        ("http://[", True),
    ],
)
def test_a_host_that_only_the_sender_reaches_is_private(url: str, expected: bool) -> None:
    assert private(url) is expected


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("5-10", "5", "10"),
        ("(5--10)", "5", "10"),
        ("5至10 mmol/L", "5", "10"),
        ("-3--1", "-3", "-1"),
        ("<5", None, "5"),
        ("≤5", None, "5"),
        ("小于5", None, "5"),
        (">60", "60", None),
        ("大于60mmol/L", "60", None),
        ("10-5", None, None),
        ("5-10 mg", None, None),
        ("<5 mg", None, None),
        ("轻：31-49", None, None),
    ],
)
def test_a_range_has_its_numbers_and_always_its_text(text: str, low: str | None, high: str | None) -> None:
    unit = Unit("mmol/L", "mmol/L")
    found = reference_range(text, unit)
    ends = {name: str(found[name]["value"]) for name in ("low", "high") if name in found}
    assert ends == {name: end for name, end in (("low", low), ("high", high)) if end}
    assert all(found[name]["code"] == found[name]["unit"] == "mmol/L" for name in ends)
    assert found["text"] == text
    assert (bounds(text, "mmol/L") is None) == (not ends)


def test_a_code_is_looked_up_at_the_site_then_in_the_table() -> None:
    site = replace(SITE, codes={("AdministrativeSex", "x"): "male", ("AdministrativeSex", "y"): "urn:s|own"})
    known = lookup(site, "AdministrativeSex", "x")
    assert isinstance(known, Coded)
    assert (known.code, known.system, known.source_system) == ("male", "http://hl7.org/fhir/administrative-gender", "")
    assert lookup(site, "AdministrativeSex", "y") == Coded("own", "", "urn:s", "")
    assert lookup(site, "AdministrativeSex", "z") == Unmapped("AdministrativeSex", "z")
    with pytest.raises(KeyError, match="there is no code table Nothing"):
        table("Nothing")
