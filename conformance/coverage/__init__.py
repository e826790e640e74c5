"""How much of HL7's official V2-to-FHIR map the tables of `mappers` realise, counted row by row."""
