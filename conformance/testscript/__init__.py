"""Runs FHIR R4 TestScript resources against any FHIR server and says what became of them as TestReport, HTML, JUnit."""
