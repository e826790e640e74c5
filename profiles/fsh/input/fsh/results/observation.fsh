Profile: CmcObservation
Parent: Observation
Id: cmc-observation
Title: "Result"
Description: "One result as it was reported. The text of the sender always stays; a code without its system is nobody's code."
* insert Zh(结果, 一项结果。来源文字始终保留；代码必须带系统。)
* obeys cmc-obs-value and cmc-obs-performer and cmc-obs-critical
* extension contains
    OriginalText named originalText 0..1 and
    RawAbnormalFlag named rawAbnormalFlag 0..1 and
    RecognitionMark named recognitionMark 0..*
* identifier obeys cmc-system
* category MS
* code.text 1..1
* subject 1..1
* subject only Reference(Patient)
* encounter MS
* effective[x] 1..1 MS
* issued MS
* performer MS
* value[x] MS
* interpretation MS
* referenceRange MS

Profile: CmcObservationLab
Parent: CmcObservation
Id: cmc-observation-lab
Title: "Laboratory result"
Description: "A result of the laboratory, with its specimen and the range as it was written. The unit of a quantity is UCUM where it could be read."
* insert Zh(检验结果, 检验结果及其标本与参考范围原文；单位可识别者用 UCUM。)
* insert ByPattern(category)
* category 1..*
* category contains laboratory 1..1
* category[laboratory] = $observation-category#laboratory
* specimen MS
* referenceRange.text 1..1

Profile: CmcObservationExam
Parent: CmcObservation
Id: cmc-observation-exam
Title: "Finding of an examination"
Description: "A finding, measurement or impression of imaging, ECG or pathology."
* insert Zh(检查所见, 影像、心电或病理的所见、测量或印象。)
* category 1..*
* value[x] only Quantity or CodeableConcept or string or boolean or integer or Range or Ratio or time or dateTime or Period
