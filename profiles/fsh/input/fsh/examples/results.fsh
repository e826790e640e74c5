// Orders of the township, reports of the centres.

RuleSet: Ordered(centre, number, what)
* insert LocalNumber(PLAC, https://qiao-fhir.github.io/cmc/sid/township-a/placer-order, {number})
* status = #active
* intent = #order
* category[centre] = CenterType#{centre}
* code.text = "{what}"
* subject = Reference(patient)
* encounter = Reference(visit)
* authoredOn = "2026-10-21T08:45:00+08:00"
* requester = Reference(doctor-at-township)
* extension[requesterOrganization].valueReference = Reference(township-centre)

RuleSet: Tracked(order)
* status = #completed
* intent = #order
* code = $fhir-task#fulfill
* focus = Reference({order})
* for = Reference(patient)
* authoredOn = "2026-10-21T08:45:00+08:00"
* lastModified = "2026-10-21T10:30:00+08:00"
* requester = Reference(doctor-at-township)

RuleSet: Reported(centre, number, what, order)
* insert LocalNumber(FILL, https://qiao-fhir.github.io/cmc/sid/county-{centre}/filler-order, {number})
* basedOn = Reference({order})
* status = #final
* category[centre] = CenterType#{centre}
* code.text = "{what}"
* subject = Reference(patient)
* encounter = Reference(visit)
* effectiveDateTime = "2026-10-21T08:55:00+08:00"
* issued = "2026-10-21T10:30:00+08:00"
* resultsInterpreter = Reference(specialist)

Instance: order
InstanceOf: CmcOrder
Usage: #example
Title: "Order"
Description: "An order of no centre."
* insert LocalNumber(PLAC, https://qiao-fhir.github.io/cmc/sid/township-a/placer-order, 229100060)
* status = #active
* intent = #order
* code.text = "肺功能检查"
* subject = Reference(patient)
* authoredOn = "2026-10-21T08:45:00+08:00"
* requester = Reference(doctor-at-township)
* performer = Reference(county-hospital)

Instance: order-lab
InstanceOf: CmcOrderLab
Usage: #example
Title: "Laboratory order"
Description: "Potassium, urgently."
* insert Ordered(lab, 229100057, 电解质)
* priority = #stat
* performer = Reference(laboratory-centre)
* specimen = Reference(specimen)

Instance: order-imaging
InstanceOf: CmcOrderImaging
Usage: #example
Title: "Imaging order"
Description: "A radiograph of the chest."
* insert Ordered(imaging, 229100058, 胸部正位DR)
* performer = Reference(imaging-centre)
* bodySite.text = "胸部"

Instance: order-ecg
InstanceOf: CmcOrderEcg
Usage: #example
Title: "ECG order"
Description: "An electrocardiogram with twelve leads."
* insert Ordered(ecg, 229100059, 十二导联心电图)
* performer = Reference(county-hospital)

Instance: order-pathology
InstanceOf: CmcOrderPathology
Usage: #example
Title: "Pathology order"
Description: "A biopsy of the stomach."
* insert Ordered(pathology, 229100061, 胃黏膜活检)
* performer = Reference(county-hospital)

Instance: order-task
InstanceOf: CmcOrderTask
Usage: #example
Title: "Task of an order"
Description: "The laboratory has done its work."
* insert Tracked(order-lab)
* owner = Reference(laboratory-centre)

Instance: specimen
InstanceOf: CmcSpecimen
Usage: #example
Title: "Specimen"
Description: "Serum, taken in the township."
* accessionIdentifier.system = "https://qiao-fhir.github.io/cmc/sid/township-a/barcode"
* accessionIdentifier.value = "LAB-20261021-0005"
* type = $v2-0487#SER
* type.text = "血清"
* subject = Reference(patient)
* receivedTime = "2026-10-21T09:40:00+08:00"
* collection.collectedDateTime = "2026-10-21T08:55:00+08:00"

Instance: result-potassium
InstanceOf: CmcObservationLab
Usage: #example
Title: "Potassium"
Description: "A critically high potassium."
* status = #final
* category[laboratory] = $observation-category#laboratory
* code = $loinc#2823-3
* code.text = "钾"
* subject = Reference(patient)
* encounter = Reference(visit)
* effectiveDateTime = "2026-10-21T08:55:00+08:00"
* issued = "2026-10-21T10:30:00+08:00"
* performer = Reference(laboratory-centre)
* valueQuantity = 6.92 'mmol/L' "mmol/L"
* interpretation = $interpretation#HH "Critical high"
* interpretation.text = "HH"
* specimen = Reference(specimen)
* referenceRange.low = 3.5 'mmol/L' "mmol/L"
* referenceRange.high = 5.3 'mmol/L' "mmol/L"
* referenceRange.text = "3.5-5.3"

Instance: result-sodium
InstanceOf: CmcObservationLab
Usage: #example
Title: "Sodium"
Description: "A normal sodium."
* status = #final
* category[laboratory] = $observation-category#laboratory
* code = $loinc#2951-2
* code.text = "钠"
* subject = Reference(patient)
* effectiveDateTime = "2026-10-21T08:55:00+08:00"
* performer = Reference(laboratory-centre)
* valueQuantity = 140 'mmol/L' "mmol/L"
* interpretation = $interpretation#N "Normal"
* specimen = Reference(specimen)
* referenceRange.text = "137-147"

Instance: result-of-analyser
InstanceOf: CmcObservation
Usage: #example
Title: "Result of an analyser"
Description: "A result that was not attributed to a section; its text stays."
* extension[originalText].valueString = "<0.01"
* status = #preliminary
* code.text = "肌钙蛋白"
* subject = Reference(patient)
* effectiveDateTime = "2026-10-21T08:55:00+08:00"
* performer = Reference(laboratory-centre)
* valueQuantity.value = 0.01
* valueQuantity.comparator = #<

Instance: finding-chest
InstanceOf: CmcObservationExam
Usage: #example
Title: "Finding of the chest"
Description: "What the radiologist saw."
* status = #final
* category = $observation-category#imaging
* code.text = "检查所见"
* subject = Reference(patient)
* effectiveDateTime = "2026-10-21T08:55:00+08:00"
* performer = Reference(imaging-centre)
* valueString = "右下肺野见片状密度增高影，边缘模糊。"

Instance: report
InstanceOf: CmcReport
Usage: #example
Title: "Report of no centre"
Description: "A report of a lung function test."
* insert LocalNumber(FILL, https://qiao-fhir.github.io/cmc/sid/county-hospital/filler-order, FG20261021001)
* basedOn = Reference(order)
* status = #final
* code.text = "肺功能检查"
* subject = Reference(patient)
* effectiveDateTime = "2026-10-21T08:55:00+08:00"
* issued = "2026-10-21T10:30:00+08:00"
* performer = Reference(county-hospital)
* conclusion = "通气功能正常。"

Instance: report-lab
InstanceOf: CmcReportLab
Usage: #example
Title: "Laboratory report"
Description: "The electrolytes, recognised in the whole county."
* insert Reported(lab, L26102000083, 电解质, order-lab)
* performer = Reference(laboratory-centre)
* specimen = Reference(specimen)
* result[+] = Reference(result-potassium)
* result[+] = Reference(result-sodium)
* extension[acquisitionOrganization].valueReference = Reference(township-centre)
* extension[recognitionMark].extension[scope].valueCoding = HrScope#county "County"
* extension[recognitionMark].extension[label].valueString = "青禾县HR"
* extension[recognitionMark].extension[qaScheme].valueString = "WS/T 403-2024"
* extension[recognitionMark].extension[qaPeriod].valuePeriod.start = "2026-01-01"
* extension[recognitionMark].extension[qaPeriod].valuePeriod.end = "2026-12-31"

Instance: report-imaging
InstanceOf: CmcReportImaging
Usage: #example
Title: "Imaging report"
Description: "Acquired in the township, read at the centre."
* insert Reported(imaging, DR20261021001, 胸部正位DR, order-imaging)
* performer = Reference(imaging-centre)
* result = Reference(finding-chest)
* imagingStudy = Reference(study)
* conclusion = "右下肺炎症，建议治疗后复查。"
* extension[acquisitionOrganization].valueReference = Reference(township-centre)
* extension[diagnosingOrganization].valueReference = Reference(imaging-centre)

Instance: report-ecg
InstanceOf: CmcReportEcg
Usage: #example
Title: "ECG report"
Description: "A normal electrocardiogram."
* insert Reported(ecg, ECG20261021001, 十二导联心电图, order-ecg)
* performer = Reference(county-hospital)
* media.link = Reference(tracing)
* conclusion = "窦性心律，正常心电图。"

Instance: report-pathology
InstanceOf: CmcReportPathology
Usage: #example
Title: "Pathology report"
Description: "The diagnosis of a biopsy."
* insert Reported(pathology, 2026B00001, 胃黏膜活检, order-pathology)
* performer = Reference(county-hospital)
* conclusion = "（胃窦）黏膜慢性炎。"

Instance: study
InstanceOf: CmcImagingStudy
Usage: #example
Title: "Imaging study"
Description: "The radiograph of the chest in the archive."
* identifier[studyInstanceUid].value = "urn:oid:2.25.99999996888888004"
* status = #available
* modality = $dicom#DX
* subject = Reference(patient)
* basedOn = Reference(order-imaging)

Instance: tracing
InstanceOf: CmcMedia
Usage: #example
Title: "Tracing"
Description: "The tracing of the electrocardiogram as a picture."
* status = #completed
* subject = Reference(patient)
* content.contentType = #image/png
* content.url = "https://ecg.qinghe.example/tracing/ECG20261021001.png"
* content.title = "心电图"

Instance: document
InstanceOf: CmcDocument
Usage: #example
Title: "Document"
Description: "The pathology report as a PDF."
* masterIdentifier.system = "https://qiao-fhir.github.io/cmc/sid/county-pathology/document"
* masterIdentifier.value = "2026B00001"
* status = #current
* docStatus = #final
* type = $loinc#11526-1
* type.text = "病理报告"
* subject = Reference(patient)
* date = "2026-10-21T13:56:21+08:00"
* author = Reference(specialist)
* custodian = Reference(county-hospital)
* content.attachment.contentType = #application/pdf
* content.attachment.url = "https://pathology.qinghe.example/report/2026B00001.pdf"
* content.attachment.title = "病理报告"

Instance: critical-value
InstanceOf: CmcCriticalValue
Usage: #example
Title: "Critical value"
Description: "A loop that was closed: read back after five minutes, acted upon after twenty."
* status = #completed
* category[criticalValue] = CommunicationCategory#critical-value "Critical value"
* priority = #stat
* subject = Reference(patient)
* about = Reference(result-potassium)
* encounter = Reference(visit)
* sent = "2026-10-21T10:31:00+08:00"
* received = "2026-10-21T10:36:00+08:00"
* sender = Reference(laboratory-centre)
* recipient = Reference(doctor-at-township)
* extension[readback].extension[by].valueReference = Reference(doctor-at-township)
* extension[readback].extension[time].valueDateTime = "2026-10-21T10:36:00+08:00"
* extension[disposition].extension[by].valueReference = Reference(doctor-at-township)
* extension[disposition].extension[time].valueDateTime = "2026-10-21T10:51:00+08:00"
* extension[disposition].extension[text].valueString = "复查血钾，建立静脉通路，上转县医院。"

Instance: critical-value-task
InstanceOf: CmcCriticalValueTask
Usage: #example
Title: "Response to a critical value"
Description: "The township doctor has thirty minutes."
* status = #requested
* intent = #order
* priority = #stat
* code = TaskCode#critical-value-response "Respond to a critical value"
* focus = Reference(critical-value)
* for = Reference(patient)
* lastModified = "2026-10-21T10:31:00+08:00"
* owner = Reference(doctor-at-township)
* restriction.period.end = "2026-10-21T11:01:00+08:00"
