"""Documents inside messages, and links to them."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest

from mappers.datatypes import attachment
from mappers.datatypes.attachment import Attached, encapsulated, link, pointer, private, sniffed
from mappers.message import Delimiters, Segment, Value

PDF = b"%PDF-1.4 \xe6\x8a\xa5\xe5\x91\x8a"
TEXT = b64encode(PDF).decode()


def value(raw: str) -> Value:
    return Value(Segment("OBX", "OBX|1", 0, 1, Delimiters()), 5, 1, raw)


def document(raw: str) -> Attached:
    return encapsulated(value(raw))


@pytest.mark.parametrize(
    "raw",
    [
        f"LIS^application^pdf^Base64^{TEXT}",
        f"^application^pdf^Base64^{TEXT[:6]}\n{TEXT[6:]}",
        f"^application^pdf^Base64^{TEXT[:6]}\\.br\\{TEXT[6:]}",
        f"^application^pdf^Base64^{TEXT[:6]}\\X0D\\{TEXT[6:]}",
        f"^application^pdf^Base64^data:application/pdf;base64,{TEXT}",
        f"^AP^PDF^Base64^{TEXT}",
        f"^^^Base64^{TEXT}",
        TEXT,
    ],
)
def test_a_pdf_arrives_byte_for_byte_however_it_is_wrapped(raw: str) -> None:
    found = document(raw)
    assert found.issues == ()
    assert found.attachment is not None
    assert b64decode(found.attachment["data"]) == PDF
    assert found.attachment["contentType"] == "application/pdf"
    assert found.attachment["size"] == len(PDF)


@pytest.mark.parametrize(
    "raw", ["^application^pdf^Base64^不是", "^application^pdf^Base64^####", "^application^pdf^Base64^AAAA"]
)
def test_what_is_no_pdf_is_dropped(raw: str) -> None:
    assert document(raw) == Attached(None, ("attachment-invalid",))


def test_the_bytes_tell_the_type_when_the_declaration_is_wrong() -> None:
    picture = b64encode(b"\x89PNG\r\n\x1a\n").decode()
    found = document(f"^application^pdf^Base64^{picture}")
    assert found.attachment is not None
    assert found.attachment["contentType"] == "image/png"
    assert found.issues == ("attachment-type",)


def test_a_document_above_the_limit_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachment, "SIZE_LIMIT", 8)
    assert document(f"^application^pdf^Base64^{TEXT}") == Attached(None, ("attachment-too-large",))


def test_plain_text_and_hexadecimal_are_decoded() -> None:
    assert document("^text^plain^A^正常").attachment == {
        "contentType": "text/plain",
        "data": b64encode("正常".encode()).decode(),
        "size": 6,
        "hash": document("^text^plain^A^正常").attachment["hash"],  # type: ignore[index]
    }
    assert document(f"^application^pdf^Hex^{PDF.hex()}").attachment == document(TEXT).attachment


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.1.2/a",
        "http://10.1.2.3:8080/a",
        "http://pacs/a",
        "file:///d/a.pdf",
        "http://pacs.local/a",
        "http://[::1]/",
    ],
)
def test_an_address_inside_the_house_is_private(url: str) -> None:
    assert private(url)


@pytest.mark.parametrize("url", ["https://pacs.example.com/a", "http://8.8.8.8/a", "urn:oid:1.2.3"])
def test_an_address_outside_is_not(url: str) -> None:
    assert not private(url)


def test_a_pointer_keeps_the_ampersands_of_its_address() -> None:
    found = pointer(value("https://pacs.example.com/v?a=1&b=2^PACS^application^pdf"))
    assert found == Attached({"contentType": "application/pdf", "url": "https://pacs.example.com/v?a=1&b=2"})


def test_words_are_no_address() -> None:
    assert link("see the paper file") == Attached({"title": "see the paper file"})


@pytest.mark.parametrize(
    ("data", "kind"), [(b"<?xml ?>", "application/xml"), (b"\0" * 128 + b"DICM", "application/dicom"), (b"abc", "")]
)
def test_the_first_bytes_tell_the_type(data: bytes, kind: str) -> None:
    assert sniffed(data) == kind
