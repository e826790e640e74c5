"""Code systems whose codes are a grammar and cannot be listed: whether a text is one of their codes.

Law: pure; what the grammar takes from a list (countries, the two-letter languages, units) is held against that list.
Sources: BCP 13 (RFC 6838), BCP 47 (RFC 5646), UCUM, ISO 3166-2, RFC 3986, the IANA time zone database;
http://hl7.org/fhir/R4/terminologies-systems.html for their names as code systems.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from profiles.iso_codes import countries
from profiles.systems import UCUM

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+*-]{1,127}(?:\s*;\s*[^;\s=]+=[^;]+)*")
_LANGUAGE = re.compile(
    r"(?P<language>[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(?:-[A-Za-z]{4})?"
    r"(?:-(?P<region>[A-Za-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(?:-[A-WY-Za-wy-z0-9](?:-[A-Za-z0-9]{2,8})+)*"
    r"(?:-[xX](?:-[A-Za-z0-9]{1,8})+)?|[xX](?:-[A-Za-z0-9]{1,8})+|[iI](?:-[A-Za-z0-9]{2,8})+"
)
_SUBDIVISION = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,3}")
_URI = re.compile(r"[^\s<>\"{}|\\^`]+")  # a reference may be relative
# CapabilityStatement.format and the `_format` parameter name these without a slash (http.html#mime-type).
_FORMATS = frozenset({"xml", "json", "ttl"})
# ISO 639-1, and those withdrawn from it that BCP 47 keeps; each is two letters.
_LANGUAGES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee "
    "el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io "
    "is it iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk "
    "ml mn mo mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc "
    "sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve "
    "vi vo wa wo xh yi yo za zh zu "
)
_TWO_LETTERS = frozenset(_LANGUAGES.split())
# Regions of BCP 47 that ISO 3166 reserves, withdrew or leaves to its users.
_REGIONS = "AA AC AN BU CP CS DD DG EA EU EZ FX IC NT SU TA TP UK UN XK YD YU ZR ZZ"
_MORE_REGIONS = frozenset(_REGIONS.split())


def _is_media_type(code: str) -> bool:
    return code in _FORMATS or _MEDIA_TYPE.fullmatch(code) is not None


def _is_language(code: str) -> bool:
    match = _LANGUAGE.fullmatch(code)
    if match is None:
        return False
    primary, region = (match["language"] or "").partition("-")[0].lower(), (match["region"] or "").upper()
    if len(primary) == 2 and primary not in _TWO_LETTERS:
        return False
    return len(region) != 2 or region in _MORE_REGIONS or region[0] == "X" or region in countries()


def _is_subdivision(code: str) -> bool:
    match = _SUBDIVISION.fullmatch(code)
    return match is not None and match[1] in countries()


def _is_unit(code: str) -> bool:
    from profiles.fhirpath.ucum import fault

    return fault(code) is None


@cache
def _time_zones() -> frozenset[str]:
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


def _is_time_zone(code: str) -> bool:
    zones = _time_zones()
    return code in zones or not zones


SYNTAXES: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "urn:ietf:bcp:13": _is_media_type,
        "urn:ietf:bcp:47": _is_language,
        UCUM: _is_unit,
        "urn:iso:std:iso:3166:-2": _is_subdivision,
        "urn:ietf:rfc:3986": lambda code: _URI.fullmatch(code) is not None,
        "https://www.iana.org/time-zones": _is_time_zone,
    }
)
"""By code system: whether a code is one of it."""
