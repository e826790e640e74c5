// Extensions of results, reports and critical values.

Extension: OriginalText
Id: original-text
Title: "Result as it was written"
Description: "The text of a result that became a quantity, ratio or code: <0.01, 3.5↑, 1:160."
Context: Observation, Observation.component
* insert Zh(结果原文, 已转为数值、比例或代码的结果原文，如 <0.01、3.5↑、1:160。)
* value[x] only string
* value[x] 1..1

Extension: RawAbnormalFlag
Id: raw-abnormal-flag
Title: "Flag as it was written"
Description: "The abnormal flag of the sender where its meaning is unknown. An unknown flag is not normal."
Context: Observation, Observation.component
* insert Zh(标志原文, 含义未知的来源异常标志；未知标志不等于正常。)
* value[x] only string
* value[x] 1..1

Extension: AcquisitionOrganization
Id: acquisition-organization
Title: "Institution of the acquisition"
Description: "Where the specimen was taken or the examination made; the report itself may come from a centre (基层检查、上级诊断)."
Context: DiagnosticReport, ImagingStudy, Media
* insert Zh(采集机构, 采样或检查所在机构；报告可由上级中心出具（基层检查、上级诊断）。)
* value[x] only Reference(Organization)
* value[x] 1..1

Extension: DiagnosingOrganization
Id: diagnosing-organization
Title: "Institution of the diagnosis"
Description: "The institution whose doctors interpreted the examination."
Context: DiagnosticReport
* insert Zh(诊断机构, 对检查作出诊断的机构。)
* value[x] only Reference(Organization)
* value[x] 1..1

Extension: RecognitionMark
Id: recognition-mark
Title: "HR mark"
Description: "The mark of a result that others shall recognise: its scope, its label, and the quality assessment it rests on."
Context: DiagnosticReport, Observation
* insert Zh(互认标识, 结果可被互认的标识：范围、标注文字及所依据的质量评价。)
* obeys cmc-hr-label
* extension contains
    scope 1..1 and
    label 1..1 and
    qaScheme 0..1 and
    qaPeriod 0..1 and
    qaEvidence 0..1
* extension[scope].value[x] only Coding
* extension[scope].valueCoding from HrScopeVS (required)
* extension[label].value[x] only string
* extension[qaScheme].value[x] only string
* extension[qaPeriod].value[x] only Period
* extension[qaEvidence].value[x] only uri

Invariant: cmc-hr-label
Description: "The label of an HR mark is the name of its area, followed by HR"
Severity: #error
Expression: "extension.where(url = 'label').value.all($this.matches('^.+HR$'))"
* insert ZhHuman(互认标识为“区域简称+HR”)

Extension: Readback
Id: readback
Title: "Read back"
Description: "That who took the call repeated the critical value, and when."
Context: Communication
* insert Zh(回读, 接收危急值者复述确认及其时间。)
* extension contains
    by 0..1 and
    time 1..1 and
    text 0..1
* extension[by].value[x] only Reference(Practitioner or PractitionerRole)
* extension[time].value[x] only dateTime
* extension[text].value[x] only string

Extension: Disposition
Id: disposition
Title: "Disposition"
Description: "What was done for the patient after a critical value, by whom and when."
Context: Communication
* insert Zh(处置, 接到危急值后对患者的处置、处置人与时间。)
* extension contains
    by 1..1 and
    time 1..1 and
    text 1..1
* extension[by].value[x] only Reference(Practitioner or PractitionerRole)
* extension[time].value[x] only dateTime
* extension[text].value[x] only string
