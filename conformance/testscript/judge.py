"""One assertion against what was sent and received: pass, fail or error, with what was expected and what came.

Law: an assertion that cannot be evaluated (no subject, two subjects, unknown operator, unreadable expression) is an
error, never a pass; `warningOnly` turns either into a warning. Without an operator: equals, and an expression without a
value must be true.
Source: http://hl7.org/fhir/R4/testscript-definitions.html#TestScript.setup.action.assert.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from conformance.testscript.memory import Memory, Missing
from conformance.testscript.minimum import missing
from conformance.testscript.operators import OPERATORS
from conformance.testscript.result import Result, cut
from conformance.testscript.script import Assertion
from conformance.testscript.selection import Unselected, selected
from conformance.testscript.stored import Stored, Unparsed, bare, media_type, resource_of

RESPONSES: Mapping[str, tuple[int, ...]] = {
    "okay": (200,),
    "created": (201,),
    "noContent": (204,),
    "notModified": (304,),
    "bad": (400,),
    "forbidden": (403,),
    "notFound": (404,),
    "methodNotAllowed": (405,),
    "conflict": (409,),
    "gone": (410,),
    "preconditionFailed": (412,),
    "unprocessable": (422,),
    "unprocessableContent": (422,),
    "accepted": (202,),
    "badRequest": (400,),
    "unauthorized": (401,),
    "notAcceptable": (406,),
    "unsupportedMediaType": (415,),
}
"""assert-response-code-types of R4; the last five are names of R5 that scripts use already."""


@dataclass(frozen=True, slots=True)
class Judgement:
    result: Result
    expected: str = ""
    came: str = ""
    message: str = ""


def judge(asked: Assertion, memory: Memory) -> Judgement:
    """What became of an assertion."""
    found = _judged(asked, memory)
    return replace(found, result="warning") if asked.warning_only and found.result != "pass" else found


def _judged(asked: Assertion, memory: Memory) -> Judgement:
    one = _filled(asked, memory)
    if isinstance(one, Missing):
        return _error(one.why)
    if one.operator and one.operator not in OPERATORS:
        return _error(f"there is no operator {one.operator}; known are {', '.join(OPERATORS)}")
    subject = _subject(one, memory)
    if isinstance(subject, Missing):
        return _error(subject.why)
    if len(one.given) > 1:
        return _error(f"an assertion is about one thing, this one about {', '.join(one.given)} (rule tst-5)")
    if not one.given and one.compare_source and one.value is None:
        one = replace(one, given=("whole",))
    kind = one.given[0] if one.given else ""
    if kind not in _KINDS:
        return _error("the assertion says nothing that could be checked")
    return _KINDS[kind](one, subject, memory)


def _error(message: str) -> Judgement:
    return Judgement("error", message=message)


def _filled(asked: Assertion, memory: Memory) -> Assertion | Missing:
    values: dict[str, str | None] = {}
    names = (
        "content_type",
        "expression",
        "header",
        "path",
        "request_url",
        "resource",
        "response_code",
        "compare_expression",
        "compare_path",
        "value",
    )
    for name in names:
        text = getattr(asked, name)
        if not text:
            continue
        value = memory.fill(text)
        if isinstance(value, Missing):
            return value
        values[name] = value
    return replace(asked, **values)  # type: ignore[arg-type]


def _subject(one: Assertion, memory: Memory) -> Stored | Missing:
    """What is judged: the source when one is named, else the last request or response."""
    if one.source_id:
        return memory.stored(one.source_id)
    about_request = one.direction == "request" or one.given in (("requestMethod",), ("requestURL",))
    found = memory.request if about_request else memory.response
    return found or Missing("there was no request yet" if about_request else "there was no response yet")


def _compared(one: Assertion, came: tuple[str, ...], memory: Memory, *, default: str | None = None) -> Judgement:
    """The values against the operator and what it wants."""
    wanted = _wanted(one, memory, default)
    if isinstance(wanted, Missing):
        return _error(wanted.why)
    operator = OPERATORS[one.operator or ("equals" if wanted is not None else "eval")]
    if operator.valued and wanted is None:
        return _error(f"the operator {one.operator} needs a value to compare with")
    expected = f"{operator.says} {wanted}" if operator.valued else operator.says
    return _verdict(operator.holds(came, wanted or ""), expected, ", ".join(came) or "nothing")


def _wanted(one: Assertion, memory: Memory, default: str | None) -> str | Missing | None:
    """The value of the script, of the source it compares to, or of the assertion's own element."""
    if not one.compare_source:
        return one.value if one.value is not None else default
    source = memory.stored(one.compare_source)
    if isinstance(source, Missing):
        return source
    values = selected(source, expression=one.compare_expression, path=one.compare_path)
    if isinstance(values, Unselected):
        return Missing(values.why)
    if not values:
        return Missing(f"{one.compare_expression or one.compare_path} finds nothing in {one.compare_source}")
    return values[0]


