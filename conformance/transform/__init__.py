"""The transform validator: anybody's v2 message and FHIR Bundle, held against the maps and against each other."""
