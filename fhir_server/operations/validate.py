"""$validate: what stands against a resource, and nothing is stored (FHIR R4 resource-operation-validate.html)."""

from __future__ import annotations

from fhir_server.problem import outcome
from fhir_server.rest.document import document
from fhir_server.rest.exchange import Answer, Call, Services
from profiles import validate as check


def validate(call: Call, services: Services) -> Answer:
    """200 with an OperationOutcome, whatever it says."""
    read = document(call, services)
    issues = check(read) if isinstance(read, dict) else read
    return Answer(200, outcome(issues))
