"""Every type of search parameter, and the prefixes (search.html#ptypes, #prefix)."""

from __future__ import annotations

from decimal import Decimal

from conformance.testscript.authoring.language import (
    TAG,
    Source,
    coded,
    found,
    identifier,
    observation,
    patient,
    reference,
    refused,
    script,
    search,
    status,
    test,
    thing,
)

_LOINC = "http://loinc.org"
_UCUM = "http://unitsofmeasure.org"


def _all(name: str) -> str:
    """What holds a search to the data of one script."""
    return f"_tag={TAG}|{name}"


def _kilograms(number: str) -> dict[str, object]:
    return {"value": Decimal(number), "unit": "kg", "system": _UCUM, "code": "kg"}


def _dated(name: str, time: str) -> dict[str, object]:
    return observation(name, effectiveDateTime=time)


_DATE = f"Observation?{_all('ts-date')}&date="
_QUANTITY = f"Observation?{_all('ts-quantity')}&value-quantity="
_NUMBER = f"RiskAssessment?{_all('ts-number')}&probability="


def _risk(name: str, probability: str) -> dict[str, object]:
    return thing(
        "RiskAssessment",
        name,
        status="final",
        subject={"display": "test"},
        prediction=[{"probabilityDecimal": Decimal(probability)}],
    )


