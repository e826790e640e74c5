"""From the JSON bytes of an answer to the bytes that leave: XML, indented, compressed, as the caller wants them.

Law: what is no resource (`media_type`) is never turned into anything else, and an answer of ours to our own fault is
sent as it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from fhir_server.rest.content_coding import SMALLEST, compressed, compressible
from fhir_server.rest.exchange import Answer
from fhir_server.rest.negotiation import Format
from fhir_server.store.body import parse
from profiles.json_output import dump_pretty


class Form(NamedTuple):
    """How an answer leaves."""

    format: Format
    pretty: bool
    gzip: bool


AS_IT_IS = Form(Format.JSON, pretty=False, gzip=False)


def work_left(answer: Answer, form: Form) -> bool:
    """Whether the bytes of the answer are not yet what the caller wants."""
    turned = form.pretty or form.format is Format.XML
    return bool(answer.body) and ((turned and not answer.media_type) or _shrinks(answer, form))


def _shrinks(answer: Answer, form: Form) -> bool:
    return form.gzip and len(answer.body) >= SMALLEST and compressible(answer.media_type)


def rendered(answer: Answer, form: Form) -> bytes:
    """The bytes to send. Compressed they begin with the magic number of gzip, which no text does."""
    if answer.body.startswith(_STATEMENT):
        return _statement(answer, form)
    return _rendered(answer, form)


_STATEMENT = b'{"resourceType":"CapabilityStatement"'
"""Large, the same for every caller, and asked for by each of them first."""


@lru_cache(maxsize=4)
def _statement(answer: Answer, form: Form) -> bytes:
    return _rendered(answer, form)


def _rendered(answer: Answer, form: Form) -> bytes:
    body = answer.body
    if not answer.media_type:
        if form.format is Format.XML:
            body = _xml(body, form)
        elif form.pretty:
            body = dump_pretty(parse(body))
    return compressed(body) if _shrinks(answer, form) else body


def _xml(body: bytes, form: Form) -> bytes:
    from profiles.xml_output import dump_xml, dump_xml_pretty  # only who wants XML pays for its library

    return (dump_xml_pretty if form.pretty else dump_xml)(parse(body))
