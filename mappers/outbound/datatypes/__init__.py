"""Inverse datatypes: FHIR value in, v2 repetition out."""
