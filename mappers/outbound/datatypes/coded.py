"""CodeableConcept, Coding -> CWE, CE, IS, ID.

What the sender wrote stands beside the target code that a table made of it: it goes first, and the target is left out,
for the table makes it again. Local codes of another institution carry its code as `99…` (table 0396), so that nobody
takes them for his own. Source: HL7 v2.5.1 2.A.13; the inverse of `mappers.datatypes.codeable_concept`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from mappers.codes import Unmapped, lookup, table
from mappers.datatypes.language import BCP_47
from mappers.outbound.ask import Ask
from mappers.outbound.inverse import code_of, system_name
from mappers.outbound.receiver import Receiver
from mappers.outbound.tree import Repetition, lengths
from mappers.systems import SID

Coding = dict[str, Any]
_OWN_CODE = "L"
"""Table 0396: a local code."""
_PLACES = ((1, 2, 3, 7), (4, 5, 6, 8), (10, 11, 12, 13))
"""Code, display, system and version of the codings of a CWE."""


def concept(value: Any, ask: Ask) -> Repetition | None:
    """CWE of a CodeableConcept; `None` when it belongs to another field or says nothing."""
    if not isinstance(value, dict) or _elsewhere(value, ask.field):
        return None
    told = [one for one in value.get("coding", ()) if one.get("code") or one.get("display")]
    codings = _told(told, ask)
    text = value.get("text") or ""
    if not codings:
        return _only_text(told, text, ask)
    out: Repetition = {}
    modern = ask.receiver.at_least("2.5")
    for coding, places in zip(codings, _PLACES[: 3 if modern else 2], strict=False):
        _place(out, coding, places, ask)
    if text and text not in (part for part in out.values() if isinstance(part, str)):
        if 2 not in out:
            out[2] = text
        elif 5 not in out and 4 in out:
            out[5] = text
        elif modern:
            out[9] = text
    return out or None


def _only_text(told: list[Coding], text: str, ask: Ask) -> Repetition | None:
    """Without a code: the words stand in 2. With a target only, the code of the table."""
    for one in told:
        code = (
            code_of(ask.receiver, ask.vocabulary, one.get("code", ""), one.get("system", "")) if ask.vocabulary else ""
        )
        if code:
            return {1: code, 2: text} if text and text != code else {1: code}
    return {2: text} if text else None


def _elsewhere(value: dict[str, Any], field: str) -> bool:
    """Whether a local code of the concept says that it came in another field (`…/code/PV1-18`)."""
    for one in value.get("coding", ()):
        place = one.get("system", "").rpartition("/code/")[2] if one.get("system", "").startswith(SID) else ""
        if is_field(place) and place != field:
            return place[:3] == field[:3]
    return False


def _told(codings: list[Coding], ask: Ask) -> list[Coding]:
    """The codings to write, first what the sender wrote; a target that the table makes of another one is left out."""
    if not ask.vocabulary:
        return [one for one in codings if one.get("system") != BCP_47 or len(codings) == 1]
    made = _made(codings, ask)
    if made is None:
        if not table(ask.vocabulary).codes:
            return [one for one in codings if one.get("system") != BCP_47 or len(codings) == 1]
        return _translated(codings, ask)
    target, source = made
    if target is source:
        return _translated(codings, ask)
    rest = [one for one in codings if one is not target and one is not source and one.get("system") != BCP_47]
    if source["code"] == target["code"] and _own(source, ask.receiver):
        source = {**source, "system": _OWN_CODE}  # without it the reader would take it for that of the table
    return [source, *rest]


def _own(coding: Coding, receiver: Receiver) -> bool:
    """Whether the code is one of the receiver's own."""
    return bool(coding.get("system", "").startswith(f"{SID}/{receiver.site.institution}/"))


def _made(codings: list[Coding], ask: Ask) -> tuple[Coding, Coding] | None:
    """(target, source) when one coding is what the table makes of another one, or of itself."""
    for source in reversed(codings):
        found = lookup(ask.receiver.site, ask.vocabulary, source.get("code", ""))
        if isinstance(found, Unmapped):
            continue
        for target in codings:
            if target.get("code") == found.code and target.get("system", "") == found.system:
                return target, source
    return None


