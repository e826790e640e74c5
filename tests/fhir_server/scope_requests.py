"""Requests of every kind: what a caller of institution A might send to find what is B's."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from fhir_server.search.composite import composites
from fhir_server.search.parameters import parameters
from tests.fhir_server.two_institutions import LOCAL, LOINC, MINE, MRN, THEIRS


class Ask(NamedTuple):
    method: str
    address: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


TYPES = sorted({each["resourceType"] for each in (*MINE, *THEIRS)})
_VALUES = {
    "token": ("2160-0", f"{LOINC}|2160-0", "code-SECRET", f"{MRN}|SECRET-1", f"{MRN}|common-1", "final", "female",
              "true", f"{LOCAL}|tag-SECRET", f"{LOCAL}|dx-SECRET"),
    "string": ("Fam", "FamSECRET", "SECRET", "Common", "SECRETville", "Mei"),
    "date": ("2026", "ge2020-01-01", "1980-01-01", "lt2030"),
    "number": ("gt0", "5"),
    "quantity": ("gt5", "6.5||mmol/L", "7.5"),
    "reference": ("Patient/b-secret-p1", "Patient/a-p1", "b-secret-p1", "Practitioner/b-secret-doc", "Observation/a-o1",
                  "Organization/b-secret-org", "Encounter/b-secret-enc", "Observation/b-secret-o1"),
    "uri": ("http://example.cn/SECRET/vs", "http://example.cn/SECRET/cs", "http://example.cn"),
}  # fmt: skip
_MODIFIERS = {
    "token": ("", ":not", ":missing", ":text", ":in", ":not-in", ":above", ":below", ":of-type"),
    "string": ("", ":exact", ":contains", ":missing"),
    "date": ("", ":missing"),
    "number": ("", ":missing"),
    "quantity": ("", ":missing"),
    "reference": ("", ":missing", ":identifier", ":Patient", ":above", ":below"),
    "uri": ("", ":below", ":above", ":missing"),
}


def _get(address: str, **headers: str) -> Ask:
    return Ask("GET", address, None, tuple(headers.items()))


def searches() -> Iterator[Ask]:
    """Every parameter of every type with every modifier, with values of B's."""
    for kind in TYPES:
        for code, parameter in parameters(kind).items():
            for modifier in _MODIFIERS[parameter.kind]:
                for value in _given(parameter.kind, modifier):
                    yield _get(f"/{kind}?{code}{modifier}={quote(value)}")
            yield _get(f"/{kind}?_sort={code}")
            yield _get(f"/{kind}?_sort=-{code}&_count=1")
        for code in composites(kind):
            yield _get(f"/{kind}?{code}=2160-0$gt5")
            yield _get(f"/{kind}?{code}:missing=true")


def _given(kind: str, modifier: str) -> tuple[str, ...]:
    if modifier == ":missing":
        return ("true", "false")
    if modifier in (":in", ":not-in"):
        return ("http://example.cn/SECRET/vs", "ValueSet/b-secret-vs", "http://example.cn/open/vs")
    if modifier == ":of-type":
        return (f"{LOCAL}|MR|SECRET-1", f"{LOCAL}|MR|common-1")
    if modifier == ":identifier":
        return (f"{MRN}|SECRET-1", f"{MRN}|common-1")
    return _VALUES[kind]


def shapes() -> Iterator[Ask]:
    """Totals, pages, includes, types together, compartments."""
    for kind in TYPES:
        yield from (_get(f"/{kind}?{more}") for more in _SHAPES)
        yield Ask("POST", f"/{kind}/_search?_total=accurate")
        for code, parameter in parameters(kind).items():
            if parameter.kind == "reference":
                yield _get(f"/{kind}?_include={kind}:{code}")
                yield _get(f"/{kind}?_include:iterate={kind}:{code}&_include=*")
                for target in parameter.targets if len(parameter.targets) < 12 else ("Patient", "Observation"):
                    if target in TYPES:
                        yield _get(f"/{target}?_revinclude={kind}:{code}")
    for types in ("Patient,Observation", "Encounter,Condition,DiagnosticReport", ",".join(TYPES)):
        for more in ("", "&_summary=count", "&_total=accurate&_count=2", "&_sort=_lastUpdated", "&_lastUpdated=gt2020"):
            yield _get(f"/?_type={types}{more}")
    yield from (_get(f"/?{more}") for more in ("_id=b-secret-p1", "_tag=tag-SECRET", "_summary=count", "_count=3"))
    for focus in ("Patient/a-p1", "Patient/b-secret-p1", "Encounter/b-secret-enc", "Practitioner/b-secret-doc"):
        for member in ("*", "Observation", "Condition", "DiagnosticReport"):
            yield from (_get(f"/{focus}/{member}{more}") for more in ("", "?_summary=count", "?code=2160-0"))


