// Extensions of visits that HL7 v2 messages tell of.

Extension: LocationStatus
Id: location-status
Title: "Status of a past location"
Description: "What became of a place that a visit had before: R5 has no status for EncounterHistory.location, the official V2-to-FHIR map wants one (PV1-43)."
* insert Zh(既往位置状态, 就诊既往位置的状态；R5 的 EncounterHistory.location 无此元素，而官方 V2-to-FHIR 映射（PV1-43）需要。)
* ^context.type = #extension
* ^context.expression = "http://hl7.org/fhir/5.0/StructureDefinition/extension-EncounterHistory.location"
* value[x] only code
* value[x] 1..1
* valueCode from http://hl7.org/fhir/ValueSet/encounter-location-status (required)
