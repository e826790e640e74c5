"""The examples of FHIR R4 search.html are understood as they stand there."""

from __future__ import annotations

import pytest

from fhir_server.rest.address import pairs
from fhir_server.search.query import Query, parse
from fhir_server.search.values import Surroundings

EXAMPLES = """
Patient?_id=23
Observation?_lastUpdated=gt2010-10-01
Condition?_tag=http://acme.org/codes|needs-review
DiagnosticReport?_profile=http://hl7.org/fhir/StructureDefinition/lipid
DiagnosticReport?_profile=http://hl7.org/fhir/StructureDefinition/lipid|4.0
Patient?gender:not=male
Patient?gender:missing=true
Encounter?length=gt20
RiskAssessment?probability=gt0.8
RiskAssessment?probability=5.40e-3
RiskAssessment?probability=le100
Patient?birthdate=ge2010-01-01&birthdate=le2011-12-31
Condition?onset-date=23%20May%202009
Procedure?date=sa2013-03-14
Observation?date=ap2013-03-14
Observation?date=2013-01-14T10:00:00Z
Patient?given=eve
Patient?given:contains=eve
Patient?given:exact=Eve
ValueSet?url=http://acme.org/fhir/ValueSet/123
ValueSet?url:below=http://acme.org/fhir/
ValueSet?url:above=http://acme.org/fhir/ValueSet/123/_history/5
ValueSet?url=urn:oid:1.2.3.4.5
Patient?identifier=http://acme.org/patient|2345
Patient?gender=male
Composition?section=48765-2
Patient?active=true
Condition?code=http://acme.org/conditions/codes|ha125
Condition?code=ha125
Condition?code:text=headache
Condition?code:in=http://hl7.org/fhir/ValueSet/condition-clinical
Condition?clinical-status:below=http://terminology.hl7.org/CodeSystem/condition-clinical|active
Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053
Observation?value-quantity=5.4|http://unitsofmeasure.org|mg
Observation?value-quantity=5.40e-3|http://unitsofmeasure.org|g
Observation?value-quantity=5.4||mg
Observation?value-quantity=5.4
Observation?value-quantity=le5.4|http://unitsofmeasure.org|mg
Observation?value-quantity=ap5.4|http://unitsofmeasure.org|mg
Observation?subject=Patient/23
Observation?subject=http://acme.org/fhir/Patient/23
Observation?subject:Patient=23
Observation?subject:identifier=http://acme.org/fhir/identifier/mrn|123456
Encounter?location:below=Location/1
DiagnosticReport?subject.name=peter
DiagnosticReport?subject:Patient.name=peter
Patient?general-practitioner.name=Joe&general-practitioner.address-state=MN
Patient?_has:Observation:patient:code=1234-5
Encounter?patient._has:Group:member:_id=102
Patient?_has:Observation:patient:_has:AuditEvent:entity:agent=MyUserId
DiagnosticReport?result.code-value-quantity=http://loinc.org|2823-3$gt5.4|http://unitsofmeasure.org|mmol/L
Observation?component-code-value-quantity=http://loinc.org|8480-6$lt60
Observation?code-value-concept=http://loinc.org|718-7$http://snomed.info/sct|260385009
Group?characteristic-value=gender$mixed
Questionnaire?context-type-value=focus$http://snomed.info/sct|408934002
Patient?_list=42
Patient?given=some\\,value,other\\|one
Observation?_sort=status,-date,category
Observation?code=a,b&code=c
MedicationRequest?_include=MedicationRequest:patient
MedicationRequest?_revinclude=Provenance:target
MedicationRequest?_include:iterate=MedicationRequest:medication&_include=MedicationRequest:requester:Practitioner
MedicationRequest?_include=*
Patient?_summary=true&_count=0&_total=accurate&_elements=identifier,active,link&_contained=false
Patient?_filter=name%20eq%20peter
"""
UNREADABLE = ("23%20May%202009",)
"""A date as people write it is not one of FHIR."""


@pytest.mark.parametrize("example", EXAMPLES.split())
def test_an_example_of_the_specification_is_understood(example: str) -> None:
    kind, _, text = example.partition("?")
    given = pairs(text)
    assert isinstance(given, list | tuple), given
    query = parse(kind, given, Surroundings(0, "http://acme.org/fhir"))
    assert isinstance(query, Query) != any(part in example for part in UNREADABLE), query