_SHAPES = (
    *("_summary=count", "_total=accurate", "_count=0", "_count=1", "_total=accurate&_count=2", "_total=none"),
    *(
        "_include=*",
        "_revinclude=*",
        "_include=*&_revinclude=*&_count=2",
        "_include:iterate=*",
        "_revinclude:iterate=*",
    ),
    *("_list=a-list", "_list=b-secret-list", "_id=b-secret-p1,b-secret-o1,a-p1", "_sort=_id", "_sort=-_lastUpdated"),
    *("_tag=tag-SECRET", "_security=s-SECRET", "_tag:not=tag-SECRET", "_tag:not=tag-open", "_lastUpdated=gt2020"),
    *("_elements=id", "_summary=true", "_summary=text&_total=accurate"),
)


def chains() -> Iterator[Ask]:
    for one in (
        *(
            "subject:Patient.name=FamSECRET",
            "patient.identifier=SECRET-1",
            "patient.name=Fam",
            "subject.name:missing=false",
        ),
        *("patient.organization.name=SECRET", "patient._id=b-secret-p1", "subject:Patient._tag=tag-SECRET"),
        *("patient.general-practitioner.name=Dr", "encounter.service-provider.name=SECRET", "patient.birthdate=1980"),
        *("performer:Practitioner.name=DrSECRET", "has-member.code=2160-0", "subject:Patient.birthdate:missing=true"),
        *("patient.gender:not=male", "patient.identifier:missing=true", "patient:missing=true", "patient.active=true"),
        "patient._has:Condition:patient:code=dx-SECRET",
    ):
        for kind in ("Observation", "DiagnosticReport", "Condition", "Encounter", "DocumentReference"):
            yield _get(f"/{kind}?{one}")
        yield _get(f"/Observation?{one}&_summary=count")
    for one in (
        *("_has:Observation:patient:code=code-SECRET", "_has:Observation:patient:code=2160-0"),
        *("_has:Observation:subject:status=final", "_has:Condition:patient:code:missing=false"),
        *(
            "_has:List:item:_id=b-secret-list",
            "_has:Group:member:_id=b-secret-group",
            "_has:DiagnosticReport:result:status=final",
        ),
        *(
            "_has:DiagnosticReport:patient:_id=b-secret-rep",
            "_has:Observation:patient:_has:DiagnosticReport:result:status=final",
        ),
        *(
            "_has:Observation:patient:encounter.service-provider.name=SECRET",
            "_has:Provenance:target:_id=b-secret-prov",
        ),
        *("_has:Observation:patient:_tag=tag-SECRET", "_has:Encounter:patient:status:not=planned"),
    ):
        for kind in ("Patient", "Observation"):
            yield _get(f"/{kind}?{one}")
            yield _get(f"/{kind}?{one}&_summary=count")
    yield _get("/Patient?_has:Observation:patient:code=2160-0&_sort=family&_count=1&_total=accurate")


def filters() -> Iterator[Ask]:
    for kind, text in (
        ("Patient", 'name co "SECRET"'),
        ("Patient", 'not (name co "open")'),
        ("Patient", "identifier eq SECRET-1 or active eq true"),
        ("Patient", "birthdate gt 1900"),
        ("Patient", "address-city pr true"),
        ("Observation", 'subject re "Patient/b-secret-p1"'),
        ("Observation", 'patient.name co "SECRET"'),
        ("Observation", "not (patient.name pr true)"),
        ("Observation", 'code in "http://example.cn/SECRET/vs"'),
        ("Observation", "code eq code-SECRET or value-quantity gt 5"),
        ("Observation", 'performer.name sw "Dr"'),
        ("Observation", "patient pr false"),
        ("Encounter", 'service-provider.name eq "SECRET Hospital"'),
    ):
        yield _get(f"/{kind}?_filter={quote(text)}")
        yield _get(f"/{kind}?_filter={quote(text)}&_summary=count")


