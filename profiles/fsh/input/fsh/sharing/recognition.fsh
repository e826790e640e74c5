Profile: CmcRecognitionRecord
Parent: Task
Id: cmc-recognition-record
Title: "Recognition record"
Description: "What a receiving doctor decided about an existing result (互认), why, and for which order. The decision is the doctor's: nothing is recognised by itself."
* insert Zh(互认记录, 接诊医师对已有结果的互认决定、理由及所对应的拟开项目。决定权在医师，绝不自动互认。)
* obeys cmc-hr-reason and cmc-hr-other and cmc-hr-informed and cmc-hr-partial
* extension contains
    HrDecisionExtension named decision 1..1 and
    ViewId named viewId 0..1 MS and
    SavedCost named savedCost 0..1 and
    PatientInformed named patientInformed 0..1
* identifier obeys cmc-system
* basedOn ^short = "The new order that this decision is about"
* status from RecognitionRecordStatusVS (required)
* statusReason from HrDeclineReasonVS (required)
* intent = #order
* code 1..1
* code = TaskCode#hr-decision
* focus 1..1
* focus only Reference(DiagnosticReport or Observation or ImagingStudy or Media)
* for 1..1
* for only Reference(Patient)
* encounter MS
* lastModified 1..1
* lastModified ^short = "When it was decided"
* requester 1..1
* requester only Reference(Organization)
* requester ^short = "The institution where it was decided"
* owner 1..1
* owner only Reference(Practitioner or PractitionerRole)
* owner ^short = "The doctor who decided"
* input.extension contains HrDecisionExtension named decision 0..1
* input ^slicing.discriminator[0].type = #pattern
* input ^slicing.discriminator[0].path = "type"
* input ^slicing.rules = #open
* input contains item 0..* and order 0..1
* input[item].type = TaskCode#recognition-item
* input[item].value[x] only Reference(Observation or ImagingStudy or Media or DiagnosticReport)
* input[order].type = TaskCode#new-order
* input[order].value[x] only CodeableConcept or Reference(ServiceRequest)

ValueSet: RecognitionRecordStatusVS
Id: recognition-record-status
Title: "Statuses of a recognition record"
Description: "Decided, withdrawn, or to be looked at again because the report was amended or revoked."
* insert Fixed
* insert Zh(互认记录状态值集, 已决定、已撤回，或因报告修改、撤销而待复核。)
* $task-status#completed "Completed"
* $task-status#on-hold "On Hold"
* $task-status#cancelled "Cancelled"
* $task-status#entered-in-error "Entered in Error"

Profile: CmcRecognitionRule
Parent: PlanDefinition
Id: cmc-recognition-rule
Title: "Recognition rule"
Description: "A list of items that are recognised: per item the time window and the levels, with the area it holds for and the regulation it comes from. Configuration, never law by itself."
* insert Zh(互认规则, 互认项目清单：逐项的时限与层级、适用区域及依据文件。属于配置，本身不是法规。)
* url 1..1
* version 1..1
* title 1..1
* date 1..1
* publisher 1..1
* useContext MS
* relatedArtifact 1..*
* relatedArtifact.citation 1..1
* effectivePeriod 1..1
* action 1..*
* action.title 1..1
* action.code 1..*
* action.extension contains
    RecognitionWindow named window 1..1 and
    RecognitionLevel named level 0..*
