"""CE, CWE, CNE, CF, IS, ID, ST -> CodeableConcept, Coding, code, string, boolean.

With a vocabulary the target code comes first and what the sender wrote stays beside it, in the v2 table or in the local
system of the institution; what nobody mapped stays as it came, is said (`code-unmapped`) and put on the work list.
Source: HL7 v2.5.1 2.A.3 (CE), 2.A.13 (CWE); official maps CWE[CodeableConcept], CWE[Coding], CWE[code], ID[boolean].
"""

from __future__ import annotations

from typing import Any

from mappers.codes import Coded, Unmapped, table
from mappers.datatypes.coding_system import system_of
from mappers.datatypes.membership import calls, holds
from mappers.datatypes.primitive import spaced
from mappers.message import NULL
from mappers.use import Part, Repetition, Use
from profiles.identifiers import loinc_valid
from profiles.systems import LOINC

V2_0003 = "http://terminology.hl7.org/CodeSystem/v2-0003"
_ALTERNATES = ((4, 5, 6, 8), (10, 11, 12, 13))
"""Code, display, system and version of the second and third coding of a CWE."""


def codeable_concept(value: Repetition, use: Use) -> dict[str, Any] | None:
    """CWE[CodeableConcept], and the same for CE, CNE, CF, IS, ID: `None` when there is neither code nor text."""
    codings: list[dict[str, Any]] = []
    text: list[str] = []
    spare: list[tuple[int, str]] = []
    mapped = _mapped(value, use, codings)
    original = _coding(use, codings, spare, 1, 2, 3, 7, "coding", source=mapped)
    if original is None and value.get(1) in (None, "", NULL):
        _text_only(use, text)
    size = len(value.components)
    for code, display, system, version in _ALTERNATES:
        if size >= code and _coding(use, codings, spare, code, display, system, version, "coding") is None:
            _display(use, codings, display)
    if said := use.take(9, "text"):
        text.insert(0, said)
    concept: dict[str, Any] = {}
    if codings:
        concept["coding"] = codings
    text += [said for _, said in spare]
    spoken = text[0] if text else next((one["display"] for one in reversed(codings) if "display" in one), None)
    if spoken is None and codings and mapped is None:
        spoken = codings[0].get("code")
    if spoken is not None:
        concept["text"] = spoken
    for at, said in spare:
        if said == spoken:
            use.leaf(at, "text")
    return concept or None


def _mapped(value: Repetition, use: Use, codings: list[dict[str, Any]]) -> Coded | None:
    """The target coding by the row's vocabulary, when there is one; noted as coded."""
    code = value.get(1)
    if not use.table or not code or code == NULL or not table(use.table).codes:
        return None
    found = use.code(code)
    if isinstance(found, Unmapped) or not holds(found.system, found.code):
        return None
    codings.append(_target(found))
    use.coded(1, "coding[0].code", use.table, code, found.code)
    return found


def _target(found: Coded) -> dict[str, Any]:
    coding: dict[str, Any] = {"code": found.code}
    if found.system:
        coding = {"system": found.system, **coding}
    if found.display and calls(found.system, found.code, found.display):
        coding["display"] = found.display
    return coding


def _coding(
    use: Use,
    codings: list[dict[str, Any]],
    spare: list[tuple[int, str]],
    code_at: int,
    display_at: int,
    system_at: int,
    version_at: int,
    under: str,
    source: Coded | None = None,
) -> dict[str, Any] | None:
    """Adds what the sender wrote as a coding of its own, unless the target coding says the same. A display that is none
    of the names of the code goes to `spare`, with its component."""
    value = use.value
    code = value.get(code_at)
    if code is None or code == NULL:
        return None
    code = spaced(code)
    system = _system(use, code, value.get(system_at), system_at, source)
    same = next((n for n, one in enumerate(codings) if one.get("code") == code and one.get("system") == system), None)
    place = f"{under}[{len(codings) if same is None else same}]"
    coding = {"system": system, "code": code} if same is None else codings[same]
    use.leaf(code_at, f"{place}.code")
    if value.get(system_at):
        use.leaf(system_at, f"{place}.system")
    display = value.get(display_at)
    if display and display != NULL:
        if calls(system, code, display):
            coding["display"] = display
            use.leaf(display_at, f"{place}.display")
        else:
            spare.append((display_at, display))
    if version := use.take(version_at, f"{place}.version"):
        coding["version"] = version
    if same is None:
        codings.append(coding)
    return coding