def instances() -> Iterator[Ask]:
    """Reads, versions and histories."""
    for resource in (*MINE, *THEIRS):
        at = f"/{resource['resourceType']}/{resource['id']}"
        yield from (_get(at + more) for more in ("", "/_history", "/_history/1", "/_history/2", "?_summary=true"))
        yield Ask("HEAD", at)
        yield _get(at, **{"if-none-match": 'W/"1"'})
        yield _get(at, **{"if-modified-since": "Wed, 01 Jan 2031 00:00:00 GMT"})
        yield _get(at, accept="application/fhir+xml")
    for kind in ("", *(f"/{kind}" for kind in TYPES)):
        for more in ("", "?_count=1", "?_summary=count", "?_total=accurate", "?_since=2020", "?_at=2026-11"):
            yield _get(f"{kind}/_history{more}")


def _parameters(**values: Any) -> dict[str, Any]:
    listed = [{"name": name, **value} for name, value in values.items()]
    return {"resourceType": "Parameters", "parameter": listed}


def operations() -> Iterator[Ask]:
    for who in ("a", "b-secret"):
        for more in ("", "?_type=Observation", "?_count=1", "?start=2026-01-01", "?_since=2020-01-01T00:00:00Z"):
            yield _get(f"/Patient/{who}-p1/$everything{more}")
        yield _get(f"/Encounter/{who}-enc/$everything")
        yield _get(f"/Observation/$lastn?patient=Patient/{who}-p1")
        yield _get(f"/Observation/$lastn?subject=Patient/{who}-p1&code=2160-0&max=3")
        yield _get(f"/Composition/{who}-doc1/$document")
        yield _get(f"/Composition/$document?id=Composition/{who}-doc1")
        for at in (f"/Patient/{who}-p1", f"/Observation/{who}-o1"):
            yield from (
                _get(f"{at}/{more}") for more in ("$meta", "$diff", "_history/1/$meta", "_history/2/$diff", "$validate")
            )
            yield _get(f"/$diff?from=Patient/a-p1&to={at[1:]}")
            yield _get(f"/$diff?from={at[1:]}/_history/1&to={at[1:]}")
            for mode in ("update", "delete"):
                yield _get(f"{at}/$validate?mode={mode}")
        for url in (f"url=http://example.cn/{'open' if who == 'a' else 'SECRET'}", ""):
            yield _get(f"/ValueSet/$expand?{url}/vs" if url else f"/ValueSet/{who}-vs/$expand")
            code = f"code=2160-0&system={LOINC}"
            yield _get(
                f"/ValueSet/$validate-code?{url}/vs&{code}" if url else f"/ValueSet/{who}-vs/$validate-code?{code}"
            )
            yield _get(f"/ConceptMap/$translate?{url}/cm&{code}" if url else f"/ConceptMap/{who}-cm/$translate?{code}")
            yield _get(
                f"/CodeSystem/$validate-code?{url}/cs&code=x" if url else f"/CodeSystem/{who}-cs/$validate-code?code=x"
            )
        word = "open" if who == "a" else "SECRET"
        yield _get(f"/CodeSystem/$lookup?system=http://example.cn/{word}/cs&code=x")
        yield _get(f"/CodeSystem/$subsumes?system=http://example.cn/{word}/cs&codeA=x&codeB=ySECRET")
        yield _get(f"/CodeSystem/{who}-cs/$subsumes?codeA=x&codeB=y{word}")
        for more in ("$status", "$events", "$get-ws-binding-token"):
            yield _get(f"/Subscription/{who}-sub/{more}")
    yield _get(f"/ConceptMap/$translate?code=2160-0&system={LOINC}&targetsystem=http://example.cn/SECRET/target")
    yield _get(f"/ConceptMap/$translate?code=2160-0&system={LOINC}")
    yield from (
        _get(f"/{more}") for more in ("Patient/$everything", "Observation/$lastn?patient=a-p1,b-secret-p1", "$reindex")
    )
    yield from (_get(f"{kind}/$meta") for kind in ("", *(f"/{kind}" for kind in TYPES)))
    yield from (
        _get(f"/Subscription/{more}")
        for more in ("$status", "$status?id=b-secret-sub", "$get-ws-binding-token?id=b-secret-sub")
    )
    yield from (_get(f"/metadata?mode={mode}") for mode in ("full", "terminology"))
    coded = _parameters(meta={"valueMeta": {"tag": [{"system": LOCAL, "code": "added"}]}})
    for where in ("Patient/b-secret-p1", "Observation/b-secret-o1/_history/1"):
        yield Ask("POST", f"/{where}/$meta-add", coded)
        yield Ask("POST", f"/{where}/$meta-delete", coded)
    for kind in ("Patient", "Observation"):
        resource = next(each for each in THEIRS if each["resourceType"] == kind)
        for mode in ("create", "update", "delete"):
            body = _parameters(mode={"valueCode": mode}, resource={"resource": resource})
            yield Ask("POST", f"/{kind}/{resource['id']}/$validate", body)
            yield Ask("POST", f"/{kind}/$validate", body)