SCRIPTS: tuple[Source, ...] = (
    script(
        "search/token",
        "token: code, system|code, |code, system|",
        test("code", found(f"Observation?{_all('ts-token')}&code=29463-7", "ts-token-1")),
        test("system and code", found(f"Observation?{_all('ts-token')}&code={_LOINC}|29463-7", "ts-token-1")),
        test("another system", found(f"Observation?{_all('ts-token')}&code=urn:other|29463-7")),
        test("code without a system", found(f"Observation?{_all('ts-token')}&code=|local", "ts-token-3")),
        test(
            "any code of a system", found(f"Observation?{_all('ts-token')}&code={_LOINC}|", "ts-token-1", "ts-token-2")
        ),
        test("or", found(f"Observation?{_all('ts-token')}&code=29463-7,8302-2", "ts-token-1", "ts-token-2")),
        test("and", found(f"Observation?{_all('ts-token')}&code=29463-7&status=final", "ts-token-1")),
        test("a code element", found(f"Observation?{_all('ts-token')}&status=amended", "ts-token-2")),
        test("a boolean", found(f"Patient?{_all('ts-token')}&active=true", "ts-token-4")),
        test("an identifier", found("Patient?identifier=urn:oid:1.2.3|ts-token-4", "ts-token-4")),
        test("an escaped bar", found(f"Patient?{_all('ts-token')}&identifier=a\\|b", "ts-token-5")),
        test("an escaped comma", found(f"Patient?{_all('ts-token')}&identifier=a\\,b", "ts-token-6")),
        test("a contact point", found(f"Patient?{_all('ts-token')}&phone=13800000000", "ts-token-4")),
        data=[
            observation("ts-token-1", code=coded(_LOINC, "29463-7")),
            observation("ts-token-2", code=coded(_LOINC, "8302-2"), status="amended"),
            observation("ts-token-3", code={"coding": [{"code": "local"}]}),
            patient(
                "ts-token-4",
                active=True,
                identifier=[identifier("ts-token-4", "urn:oid:1.2.3")],
                telecom=[{"system": "phone", "value": "13800000000"}],
            ),
            patient("ts-token-5", identifier=[{"value": "a|b"}]),
            patient("ts-token-6", identifier=[{"value": "a,b"}]),
        ],
        says="search.html#token",
    ),
    script(
        "search/string",
        "string: begins with, without case and accents",
        test("the beginning", found(f"Patient?{_all('ts-string')}&family=vis", "ts-string-1")),
        test("without case", found(f"Patient?{_all('ts-string')}&family=VISSER", "ts-string-1")),
        test("not the middle", found(f"Patient?{_all('ts-string')}&family=isser")),
        test("without accents", found(f"Patient?{_all('ts-string')}&family=muller", "ts-string-2")),
        test("any part of a name", found(f"Patient?{_all('ts-string')}&name=anna", "ts-string-2")),
        test("an address", found(f"Patient?{_all('ts-string')}&address=Delft", "ts-string-1")),
        test("a part of the address", found(f"Patient?{_all('ts-string')}&address-city=delft", "ts-string-1")),
        test("or", found(f"Patient?{_all('ts-string')}&family=visser,müller", "ts-string-1", "ts-string-2")),
        test("an escaped comma", found(f"Patient?{_all('ts-string')}&family=A\\,B", "ts-string-3")),
        test("a decomposed accent", found(f"Patient?{_all('ts-string')}&family=Mu\u0308ller", "ts-string-2")),
        data=[
            patient("ts-string-1", name=[{"family": "Visser", "given": ["Jan"]}], address=[{"city": "Delft"}]),
            patient("ts-string-2", name=[{"family": "Müller", "given": ["Anna"]}]),
            patient("ts-string-3", name=[{"family": "A,B"}]),
        ],
        says="search.html#string",
    ),
    script(
        "search/chinese",
        "Chinese text: full, by prefix, by contains; width and case do not count",
        test("the full name", found(f"Patient?{_all('ts-zh')}&name=欧阳测试", "ts-zh-1")),
        test("by prefix", found(f"Patient?{_all('ts-zh')}&name=欧阳", "ts-zh-1")),
        test("by contains", found(f"Patient?{_all('ts-zh')}&name:contains=测试", "ts-zh-1", "ts-zh-2")),
        test("exact", found(f"Patient?{_all('ts-zh')}&name:exact=王测试", "ts-zh-2")),
        test("full width", found(f"Patient?{_all('ts-zh')}&family=ＡＢＣ", "ts-zh-3")),
        test("half width", found(f"Patient?{_all('ts-zh')}&family=abc1", "ts-zh-3")),
        test("outside of the first plane", found(f"Patient?{_all('ts-zh')}&family=𠮷", "ts-zh-4")),
        test("of an address", found(f"Patient?{_all('ts-zh')}&address:contains=测试路", "ts-zh-4")),
        data=[
            patient("ts-zh-1", name=[{"text": "欧阳测试", "family": "欧阳", "given": ["测试"]}]),
            patient("ts-zh-2", name=[{"text": "王测试"}]),
            patient("ts-zh-3", name=[{"family": "ＡＢＣ１２"}]),
            patient("ts-zh-4", name=[{"family": "𠮷田"}], address=[{"text": "某县测试路1号"}]),
        ],
        says="search.html#string",
    ),
    script(
        "search/date",
        "date: precision and all prefixes; eq is containment",
        test("a day", found(f"{_DATE}2026-03-15", "ts-date-2")),
        test("a month contains its days, not the year", found(f"{_DATE}2026-03", "ts-date-2", "ts-date-3")),
        test("a year contains all of it", found(f"{_DATE}2026", "ts-date-2", "ts-date-3", "ts-date-4", "ts-date-5")),
        test("an instant", found(f"{_DATE}2026-03-15T10:00:00%2B08:00", "ts-date-2")),
        test("the same instant in another zone", found(f"{_DATE}2026-03-15T02:00:00Z", "ts-date-2")),
        test("ne", found(f"{_DATE}ne2026", "ts-date-1")),
        test("gt", found(f"{_DATE}gt2026-03-31", "ts-date-4", "ts-date-5")),
        test("ge", found(f"{_DATE}ge2026-03-15&date=le2026-03-31", "ts-date-2", "ts-date-3", "ts-date-4")),
        test("lt", found(f"{_DATE}lt2026-03-15", "ts-date-1", "ts-date-4")),
        test("le", found(f"{_DATE}le2026-03-15", "ts-date-1", "ts-date-2", "ts-date-4")),
        test("sa", found(f"{_DATE}sa2026-03-31", "ts-date-5")),
        test("eb", found(f"{_DATE}eb2026-01-01", "ts-date-1")),
        test("ap is taken", search(f"{_DATE}ap2026-03-15"), status(200)),
        test("a period", found(f"Encounter?{_all('ts-date')}&date=ge2026-05-02&date=le2026-05-02", "ts-date-6")),
        test("a period without an end", found(f"Encounter?{_all('ts-open')}&date=ge2030-01-01", "ts-open-1")),
        test("not before its start", found(f"Encounter?{_all('ts-open')}&date=lt2026-01-01")),
        test("a birth date", found(f"Patient?{_all('ts-date')}&birthdate=lt1960-01-01", "ts-date-7")),
        test("a date that is none", search("Observation?date=nonsense"), status(400), refused()),
        test("a day that does not exist", search("Observation?date=2026-02-30"), status(400), refused()),
        data=[
            _dated("ts-date-1", "2025-06-01"),
            _dated("ts-date-2", "2026-03-15T10:00:00+08:00"),
            _dated("ts-date-3", "2026-03-31"),
            _dated("ts-date-4", "2026"),
            _dated("ts-date-5", "2026-07"),
            thing(
                "Encounter",
                "ts-date-6",
                status="finished",
                period={"start": "2026-05-01", "end": "2026-05-03"},
                **{"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}},
            ),
            patient("ts-date-7", birthDate="1955-05-05"),
            thing(
                "Encounter",
                "ts-open-1",
                status="in-progress",
                period={"start": "2026-05-01"},
                **{"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}},
            ),
        ],
        says="search.html#date, #prefix",
    ),
    script(
        "search/number",
        "number: the precision of the value counts; prefixes",
        test("two digits", found(f"{_NUMBER}0.80", "ts-number-2")),
        test("one digit is a wider range", found(f"{_NUMBER}0.8", "ts-number-2", "ts-number-3")),
        test("gt", found(f"{_NUMBER}gt0.8", "ts-number-3", "ts-number-4")),
        test("ge", found(f"{_NUMBER}ge0.8", "ts-number-2", "ts-number-3", "ts-number-4")),
        test("lt", found(f"{_NUMBER}lt0.8", "ts-number-1")),
        test("le", found(f"{_NUMBER}le0.8", "ts-number-1", "ts-number-2")),
        test("ne", found(f"{_NUMBER}ne0.80", "ts-number-1", "ts-number-3", "ts-number-4")),
        test("an exponent", found(f"{_NUMBER}9e-1", "ts-number-4")),
        test("a number that is none", search("RiskAssessment?probability=nonsense"), status(400), refused()),
        data=[
            _risk("ts-number-1", "0.2"),
            _risk("ts-number-2", "0.8"),
            _risk("ts-number-3", "0.84"),
            _risk("ts-number-4", "0.9"),
        ],
        says="search.html#number",
    ),
    script(
        "search/quantity",
        "quantity: value, system and code; units that can be compared",
        test("a number alone", found(f"{_QUANTITY}70", "ts-quantity-2")),
        test("number, system, code", found(f"{_QUANTITY}70|{_UCUM}|kg", "ts-quantity-2")),
        test("number and unit", found(f"{_QUANTITY}70||kg", "ts-quantity-2")),
        test("another unit", found(f"{_QUANTITY}70|{_UCUM}|cm")),
        test("gt", found(f"{_QUANTITY}gt70|{_UCUM}|kg", "ts-quantity-3")),
        test("le", found(f"{_QUANTITY}le70|{_UCUM}|kg", "ts-quantity-1", "ts-quantity-2")),
        test("ne", found(f"{_QUANTITY}ne70|{_UCUM}|kg", "ts-quantity-1", "ts-quantity-3")),
        data=[
            observation("ts-quantity-1", valueQuantity=_kilograms("50.5")),
            observation("ts-quantity-2", valueQuantity=_kilograms("70")),
            observation("ts-quantity-3", valueQuantity=_kilograms("90.5")),
        ],
        says="search.html#quantity",
    ),
    script(
        "search/reference",
        "reference: id, Type/id, absolute address",
        test("Type/id", found(f"Observation?{_all('ts-ref')}&subject=Patient/ts-ref-1", "ts-ref-2")),
        test("id alone", found(f"Observation?{_all('ts-ref')}&patient=ts-ref-1", "ts-ref-2")),
        test(
            "an absolute address elsewhere",
            found(f"Observation?{_all('ts-ref')}&subject=https://fhir.example.org/Patient/7", "ts-ref-3"),
        ),
        test("another type", found(f"Observation?{_all('ts-ref')}&subject=Group/ts-ref-1")),
        test("or", found(f"Observation?{_all('ts-ref')}&subject=Patient/ts-ref-1,Patient/ts-ref-9", "ts-ref-2")),
        test("more than one reference", found(f"Observation?{_all('ts-ref')}&performer=Patient/ts-ref-1", "ts-ref-3")),
        data=[
            patient("ts-ref-1"),
            observation("ts-ref-2", subject=reference("Patient/ts-ref-1")),
            observation(
                "ts-ref-3",
                subject=reference("https://fhir.example.org/Patient/7"),
                performer=[{"display": "somebody"}, reference("Patient/ts-ref-1")],
            ),
        ],
        says="search.html#reference",
    ),
    script(
        "search/uri",
        "uri: exact, above, below",
        test("the same", found(f"ValueSet?{_all('ts-uri')}&url=http://example.org/fhir/ts/uri", "ts-uri-1")),
        test("case counts", found(f"ValueSet?{_all('ts-uri')}&url=http://example.org/fhir/TS/uri")),
        test(
            "below",
            found(f"ValueSet?{_all('ts-uri')}&url:below=http://example.org/fhir/ts/uri", "ts-uri-1", "ts-uri-2"),
        ),
        test(
            "above",
            found(f"ValueSet?{_all('ts-uri')}&url:above=http://example.org/fhir/ts/uri/deep", "ts-uri-1", "ts-uri-2"),
        ),
        data=[
            thing("ValueSet", "ts-uri-1", status="draft", url="http://example.org/fhir/ts/uri"),
            thing("ValueSet", "ts-uri-2", status="draft", url="http://example.org/fhir/ts/uri/deep"),
        ],
        says="search.html#uri",
    ),
    script(
        "search/composite",
        "composite: both parts of one element",
        test(
            "code and value",
            found(f"Observation?{_all('ts-composite')}&code-value-quantity={_LOINC}|29463-7$gt60", "ts-composite-1"),
        ),
        test(
            "the parts are of one element",
            found(f"Observation?{_all('ts-composite')}&component-code-value-quantity={_LOINC}|8480-6$lt100"),
        ),
        test(
            "a component",
            found(
                f"Observation?{_all('ts-composite')}&component-code-value-quantity={_LOINC}|8480-6$gt100",
                "ts-composite-2",
            ),
        ),
        data=[
            observation("ts-composite-1", code=coded(_LOINC, "29463-7"), valueQuantity=_kilograms("70")),
            observation(
                "ts-composite-2",
                code=coded(_LOINC, "85354-9"),
                component=[
                    {"code": coded(_LOINC, "8480-6"), "valueQuantity": _kilograms("120")},
                    {"code": coded(_LOINC, "8462-4"), "valueQuantity": _kilograms("80")},
                ],
            ),
        ],
        says="search.html#composite",
    ),
)
