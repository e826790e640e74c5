"""A few words to write TestScripts with: a script is a list of tests, a test a list of actions.

Law: every word becomes the R4 elements it stands for, so that any runner can execute the result. Data of a script
is put with a transaction under ids of its own before the tests, and deleted with one after them.
Source: http://hl7.org/fhir/R4/testscript.html.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from conformance.testscript.script import REPEAT
from profiles.json_output import dump
from profiles.systems import CANONICAL_BASE

Json: TypeAlias = dict[str, Any]
Action: TypeAlias = dict[str, Any]

URL = f"{CANONICAL_BASE}/TestScript/"
CODES = "http://terminology.hl7.org/CodeSystem/testscript-operation-codes"
TAG = f"{CANONICAL_BASE}/testscript"
"""The tag of everything the scripts put on a server."""


@dataclass(frozen=True, slots=True)
class Source:
    """A script as it is written: `resource` is its TestScript."""

    theme: str
    name: str
    resource: Json


def script(
    name: str,
    title: str,
    *tests: Json,
    data: Sequence[Json] = (),
    fixtures: Sequence[Json] = (),
    variables: Sequence[Json] = (),
    setup: Sequence[Action] = (),
    teardown: Sequence[Action] = (),
    says: str = "",
) -> Source:
    """`name` is `theme/name`; `says` names the clause of the specification that is tested."""
    theme, _, short = name.partition("/")
    held = [*fixtures]
    before, after = list(setup), list(teardown)
    if data:
        held += [_bundle("data", [_put(one) for one in data]), _bundle("clean", [_delete(one) for one in data])]
        before = [*transaction("data"), okay(), *before]
        after = [*after, *transaction("clean")]
    resource: Json = {
        "resourceType": "TestScript",
        "id": f"{theme}-{short}",
        "url": f"{URL}{theme}-{short}",
        "name": "".join(part.capitalize() for part in f"{theme}-{short}".split("-")),
        "title": title,
        "status": "active",
        "experimental": False,
        "publisher": "Qiao",
    }
    if says:
        resource["description"] = says
    parts: Json = {
        "contained": held,
        "fixture": [_fixture(one) for one in held],
        "variable": list(variables),
        "setup": {"action": before} if before else None,
        "test": list(tests),
        "teardown": {"action": after} if after else None,
    }
    return Source(theme, short, _ordered(resource, {key: value for key, value in parts.items() if value}))


def _ordered(resource: Json, parts: Json) -> Json:
    """`contained` stands where R4 has it: before the rest."""
    contained = {"contained": parts.pop("contained")} if "contained" in parts else {}
    head = {key: resource[key] for key in ("resourceType", "id")}
    return head | contained | resource | parts


def _fixture(one: Json) -> Json:
    return {"id": one["id"], "autocreate": False, "autodelete": False, "resource": {"reference": f"#{one['id']}"}}


def _bundle(name: str, entries: list[Json]) -> Json:
    return {"resourceType": "Bundle", "id": name, "type": "transaction", "entry": entries}


def _put(one: Json) -> Json:
    return entry("PUT", f"{one['resourceType']}/{one['id']}", one)


def _delete(one: Json) -> Json:
    return entry("DELETE", f"{one['resourceType']}/{one['id']}")


def entry(method: str, url: str, resource: Json | None = None, full: str = "", **request: str) -> Json:
    """An entry of a batch or transaction; `full` is its fullUrl."""
    made: Json = {"fullUrl": full} if full else {}
    if resource is not None:
        made["resource"] = resource
    return made | {"request": {"method": method, "url": url, **request}}


def bundle(name: str, kind: str, *entries: Json) -> Json:
    """A fixture that is a Bundle."""
    return {"resourceType": "Bundle", "id": name, "type": kind, "entry": list(entries)}


def raw(name: str, text: str, media_type: str) -> Json:
    """A fixture that is no resource: the content of a Binary, sent as that media type."""
    data = base64.b64encode(text.encode()).decode()
    return {"resourceType": "Binary", "id": name, "contentType": media_type, "data": data}


def unchecked(resource: Json) -> Json:
    """A fixture that breaks a rule of FHIR on purpose, sent with content="json"."""
    return raw(resource["id"], dump(resource).decode(), "application/fhir+json")


def test(name: str, *actions: Action | Sequence[Action]) -> Json:
    """A test; a sequence among the actions is put in its place."""
    flat: list[Action] = []
    for one in actions:
        flat += [one] if isinstance(one, dict) else list(one)
    return {"name": name, "action": flat}


def variable(name: str, source: str = "", **how: str) -> Json:
    """`expression=`, `headerField=`, `path=` or `defaultValue=`."""
    return {"name": name, **how, **({"sourceId": source} if source else {})}


# ----------------------------------------------------------------------------------------------------- operations


def operation(
    code: str = "",
    *,
    resource: str = "",
    params: str = "",
    url: str = "",
    method: str = "",
    source: str = "",
    target: str = "",
    accept: str = "",
    content: str = "",
    headers: Mapping[str, str] | None = None,
    keep: str = "",
    wait: str = "",
) -> list[Action]:
    """Any operation; `keep` is its responseId; it is repeated while the status is one of `wait`."""
    made: Json = {"extension": [{"url": REPEAT, "valueString": wait}]} if wait else {}
    made |= {"type": {"system": CODES, "code": code}} if code else {}
    made |= {
        key: value for key, value in (("resource", resource), ("accept", accept), ("contentType", content)) if value
    }
    made["encodeRequestUrl"] = True
    made |= {key: value for key, value in (("method", method), ("params", params)) if value}
    if headers:
        made["requestHeader"] = [{"field": name, "value": value} for name, value in headers.items()]
    named = (("responseId", keep), ("sourceId", source), ("targetId", target), ("url", url))
    return [{"operation": made | {key: value for key, value in named if value}}]


def call(method: str, url: str, **more: Any) -> list[Action]:
    """A request as it stands."""
    return operation(method=method.lower(), url=url, **more)


def read(address: str, **more: Any) -> list[Action]:
    kind, _, name = address.partition("/")
    return operation("read", resource=kind, params=f"/{name}", **more)


def create(source: str, kind: str, **more: Any) -> list[Action]:
    return operation("create", resource=kind, source=source, **more)


def update(source: str, kind: str, **more: Any) -> list[Action]:
    return operation("update", resource=kind, source=source, **more)


def delete(address: str, **more: Any) -> list[Action]:
    """`Type/id`, or `Type?criteria`."""
    mark = "?" if "?" in address else "/"
    kind, _, name = address.partition(mark)
    return operation("delete", resource=kind, params=mark + name, **more)


def transaction(source: str, **more: Any) -> list[Action]:
    return operation("transaction", source=source, **more)


def search(address: str, **more: Any) -> list[Action]:
    """`Type?parameters`."""
    kind, mark, rest = address.partition("?")
    return operation("search", resource=kind, params=mark + rest, **more)


# ----------------------------------------------------------------------------------------------------- assertions


def _assert(text: str, **how: Any) -> Action:
    return {"assert": {"description": text, **how, "warningOnly": False}}


def okay() -> Action:
    return _assert("the answer is 200", response="okay")


def status(*codes: int) -> Action:
    """One of the codes."""
    shown = ",".join(map(str, codes))
    return _assert(f"the answer is {shown}", operator="in" if len(codes) > 1 else "equals", responseCode=shown)


def that(expression: str, text: str = "", source: str = "") -> Action:
    """A FHIRPath that must be true of the response (or of what is kept as `source`)."""
    more = {"sourceId": source} if source else {}
    return _assert(text or expression, expression=expression, operator="eval", **more)


def value(expression: str, wanted: str, source: str = "") -> Action:
    more = {"sourceId": source} if source else {}
    return _assert(f"{expression} is {wanted}", expression=expression, operator="equals", **more, value=wanted)


def header(name: str, wanted: str = "", operator: str = "") -> Action:
    """Without `wanted`: the header is there; `operator` empty asks that it is not."""
    chosen = operator or ("equals" if wanted else "notEmpty")
    more = {"value": wanted} if wanted else {}
    return _assert(f"{name} {chosen} {wanted}".strip(), headerField=name, operator=chosen, **more)


def kind(resource: str) -> Action:
    return _assert(f"the answer is a {resource}", resource=resource)


def media(code: str) -> Action:
    return _assert(f"the answer is {code}", contentType=code)


def least(fixture: str) -> Action:
    return _assert(f"the answer has all that {fixture} has", minimumId=fixture)


def refused(code: str = "") -> list[Action]:
    """An OperationOutcome with an error (of that issue type)."""
    issue = f"issue.where(severity in ('error' | 'fatal'){f' and code = {code!r}' if code else ''}).exists()"
    return [kind("OperationOutcome"), that(issue, f"an issue says error {code}".strip())]


_MATCHES = "entry.where(search.mode = 'match').resource.id"


def finds(*ids: str) -> list[Action]:
    """200 and exactly these ids as matches, in any order."""
    return [okay(), kind("Bundle"), that(_exactly(_MATCHES, ids), f"matches are {', '.join(ids) or 'none'}")]


def brings(*ids: str) -> Action:
    """Exactly these ids as included resources."""
    included = "entry.where(search.mode = 'include').resource.id"
    return that(_exactly(included, ids), f"included are {', '.join(ids) or 'none'}")


def _exactly(path: str, ids: Sequence[str]) -> str:
    each = "".join(f" and {path}.where($this = '{one}').count() = 1" for one in ids)
    return f"{path}.count() = {len(ids)}{each}"


def in_order(*ids: str) -> list[Action]:
    """200 and these ids as matches, in this order."""
    each = " and ".join(f"{_MATCHES}[{place}] = '{one}'" for place, one in enumerate(ids))
    return [okay(), that(f"{_MATCHES}.count() = {len(ids)} and {each}", f"matches in order: {', '.join(ids)}")]


def found(address: str, *ids: str, **more: Any) -> list[Action]:
    """A search and what it finds."""
    return [*search(address, **more), *finds(*ids)]


# ------------------------------------------------------------------------------------------------------- resources


def patient(name: str, /, **elements: Any) -> Json:
    return _resource("Patient", name, elements)


def observation(name: str, /, **elements: Any) -> Json:
    given = {"status": "final", "code": {"text": "test"}} | elements
    return _resource("Observation", name, given)


def thing(kind: str, name: str, /, **elements: Any) -> Json:
    """Any resource."""
    return _resource(kind, name, elements)


def _resource(kind: str, name: str, elements: Json) -> Json:
    meta = elements.pop("meta", {})
    tags = [*meta.get("tag", []), {"system": TAG, "code": name.rpartition("-")[0] or name}]
    return {"resourceType": kind, "id": name, "meta": {**meta, "tag": tags}, **elements}


def coded(system: str, code: str, text: str = "") -> Json:
    coding = {"system": system, "code": code}
    return {"coding": [coding | ({"display": text} if text else {})]}


def reference(address: str) -> Json:
    return {"reference": address}


def identifier(value: str, system: str = f"{TAG}/number") -> Json:
    return {"system": system, "value": value}