def _display(use: Use, codings: list[dict[str, Any]], at: int) -> None:
    """The name of an alternate that has no code: often the name of the first coding again."""
    if (said := use.said(at)) is None:
        return
    index = next((n for n, one in enumerate(codings) if one.get("display") == said), len(codings))
    if index == len(codings):
        codings.append({"display": said})
    use.leaf(at, f"coding[{index}].display")


def _system(use: Use, code: str, name: str | None, system_at: int, source: Coded | None) -> str:
    institution = use.site.institution
    field = f"{use.value.segment.name}-{use.value.field}"
    if name and name != NULL:
        url = system_of(name, institution, field)
        if url == LOINC and not loinc_valid(code):
            use.issue("code-system-fake", system_at)
            return system_of(None, institution, field)
        if holds(url, code):
            return url
    elif source is not None and source.source_system and holds(source.source_system, code):
        return source.source_system
    return system_of(None, institution, field)


def _text_only(use: Use, text: list[str]) -> None:
    """A concept whose sender wrote only a description (2); codes without a place of their own are not invented."""
    if said := use.take(2, "text"):
        text.append(said)


def coding(value: Repetition, use: Use) -> dict[str, Any] | None:
    """CWE[Coding], ID[Coding]: the target code when the row has a vocabulary, else what was written."""
    code = value.get(1)
    if code is None or code == NULL:
        return None
    if use.table and table(use.table).codes:
        found = use.code(code)
        if isinstance(found, Coded) and holds(found.system, found.code):
            use.coded(1, "code", use.table, code, found.code)
            return _target(found)
    codings: list[dict[str, Any]] = []
    result = _coding(use, codings, [], 1, 2, 3, 7, "")
    if result is not None:
        use.notes = [(leaf, outcome, path.replace("[0].", "", 1), rule) for leaf, outcome, path, rule in use.notes]
    return result


def required_coding(value: Repetition, use: Use) -> dict[str, Any] | None:
    """CWE[Coding-Required]: the target code or nothing; the caller refuses what cannot do without."""
    code = value.get(1)
    if code is None or code == NULL:
        return None
    found = use.code(code.strip())
    if isinstance(found, Unmapped):
        return None
    use.coded(1, "code", use.table, code, found.code)
    return _target(found)


def message_type(value: Repetition, use: Use) -> dict[str, Any] | None:
    """MSG[CodeableConcept]: event in 2; the text is the type as written, which is no name of the event."""
    parts = [value.get(1), value.get(2), value.get(3)]
    text = "^".join(part for part in parts if part)
    if not text:
        return None
    use.all("text")
    if not parts[1]:
        return {"text": text}
    event = spaced(parts[1])
    system = V2_0003 if holds(V2_0003, event) else system_of(None, use.site.institution, "MSH-9")
    coding = {"system": system, "code": event}
    return {"coding": [coding], "text": text}


def code(value: Repetition, use: Use) -> str | None:
    """CWE[code], IS[code], ID[code]: a FHIR code; without a vocabulary what was written. Unmapped is no code."""
    component = 1 if value.get(1) or isinstance(value, Part) else 4
    text = value.get(component)
    if text is None or text == NULL:
        return None
    if not use.table:
        use.leaf(component)
        return spaced(text)
    found = use.code(text.strip(), component)
    if isinstance(found, Unmapped):
        return None
    use.coded(component, "", use.table, text, found.code)
    return found.code


def string(value: Repetition, use: Use) -> str | None:
    """CWE[string], IS[string], XON[string]: text 9, else description 2, else code 1."""
    for component in (9, 2, 1):
        if text := use.take(component):
            return text
    return None


def text_concept(value: Repetition, use: Use) -> dict[str, Any] | None:
    """ST[CodeableConcept]: text only."""
    text = use.take(1, "text")
    return {"text": text} if text else None


def name_or_code(value: Repetition, use: Use) -> str | None:
    """XON[string]: the name 1."""
    return use.take(1)


_YES_NO = {"Y": True, "N": False, "1": True, "0": False, "是": True, "否": False}


def boolean(value: Repetition, use: Use) -> bool | None:
    """ID[boolean] by table 0136; anything else is no answer."""
    text = value.get(1)
    if text is None or text not in _YES_NO:
        return None
    use.coded(1, "", "YesNoIndicator", text, str(_YES_NO[text]).lower())
    return _YES_NO[text]
