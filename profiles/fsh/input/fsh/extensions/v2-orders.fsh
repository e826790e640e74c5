// Extensions of orders that HL7 v2 messages tell of.

Extension: BusinessEvent
Id: business-event
Title: "Business event of an order"
Description: "What last happened to an order, as the message said it (ORC-1), and when (ORC-9): the extension that the official V2-to-FHIR map proposes as businessEvent and that nobody has published."
Context: ServiceRequest, MedicationAdministration
* insert Zh(医嘱业务事件, 消息所述医嘱最近发生的事件（ORC-1，HL7 表 0119）及其时间（ORC-9）。)
* extension contains
    value 0..1 and
    date 0..1
* extension[value].value[x] only CodeableConcept
* extension[date].value[x] only dateTime