def _verdict(holds: bool, expected: str, came: str) -> Judgement:
    return Judgement("pass" if holds else "fail", cut(expected), cut(came))


# ------------------------------------------------------------------------------------------ one function a kind


def _response(one: Assertion, subject: Stored, memory: Memory) -> Judgement:
    codes = RESPONSES.get(one.response)
    if codes is None:
        return _error(f"there is no response {one.response}; known are {', '.join(RESPONSES)}")
    holds = subject.status in codes
    negative = one.operator in ("notEquals", "notIn", "notContains")
    return _verdict(
        holds is not negative, f"status {'other than ' * negative}{codes[0]} {one.response}", _said(subject)
    )


def _response_code(one: Assertion, subject: Stored, memory: Memory) -> Judgement:
    """A list of codes without an operator means one of them."""
    operator = one.operator or ("in" if "," in one.response_code else "equals")
    checked = OPERATORS[operator].holds((str(subject.status),), one.response_code)
    return _verdict(checked, f"status {OPERATORS[operator].says} {one.response_code}", _said(subject))


def _said(subject: Stored) -> str:
    """The status that came, and what an OperationOutcome says about it."""
    if subject.status is None:
        return "no status: this is no response"
    if subject.status < 400:
        return f"status {subject.status}"
    resource = resource_of(subject)
    issues = resource.get("issue") if isinstance(resource, dict) else None
    said = [
        str(issue.get("diagnostics") or (issue.get("details") or {}).get("text") or issue.get("code"))
        for issue in (issues if isinstance(issues, list) else [])
        if isinstance(issue, dict)
    ]
    return f"status {subject.status}" + (f": {said[0]}" if said else "")


def _content_type(one: Assertion, subject: Stored, memory: Memory) -> Judgement:
    came = bare(subject.header("Content-Type") or subject.media_type)
    wanted = media_type(one.content_type)
    if "/" not in wanted:
        return _verdict(wanted in came, wanted, came or "none")
    alike = {bare(wanted), _OLD.get(one.content_type, wanted)}
    negative = one.operator in ("notEquals", "notIn", "notContains")
    return _verdict((came in alike) is not negative, f"media type {wanted}", came or "none")


_OLD = {"json": "application/json+fhir", "xml": "application/xml+fhir"}
"""What servers of before R4 say."""


def _expression(one: Assertion, subject: Stored, memory: Memory) -> Judgement:
    values = selected(subject, expression=one.expression)
    return _error(values.why) if isinstance(values, Unselected) else _compared(one, values, memory)


def _path(one: Assertion, subject: Stored, memory: Memory) -> Judgement:
    """A path without operator and value asks that there is something."""
    values = selected(subject, path=one.path)
    if isinstance(values, Unselected):
        return _error(values.why)
    if not one.operator and one.value is None and not one.compare_source:
        one = replace(one, operator="notEmpty")
    return _compared(one, ("false",) if values == ("false",) else values, memory)


