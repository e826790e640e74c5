"""XPN, XCN, FN -> HumanName.

The whole name always stands in `text`; `family` and `given` only when the sender split them: a Chinese name in the
first component is one name, not a family name. A Latin second component behind a Chinese first one is its pinyin,
a Latin third one the rest of it (`张三^ZHANG^SAN`); the same name once more in its parts (`张三^张^三`) is the same.
Source: HL7 v2.5.1 2.A.88 (XPN) and 2.A.86 (XCN); official maps XPN[HumanName], FN[HumanName], XCN[Practitioner].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappers import systems
from mappers.codes import Unmapped, lookup
from mappers.datatypes.period import within
from mappers.message import NULL
from mappers.use import Repetition, Use

_OWN = (
    (2, "http://hl7.org/fhir/StructureDefinition/humanname-own-prefix"),
    (3, "http://hl7.org/fhir/StructureDefinition/humanname-own-name"),
    (4, "http://hl7.org/fhir/StructureDefinition/humanname-partner-prefix"),
    (5, "http://hl7.org/fhir/StructureDefinition/humanname-partner-name"),
)
"""Sub-components of FN; the official map gives 4 and 5 one index, each has its own here."""


def human_name(value: Repetition, use: Use) -> dict[str, Any] | None:
    """XPN[HumanName]."""
    name = name_parts(use, 0, "")
    if not name:
        return None
    name_facts(use, name, "", _AT)
    return name


_AT = {"use": 7, "order": 11, "start": 12, "end": 13, "range": 10}


def name_facts(use: Use, name: dict[str, Any], under: str, at: Mapping[str, int]) -> None:
    """Use, order of assembly and period of a name; `at` says in which components they stand."""
    value = use.value
    where = f"{under}." if under else ""
    kind = value.get(at["use"])
    if kind and kind != NULL:
        found = lookup(use.site, "NameType", kind)
        if not isinstance(found, Unmapped) and found.system == "http://hl7.org/fhir/name-use":
            name["use"] = found.code
            use.coded(at["use"], f"{where}use", "NameType", kind, found.code)
    if period := within(use, {"start": at["start"], "end": at["end"]}, at["range"], where):
        name["period"] = period
    order = value.get(at["order"])
    if order and order != NULL:
        found = lookup(use.site, "NameAssemblyOrder", order)
        if not isinstance(found, Unmapped):
            url = "http://hl7.org/fhir/StructureDefinition/humanname-assembly-order"
            array = name.setdefault("extension", [])
            array.append({"url": url, "valueCode": found.code})
            place = f"{where}extension[{len(array) - 1}].valueCode"
            use.coded(at["order"], place, "NameAssemblyOrder", order, found.code)


def name_string(value: Repetition, use: Use) -> str | None:
    """XPN[string]: the name as people write it."""
    name = name_parts(use, 0, "", flat=True)
    return name.get("text") if name else None


def name_parts(use: Use, offset: int, under: str, *, flat: bool = False) -> dict[str, Any]:
    """The HumanName of components 1–6 (shifted by `offset`: 1 for XCN); `{}` when there is no name.

    Leaves are noted below `under` (`''`, or an absolute path ending in a dot); all at the value itself when `flat`.
    """
    value = use.value
    family, given = value.get(1 + offset), value.get(2 + offset)
    family = None if family == NULL else family
    given = None if given == NULL else given
    if family is None and given is None:
        return {}

    def place(sub: str) -> str:
        return "" if flat else f"{under}{sub}"

    name: dict[str, Any] = {}
    if family and given and not family.isascii() and given.isascii():
        name["text"] = use.take(1 + offset, place("text"))
        if not flat:
            third = value.get(3 + offset)
            rest = third if third and third.isascii() and third.isalpha() else ""
            name["extension"] = [{"url": systems.PINYIN, "valueString": f"{given} {rest}".strip()}]
            for component in (2, 3) if rest else (2,):
                use.leaf(component + offset, place("extension[0].valueString"))
        return name
    if family and given and not family.isascii() and _again(family, given, value.get(3 + offset)):
        name["text"] = use.take(1 + offset, place("text"))
        if value.get(3 + offset):
            name["family"] = use.take(2 + offset, place("family"))
            name["given"] = [use.take(3 + offset, place("given[0]"))]
        else:
            use.leaf(2 + offset, place("text"))
        return name
    if family is None and given and given.isascii():
        name["given"] = [use.take(2 + offset, place("given[0]"))]
    elif family is None or given is None:
        whole = name["text"] = use.take((1 if family else 2) + offset, place("text"))
        if whole and not whole.isascii():  # what stands behind a whole Chinese name is not a part of it
            return name
    else:
        name["family"] = use.take(1 + offset, place("family"))
        name["given"] = [use.take(2 + offset, place("given[0]"))]
    _more(use, offset, name, place)
    if not flat:
        _own(use, offset, name, place)
    name["text"] = _text(name)
    return name


def _again(whole: str, second: str, third: str | None) -> bool:
    """Whether the whole Chinese name of the first component is said again behind it: `张三^张^三`, `张三^张三`."""
    return whole == second + third if third else whole == second and len(whole) > 1


def _more(use: Use, offset: int, name: dict[str, Any], place: Any) -> None:
    middle = use.take(3 + offset, place(f"given[{len(name.get('given', []))}]"))
    if middle:
        name.setdefault("given", []).append(middle)
    if suffix := use.take(4 + offset, place("suffix[0]")):
        name["suffix"] = [suffix]
    if prefix := use.take(5 + offset, place("prefix[0]")):
        name["prefix"] = [prefix]
    # Degree (6) and professional suffix (14; 21 of XCN) are suffixes as well; degree 7 of XCN is a qualification.
    for component in (6, 14) if not offset else (21,):
        if suffix := use.take(component, place(f"suffix[{len(name.get('suffix', []))}]")):
            name.setdefault("suffix", []).append(suffix)


def _own(use: Use, offset: int, name: dict[str, Any], place: Any) -> None:
    """The parts of a surname (FN.2 to FN.5) as extensions of `family`."""
    if "family" not in name:
        return
    found: list[dict[str, Any]] = []
    for sub, url in _OWN:
        if text := use.take(1 + offset, place(f"family.extension[{len(found)}].valueString"), sub):
            found.append({"url": url, "valueString": text})
    if found:
        name["_family"] = {"extension": found}


def _text(name: dict[str, Any]) -> str:
    if "family" not in name:
        parts = [*name.get("prefix", []), name.get("text", ""), *name.get("given", []), *name.get("suffix", [])]
        return " ".join(part for part in parts if part)
    if not name["family"].isascii():
        return name["family"] + "".join(name["given"])
    return " ".join([*name.get("prefix", []), *name["given"], name["family"], *name.get("suffix", [])])
