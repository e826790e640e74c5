"""Attachment: the size and the hash it states are those of its data.

Source: http://hl7.org/fhir/R4/datatypes-definitions.html#Attachment.size ("the number of bytes of data that make up
this attachment (before base64 encoding, if that is done)"), #Attachment.hash (SHA-1).
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Iterator
from hashlib import sha1
from typing import Any

from profiles.issue import Issue
from profiles.validator.place import Place

Json = dict[str, Any]


def measured(attachment: Json, place: Place) -> Iterable[Issue]:
    """Size and hash against data."""
    data = attachment.get("data")
    if type(data) is not str or ("size" not in attachment and "hash" not in attachment):
        return ()
    return _compared(attachment, data, place)


def _compared(attachment: Json, data: str, place: Place) -> Iterator[Issue]:
    try:
        held = binascii.a2b_base64(data)
    except ValueError:
        return
    if attachment.get("size", len(held)) != len(held):
        yield place.issue("attachment-size", ".size")
    stated = attachment.get("hash")
    if type(stated) is str and binascii.a2b_base64(stated) != sha1(held, usedforsecurity=False).digest():
        yield place.issue("attachment-hash", ".hash")
