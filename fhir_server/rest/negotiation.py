"""What the headers and `_format` ask for (FHIR R4 http.html#mime-type, #parameters): JSON in UTF-8, for now."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fhir_server.rest.exchange import Preferences, Return
from fhir_server.search.query import Handling
from profiles.issue import Issue

FHIR_JSON = "application/fhir+json;charset=utf-8"
_JSON = frozenset({"application/fhir+json", "application/json", "text/json", "json", "application/json+fhir"})
_ANY = frozenset({"*/*", "application/*", "text/*"})
_CHARSET = re.compile(r'charset\s*=\s*"?([A-Za-z0-9._-]+)', re.IGNORECASE)
_PREFER = re.compile(r"(return|handling)\s*=\s*\"?([A-Za-z]+)", re.ASCII)


def answer_format(accept: str, parameters: tuple[tuple[str, str], ...]) -> Issue | None:
    """An Issue when nothing the caller accepts can be given; `_format` overrules Accept."""
    asked = next((text for name, text in parameters if name == "_format"), None)
    if asked is not None:
        # A + in `application/fhir+json` that was not escaped arrives as a blank.
        return None if _media(asked).replace(" ", "+") in _JSON else Issue("not-acceptable", "http._format")
    if not accept or any(_wanted(part) for part in accept.split(",")):
        return None
    return Issue("not-acceptable", "http.Accept")


def _wanted(part: str) -> bool:
    media = _media(part)
    return (media in _JSON or media in _ANY) and not re.search(r";\s*q\s*=\s*0(?:\.0*)?\s*(?:;|$)", part)


def _media(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def body_format(content_type: str) -> Issue | None:
    """An Issue when the body is not JSON in UTF-8; no header counts as JSON."""
    charset = _CHARSET.search(content_type)
    if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        return Issue("media-type", "http.Content-Type")
    return None if not content_type or _media(content_type) in _JSON else Issue("media-type", "http.Content-Type")


def is_form(content_type: str) -> bool:
    return _media(content_type) == "application/x-www-form-urlencoded"


def pretty(parameters: tuple[tuple[str, str], ...]) -> bool:
    return ("_pretty", "true") in parameters


def preferences(prefer: str) -> Preferences:
    """`return` and `handling`; what is unknown is passed over, as RFC 7240 says."""
    if not prefer:
        return _NO_PREFERENCES
    found: Mapping[str, str] = dict(_PREFER.findall(prefer))
    returned = {each.value: each for each in Return}.get(found.get("return", ""), Return.DEFAULT)
    lenient = found.get("handling") == "lenient"
    return Preferences(returned, Handling.LENIENT if lenient else Handling.STRICT)


_NO_PREFERENCES = Preferences()
