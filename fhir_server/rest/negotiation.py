"""What the headers and `_format` ask for, and what a body says it is (FHIR R4 http.html#mime-type, #parameters).

JSON and XML of FHIR 4.0 in UTF-8; `_format` overrules Accept; of two formats equally welcome the one that is named
wins, then JSON. A range with another `fhirVersion` is not for us.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from types import MappingProxyType

from fhir_server.rest.exchange import Preferences, Return
from fhir_server.search.query import Handling
from profiles.issue import Issue


class Format(Enum):
    """The media type each is sent with."""

    JSON = "application/fhir+json;charset=utf-8"
    XML = "application/fhir+xml;charset=utf-8"


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        **dict.fromkeys(
            ("application/fhir+json", "application/json", "text/json", "json", "application/json+fhir"), Format.JSON
        ),
        **dict.fromkeys(
            ("application/fhir+xml", "application/xml", "text/xml", "xml", "application/xml+fhir"), Format.XML
        ),
    }
)
"""What `_format` may say; with a slash also what Accept and Content-Type may."""
EXPLICIT = frozenset({"application/fhir+json", "application/fhir+xml"})
PATCHES = frozenset({"application/json-patch+json", "application/merge-patch+json", "application/xml-patch+xml"})
_RANKED = tuple(enumerate(Format))
_ANY = frozenset({"*/*", "application/*", "text/*"})
_CHARSET = re.compile(r'charset\s*=\s*"?([A-Za-z0-9._-]+)', re.IGNORECASE)
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_VERSION = re.compile(r'fhirVersion\s*=\s*"?([^";,\s]*)', re.IGNORECASE)
_VERSIONS = frozenset({"4.0", "4.0.0", "4.0.1"})
_QUALITY = re.compile(r"(?:^|;)\s*q\s*=\s*([^;]*)", re.IGNORECASE)
_NUMBER = re.compile(r"\s*(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", re.ASCII)
_PREFER = re.compile(r"\b(return|handling)\s*=\s*\"?([A-Za-z]+)", re.ASCII | re.IGNORECASE)
_ASYNC = re.compile(r"(?:^|[,;])\s*respond-async\b", re.IGNORECASE)


def media_type(text: str) -> str:
    """The bare media type of a header value, in lower case."""
    return text.partition(";")[0].strip().lower()


def answer_format(accept: str, parameters: tuple[tuple[str, str], ...]) -> Format | Issue:
    """The format of the answer, or an Issue when nothing the caller accepts can be given."""
    for name, text in parameters:
        if name == "_format":
            # A + in `application/fhir+json` that was not escaped arrives as a blank.
            found = FORMATS.get(media_type(text).replace(" ", "+"))
            fits = found is not None and _our_version(text)
            return found if found and fits else Issue("not-acceptable", "http._format")
    return _accepted(accept) if accept else Format.JSON


@lru_cache(maxsize=256)
def _accepted(accept: str) -> Format | Issue:
    named: dict[Format, tuple[float, int]] = {}
    anything = 0.0
    for place, (media, quality) in enumerate(ranges(accept)):
        found = FORMATS.get(media) if "/" in media else None
        if found is not None:
            named[found] = max(named.get(found, (-1.0, 0)), (quality, -place))
        elif media in _ANY:
            anything = max(anything, quality)
    # Quality first, then being named at all, then the place in the list; the default wins a tie.
    scores = [(*named[one], one) if one in named else (anything, -1 - len(accept) - rank, one) for rank, one in _RANKED]
    quality, _, best = max(scores, key=lambda score: score[:2])
    return best if quality > 0 else Issue("not-acceptable", "http.Accept")


def ranges(accept: str) -> list[tuple[str, float]]:
    """Media ranges and their quality; what cannot be read, or asks for another FHIR version, is left out."""
    found = []
    for part in accept.split(","):
        media, _, given = part.partition(";")
        quality = _QUALITY.search(given)
        if (quality is None or _NUMBER.fullmatch(quality[1])) and _our_version(given):
            found.append((media.strip().lower(), float(quality[1]) if quality else 1.0))
    return found


def _our_version(parameters: str) -> bool:
    version = _VERSION.search(parameters)
    return version is None or version[1] in _VERSIONS


@lru_cache(maxsize=128)
def body_format(content_type: str) -> Format | Issue:
    """What the body is, or an Issue when it is no FHIR 4.0 in UTF-8; no header counts as JSON."""
    if not content_type:
        return Format.JSON
    media = media_type(content_type)
    found = FORMATS.get(media) if "/" in media else None
    return found if found and _readable(content_type) else Issue("media-type", "http.Content-Type")


def patch_issue(content_type: str) -> Issue | None:
    """A patch is a JSON Patch, an XML Patch, or a Parameters resource (http.html#patch)."""
    if media_type(content_type) in PATCHES and _readable(content_type):
        return None
    found = body_format(content_type) if content_type else Issue("media-type", "http.Content-Type")
    return found if isinstance(found, Issue) else None


def _readable(content_type: str) -> bool:
    charset = _CHARSET.search(content_type)
    return (charset is None or charset[1].lower() in _CHARSETS) and _our_version(content_type)


def is_form(content_type: str) -> bool:
    return media_type(content_type) == "application/x-www-form-urlencoded"


def pretty(parameters: tuple[tuple[str, str], ...]) -> bool:
    return ("_pretty", "true") in parameters


def preferences(prefer: str) -> Preferences:
    """`return`, `handling` and `respond-async`; what is unknown is passed over, as RFC 7240 says."""
    if not prefer:
        return _NO_PREFERENCES
    found: dict[str, str] = {}
    for name, value in _PREFER.findall(prefer):
        found.setdefault(name.lower(), value.lower())  # the first counts, RFC 7240 2
    returned = {each.value.lower(): each for each in Return}.get(found.get("return", ""), Return.DEFAULT)
    lenient = found.get("handling") == "lenient"
    return Preferences(
        returned, Handling.LENIENT if lenient else Handling.STRICT, respond_async=_ASYNC.search(prefer) is not None
    )


_NO_PREFERENCES = Preferences()