def bundles() -> Iterator[Ask]:
    """The same as entries: reads in batches and transactions."""
    urls = [ask.address.lstrip("/") for ask in (*list(operations())[:60], *list(chains())[:60], *list(filters()))]
    urls += [ask.address.lstrip("/") for ask in itertools.islice(instances(), 0, 400, 7)]
    for start in range(0, len(urls), 12):
        entries = [
            {"request": {"method": "GET", "url": url}} for url in urls[start : start + 12] if "accept" not in url
        ]
        for kind in ("batch", "transaction"):
            yield Ask("POST", "/", {"resourceType": "Bundle", "type": kind, "entry": entries})


def conditions() -> Iterator[Ask]:
    """Writes that come to nothing: their conditions, references and versions name what is B's alone."""
    lost = {"resourceType": "Observation", "status": "final", "code": {"text": "K"}}
    for reference in ("Patient/b-secret-p1", f"Patient?identifier={MRN}|SECRET-1", "Patient?_id=b-secret-p1"):
        body = {**lost, "subject": {"reference": reference}}
        yield Ask("POST", "/Observation", body)
        yield Ask(
            "POST",
            "/",
            {"resourceType": "Bundle", "type": "transaction", "entry": [_entry("POST", "Observation", body)]},
        )
        yield Ask(
            "POST", "/", {"resourceType": "Bundle", "type": "batch", "entry": [_entry("POST", "Observation", body)]}
        )
    patch = (("content-type", "application/json-patch+json"),)
    change = [{"op": "add", "path": "/active", "value": False}]
    yield Ask("PATCH", "/Patient/b-secret-p1", change, patch)
    for criteria in (
        f"identifier={MRN}|SECRET-1",
        "name=FamSECRET",
        "_id=b-secret-p1",
        "organization.name=SECRET Hospital",
    ):
        yield Ask("PATCH", f"/Patient?{quote(criteria, safe='=|')}", change, patch)
        yield Ask("DELETE", f"/Patient?{quote(criteria, safe='=|')}", None, (("prefer", "return=OperationOutcome"),))
    yield Ask("DELETE", "/Patient/b-secret-p1", None, (("prefer", "return=OperationOutcome"),))
    yield Ask("DELETE", "/Patient/b-secret-p1", None, (("if-match", 'W/"1"'),))
    wrong = {"resourceType": "Patient", "id": "b-secret-p1"}
    yield Ask("PUT", "/Patient/b-secret-p1", wrong, (("if-match", 'W/"1"'),))
    yield Ask("PUT", "/Patient/b-secret-p1", wrong, (("if-match", 'W/"9"'),))
    for method, url in (("DELETE", "Patient?name=FamSECRET"), ("GET", "Patient?name=FamSECRET")):
        for kind in ("batch", "transaction"):
            yield Ask("POST", "/", {"resourceType": "Bundle", "type": kind, "entry": [_entry(method, url)]})


def _entry(method: str, url: str, resource: Any = None) -> dict[str, Any]:
    return {"request": {"method": method, "url": url}, **({"resource": resource} if resource else {})}


KINDS = (searches, shapes, chains, filters, instances, operations, bundles, conditions)
