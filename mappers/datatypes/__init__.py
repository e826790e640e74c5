"""One file a family of FHIR datatypes; `registry` names the functions that rows use."""
