// Extensions of mutual recognition.

Extension: HrDecisionExtension
Id: hr-decision
Title: "Recognition decision"
Description: "What was decided: on the record about all of its results, on one of its items about that result."
Context: Task, Task.input
* insert Zh(互认决定, 互认决定；在记录上为总决定，在条目上为该结果的决定。)
* value[x] only Coding
* value[x] 1..1
* valueCoding from HrDecisionVS (required)
* valueCoding.code 1..1

Extension: ViewId
Id: view-id
Title: "Number of the viewing"
Description: "The number (调阅流水号) of the viewing that a decision belongs to."
Context: Task
* insert Zh(调阅流水号, 决定所对应的调阅流水号。)
* value[x] only Identifier
* value[x] 1..1

Extension: SavedCost
Id: saved-cost
Title: "Saved cost"
Description: "The price of the examination that recognition made unnecessary."
Context: Task
* insert Zh(节省费用, 因互认而免做项目的费用。)
* value[x] only Money
* value[x] 1..1
* valueMoney.currency 1..1
* valueMoney.currency = #CNY

Extension: PatientInformed
Id: patient-informed
Title: "Patient informed"
Description: "Whether the patient was told why an examination is done again."
Context: Task
* insert Zh(患者告知, 是否已向患者说明再次检查的目的与必要性。)
* extension contains
    informed 1..1 and
    time 0..1 and
    text 0..1
* extension[informed].value[x] only boolean
* extension[time].value[x] only dateTime
* extension[text].value[x] only string

Extension: RecognitionWindow
Id: recognition-window
Title: "Time window"
Description: "How long a result can be recognised; the clock starts when the specimen is taken or the examination made."
Context: PlanDefinition.action
* insert Zh(互认时限, 结果可互认的时长，自采样或检查时间起算。)
* value[x] only Duration
* value[x] 1..1

Extension: RecognitionLevel
Id: recognition-level
Title: "Levels of recognition"
Description: "From which level and grade to which a result is recognised, and whether this holds inside the consortium only."
Context: PlanDefinition.action
* insert Zh(互认层级, 出具机构与接收机构的层级、等级，以及是否限于医共体内。)
* extension contains
    issuer 0..1 and
    receiver 0..1 and
    inConsortium 1..1
* extension[issuer].value[x] only Coding
* extension[issuer].valueCoding from HospitalGradeVS (required)
* extension[receiver].value[x] only Coding
* extension[receiver].valueCoding from HospitalGradeVS (required)
* extension[inConsortium].value[x] only boolean