def _translated(codings: list[Coding], ask: Ask) -> list[Coding]:
    """The first coding that the table knows as a target, as its v2 code; the others behind it."""
    targets = table(ask.vocabulary).targets
    for one in codings:
        known = targets.get(one.get("code", ""))
        if known is None or known.system != one.get("system", ""):
            continue
        code = code_of(ask.receiver, ask.vocabulary, one["code"], one.get("system", ""))
        if code:
            rest = [other for other in codings if other is not one]
            return [{"code": code, "display": one.get("display", "")}, *rest]
    return codings


def _place(out: Repetition, coding: Coding, places: tuple[int, int, int, int], ask: Ask) -> None:
    code, display, system, version = places
    said = {
        code: coding.get("code", ""),
        display: coding.get("display", ""),
        system: _system(coding.get("system", ""), ask),
        version: coding.get("version", ""),
    }
    out.update({number: text for number, text in said.items() if text})


def _system(url: str, ask: Ask) -> str:
    if not url:
        return ""
    if not url.startswith(f"{SID}/"):
        return system_name(url)
    institution, _, name = url[len(SID) + 1 :].partition("/code/")
    return _local(institution, name, ask.receiver)


def _local(institution: str, name: str, receiver: Receiver) -> str:
    if institution != receiver.site.institution:
        return f"99{institution}"
    return "" if is_field(name) else unquote(name)


def is_field(name: str) -> bool:
    """Whether the name of a local code system is the field its codes come in (`PV1-18`)."""
    segment, dash, number = name.partition("-")
    return bool(dash) and number.isdigit() and segment in lengths("2.5.1")


def coding(value: Any, ask: Ask) -> Repetition | None:
    """CWE of a Coding."""
    return concept({"coding": [value]}, ask) if isinstance(value, dict) else None


def text_concept(value: Any, ask: Ask) -> Repetition | None:
    """ST of a CodeableConcept."""
    if not isinstance(value, dict):
        return None
    text = value.get("text") or next((one.get("display") or one.get("code") for one in value.get("coding", ())), "")
    return {1: text} if text else None


def plan(value: Any, ask: Ask) -> Repetition | None:
    """CWE of a Coverage.class of the kind plan."""
    if not isinstance(value, dict) or not value.get("value"):
        return None
    out: Repetition = {1: value["value"]}
    if value.get("name"):
        out[2] = value["name"]
    return out


def string(value: Any, ask: Ask) -> Repetition | None:
    """A text where v2 has a coded value."""
    return {2: value} if isinstance(value, str) and value else None


def message_type(value: Any, ask: Ask) -> Repetition | None:
    """The type as it was written."""
    parts = (value.get("text") or "").split("^") if isinstance(value, dict) else []
    return {number: part for number, part in enumerate(parts, 1) if part} or None


def ethnicity(value: Any, ask: Ask) -> Repetition | None:
    """The ethnic group as it was written; the coding that its name gave is left out."""
    if not isinstance(value, dict):
        return None
    codings, names = value.get("coding", []), [value.get("text", "")]
    for one in codings:
        names += [one.get("display", ""), one.get("code", "")]
    told = (lookup(ask.receiver.site, "Ethnicity", name) for name in names if name)
    made = {(one.system, one.code) for one in told if not isinstance(one, Unmapped)}
    rest = [one for one in codings if (one.get("system"), one.get("code")) not in made]
    if rest or value.get("text"):
        return concept({**value, "coding": rest}, ask)
    return concept(value, ask)


def of_table(value: Any, ask: Ask) -> Repetition | None:
    """A code of one HL7 table."""
    if not isinstance(value, dict):
        return None
    code = next((one.get("code", "") for one in value.get("coding", ())), "") or value.get("text", "")
    return {1: code} if code else None