def _header(one: Assertion, subject: Stored, memory: Memory) -> Judgement:
    value = subject.header(one.header)
    if not one.operator and one.value is None and not one.compare_source:
        one = replace(one, operator="notEmpty")
    found = _compared(one, () if value is None else (value,), memory)
    return replace(found, expected=f"{one.header} {found.expected}") if found.expected else found


def _minimum(one: Assertion, subject: Stored, memory: Memory) -> Judgement:
    fixture = memory.stored(one.minimum_id)
    if isinstance(fixture, Missing):
        return _error(fixture.why)
    least, came = resource_of(fixture), resource_of(subject)
    if isinstance(least, Unparsed):
        return _error(f"{one.minimum_id} cannot be read: {least.why}")
    if isinstance(came, Unparsed):
        return Judgement("fail", f"at least what {one.minimum_id} says", f"no resource: {came.why}")
    where = missing(least, came)
    return _verdict(
        where is None, f"at least what {one.minimum_id} says", f"not the same at {where}" if where else "all"
    )


def _navigation(one: Assertion, subject: Stored, memory: Memory) -> Judgement:
    resource = resource_of(subject)
    if isinstance(resource, Unparsed) or resource.get("resourceType") != "Bundle":
        return Judgement("fail", "a Bundle with first, last and next links", "no Bundle")
    came = {link.get("relation") for link in resource.get("link", ()) if isinstance(link, dict)}
    return _verdict({"first", "last", "next"} <= came, "links first, last, next", ", ".join(sorted(map(str, came))))


def _method(one: Assertion, subject: Stored, memory: Memory) -> Judgement:
    return _compared(one, (subject.method,), memory, default=one.request_method.upper())


def _address(one: Assertion, subject: Stored, memory: Memory) -> Judgement:
    """Complete, or relative to the server; percent-encoding does not count."""
    wanted, came = unquote(one.request_url), unquote(subject.url)
    if wanted.startswith(("http://", "https://")) or (one.operator and one.operator != "equals"):
        return _compared(one, (came,), memory, default=wanted)
    return _verdict(came.endswith("/" + wanted.lstrip("/")), f"an address that ends with {wanted}", came)


def _resource(one: Assertion, subject: Stored, memory: Memory) -> Judgement:
    resource = resource_of(subject)
    kind = "none: " + resource.why if isinstance(resource, Unparsed) else str(resource.get("resourceType"))
    return _compared(one, (kind,), memory, default=one.resource)


def _profile(one: Assertion, subject: Stored, memory: Memory) -> Judgement:
    from profiles.validator import validate

    profile = memory.script.profiles.get(one.profile_id)
    if not profile:
        return _error(f"the script names no profile {one.profile_id}")
    resource = resource_of(subject)
    if isinstance(resource, Unparsed):
        return Judgement("fail", f"a resource valid against {profile}", f"no resource: {resource.why}")
    issues = validate(resource, profile=profile)
    if any(issue.code == "profile-unknown" for issue in issues):
        return _error(f"the profile {profile} is not known to this runner: nothing was checked")
    wrong = [f"{issue.expression}: {issue.text()}" for issue in issues if issue.refuses]
    return _verdict(not wrong, f"a resource valid against {profile}", "; ".join(wrong) or "valid")


def _whole(one: Assertion, subject: Stored, memory: Memory) -> Judgement:
    """A comparison with a source without saying where: the path or expression of the other side is used on both."""
    values = selected(subject, expression=one.compare_expression, path=one.compare_path)
    return _error(values.why) if isinstance(values, Unselected) else _compared(one, values, memory)


_KINDS: Mapping[str, Callable[[Assertion, Stored, Memory], Judgement]] = {
    "contentType": _content_type,
    "expression": _expression,
    "headerField": _header,
    "minimumId": _minimum,
    "navigationLinks": _navigation,
    "path": _path,
    "requestMethod": _method,
    "requestURL": _address,
    "resource": _resource,
    "responseCode": _response_code,
    "response": _response,
    "validateProfileId": _profile,
    "whole": _whole,
}
