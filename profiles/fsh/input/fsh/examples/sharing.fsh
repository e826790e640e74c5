// Recognition, provenance and audit.

Instance: recognition-rule
InstanceOf: CmcRecognitionRule
Usage: #example
Title: "Recognition rule"
Description: "A list with one item. The figures are an example, not a regulation."
* url = "https://qiao-fhir.github.io/cmc/PlanDefinition/recognition-rule"
* version = "2026.1"
* name = "QingheRecognitionRule"
* title = "青禾县医共体互认项目清单"
* status = #active
* experimental = true
* date = "2026-01-01"
* publisher = "青禾县紧密型县域医共体"
* effectivePeriod.start = "2026-01-01"
* effectivePeriod.end = "2026-12-31"
* relatedArtifact.type = #citation
* relatedArtifact.citation = "示例，未经核实（unverified）"
* action.title = "钾"
* action.code = $loinc#2823-3
* action.extension[window].valueDuration = 72 'h' "h"
* action.extension[level].extension[inConsortium].valueBoolean = true

RuleSet: Decided
* intent = #order
* code = TaskCode#hr-decision "Decide on recognition"
* for = Reference(patient)
* requester = Reference(county-hospital)
* owner = Reference(specialist-at-county)
* lastModified = "2026-10-21T11:20:00+08:00"
* extension[viewId].valueIdentifier.system = "https://qiao-fhir.github.io/cmc/sid/county-hospital/view"
* extension[viewId].valueIdentifier.value = "DY202610210001"

Instance: recognition-record
InstanceOf: CmcRecognitionRecord
Usage: #example
Title: "Recognition record"
Description: "The radiograph of the township is good enough for the county hospital."
* insert Decided
* status = #completed
* focus = Reference(report-imaging)
* extension[decision].valueCoding = HrDecision#recognized "Recognised"
* extension[savedCost].valueMoney.value = 85.00
* extension[savedCost].valueMoney.currency = #CNY
* input[order].type = TaskCode#new-order
* input[order].valueCodeableConcept.text = "胸部正位DR"

Instance: recognition-record-partial
InstanceOf: CmcRecognitionRecord
Usage: #example
Title: "Partial recognition"
Description: "Sodium is recognised; potassium changes fast and is measured again."
* insert Decided
* status = #completed
* focus = Reference(report-lab)
* extension[decision].valueCoding = HrDecision#partial "Partly recognised"
* statusReason = HrDeclineReason#2 "Result changes fast in the course of the disease"
* input[item][+].type = TaskCode#recognition-item
* input[item][=].valueReference = Reference(result-sodium)
* input[item][=].extension[decision].valueCoding = HrDecision#recognized "Recognised"
* input[item][+].type = TaskCode#recognition-item
* input[item][=].valueReference = Reference(result-potassium)
* input[item][=].extension[decision].valueCoding = HrDecision#not-recognized "Not recognised"

Instance: recognition-record-declined
InstanceOf: CmcRecognitionRecord
Usage: #example
Title: "Not recognised"
Description: "An emergency; the patient was told why the tests are done again."
* insert Decided
* status = #completed
* focus = Reference(report-lab)
* extension[decision].valueCoding = HrDecision#not-recognized "Not recognised"
* statusReason = HrDeclineReason#4 "Emergency or rescue"
* extension[patientInformed].extension[informed].valueBoolean = true
* extension[patientInformed].extension[time].valueDateTime = "2026-10-21T11:21:00+08:00"

Instance: provenance-v2
InstanceOf: CmcProvenanceV2
Usage: #example
Title: "Provenance of a message"
Description: "The order message of the township."
* target = Reference(order-lab)
* recorded = "2026-10-21T08:45:02+08:00"
* activity = $v2-0003#O01
* activity.text = "ORM^O01"
* agent.type = $participant#author
* agent.who = Reference(township-his)
* agent.onBehalfOf = Reference(township-centre)
* entity.role = #source
* entity.what.identifier.system = "urn:ietf:rfc:3986"
* entity.what.identifier.value = "urn:qiao:message:township-a-his:YX2026102100138"
* extension[v2Value].extension[location].valueString = "MSH-11"
* extension[v2Value].extension[value].valueString = "P"

Instance: audit-event
InstanceOf: CmcAuditEvent
Usage: #example
Title: "Audit event"
Description: "A doctor read a report."
* type = $audit-type#rest "RESTful Operation"
* subtype = $audit-interaction#read "read"
* action = #R
* recorded = "2026-10-21T11:18:00+08:00"
* outcome = #0
* agent.who = Reference(specialist-at-county)
* agent.requestor = true
* source.observer = Reference(county-hospital)
* entity.what = Reference(report-lab)

Instance: view-audit
InstanceOf: CmcViewAudit
Usage: #example
Title: "Audit of a viewing"
Description: "The report of another institution was viewed before the decision."
* type = $audit-type#rest "RESTful Operation"
* subtype = $audit-interaction#read "read"
* action = #R
* recorded = "2026-10-21T11:18:00+08:00"
* outcome = #0
* purposeOfEvent = $act-reason#TREAT "treatment"
* agent.who = Reference(specialist-at-county)
* agent.requestor = true
* source.observer = Reference(county-hospital)
* entity[patient].what = Reference(patient)
* entity[report].what = Reference(report-imaging)
* entity[report].detail.type = "view-id"
* entity[report].detail.valueString = "DY202610210001"
