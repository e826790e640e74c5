"""Whether an item of a Questionnaire is enabled, given the answers so far (enableWhen, enableBehavior).

Law: a condition looks for the answer in the smallest group that holds both items, from the item outwards.
Source: http://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.enableWhen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from types import MappingProxyType
from typing import Any, TypeAlias

from profiles.fhirpath import FhirPathError, compile, quantity  # noqa: A004
from profiles.fhirpath.ucum import converted
from profiles.validator.rules.questionnaire import Item

Json = dict[str, Any]
Given: TypeAlias = tuple[tuple[Json, Json], ...]
"""The items around the one in question, outermost first: (item of the Questionnaire, item of the response)."""

_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {"=": eq, "!=": ne, ">": gt, "<": lt, ">=": ge, "<=": le}
)
# Conditions as expressions: of the SDC guide, and of the Finnish one that came before it.
_EXPRESSIONS = frozenset(
    {
        "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression",
        "http://phr.kanta.fi/StructureDefinition/fiphr-ext-questionnaire-enablewhen",
    }
)


@dataclass(frozen=True, slots=True)
class Form:
    """A Questionnaire, its items by linkId, and the response to it."""

    questionnaire: Json
    items: Mapping[str, Item]
    response: Json


def enabled(question: Json, form: Form, above: Given) -> bool:
    """Whether the item asks anything."""
    expression = next((each for each in map(_expression, question.get("extension", ())) if each), None)
    if expression is not None:
        return _evaluated(expression, form.response)
    conditions = question.get("enableWhen", ())
    if not conditions:
        return True
    verdicts = [_holds(condition, question, form, above) for condition in conditions]
    return any(verdicts) if question.get("enableBehavior") == "any" else all(verdicts)


def _expression(extension: Json) -> str | None:
    if extension.get("url") not in _EXPRESSIONS:
        return None
    value = extension.get("valueExpression") or {"expression": extension.get("valueString")}
    written = value.get("expression") if value.get("language", "text/fhirpath") == "text/fhirpath" else None
    return written if type(written) is str else None


def _evaluated(expression: str, response: Json) -> bool:
    """A condition in FHIRPath about the response; what cannot be evaluated disables nothing."""
    try:
        return compile(expression, "QuestionnaireResponse").test(response)
    except FhirPathError:
        return True


def _holds(condition: Json, question: Json, form: Form, above: Given) -> bool:
    answers = list(_answers(condition.get("question", ""), question, form, above))
    wanted = next(((name, value) for name, value in condition.items() if name.startswith("answer")), None)
    if wanted is None:
        return True
    if condition.get("operator") == "exists":
        return bool(answers) == wanted[1]
    return any(_compared(answer, condition.get("operator", ""), wanted) for answer in answers)


def _answers(link: str, question: Json, form: Form, above: Given) -> Iterator[tuple[str, Any]]:
    """The answers to a question: as near as the Questionnaire puts it to the item that depends on it."""
    target = form.items.get(link)
    if target is None:
        return
    root = form.response
    for asked, item in above:
        if asked.get("linkId") in target.above:
            root = item
    waiting = [root]
    while waiting:
        value = waiting.pop()
        for item in value.get("item", ()):
            answers = item.get("answer", ())
            if item.get("linkId") == link:
                yield from (pair for answer in answers for pair in answer.items() if pair[0].startswith("value"))
            waiting += [item, *answers]


def _compared(answer: tuple[str, Any], operator: str, wanted: tuple[str, Any]) -> bool:
    compare = _OPERATORS.get(operator)
    kind = answer[0].removeprefix("value")
    if compare is None or kind != wanted[0].removeprefix("answer"):
        return False
    left, right = answer[1], wanted[1]
    if kind == "Coding":
        same = left.get("code") == right.get("code") and right.get("system") in (None, left.get("system"))
        return same if operator == "=" else not same and operator == "!="
    if kind == "Quantity":
        pair = comparable(left, right)
        return pair is not None and compare(*pair)
    if kind == "Reference":
        return compare(left.get("reference"), right.get("reference")) if operator in ("=", "!=") else False
    return compare(left, right) if type(left) is not dict and _alike(left, right) else False


def _alike(left: Any, right: Any) -> bool:
    numbers = (int, Decimal)
    return type(left) is type(right) or (type(left) in numbers and type(right) in numbers)


def comparable(left: Json, right: Json) -> tuple[Decimal, Decimal] | None:
    """The values of two quantities in one unit; None where there is no telling."""
    if "value" not in left or "value" not in right:
        return None
    one, other = Decimal(left["value"]), Decimal(right["value"])
    if (left.get("system"), left.get("code")) == (right.get("system"), right.get("code")) and "code" in left:
        return one, other
    if left.get("system") == right.get("system") == quantity.UCUM and "code" in left and "code" in right:
        return converted(one, left["code"], other, right["code"])
    return None
