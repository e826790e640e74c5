Profile: CmcReport
Parent: DiagnosticReport
Id: cmc-report
Title: "Report"
Description: "A report of whatever kind, with all its numbers, who issued it and what it rests on."
* insert Zh(报告, 各类报告及其编号、出具机构与依据。)
* obeys cmc-rep-order and cmc-rep-issued and cmc-rep-content
* extension contains
    AcquisitionOrganization named acquisitionOrganization 0..1 MS and
    DiagnosingOrganization named diagnosingOrganization 0..1 MS and
    RecognitionMark named recognitionMark 0..* MS and
    AgeText named ageText 0..1
* identifier 1..* MS
* identifier obeys cmc-system
* basedOn MS
* category MS
* subject 1..1
* subject only Reference(Patient)
* encounter MS
* effective[x] 1..1 MS
* issued MS
* performer 1..*
* resultsInterpreter MS
* result MS
* conclusion MS
* presentedForm MS

RuleSet: ReportOf(centre)
* insert ByPattern(category)
* category 1..*
* category contains centre 1..1
* category[centre] = CenterType#{centre}

Profile: CmcReportLab
Parent: CmcReport
Id: cmc-report-lab
Title: "Report of the laboratory centre"
Description: "A laboratory report: its results and its specimens."
* insert Zh(检验报告, 检验报告及其结果与标本。)
* insert ReportOf(lab)
* specimen MS

Profile: CmcReportImaging
Parent: CmcReport
Id: cmc-report-imaging
Title: "Report of the imaging centre"
Description: "A report of radiology or ultrasound: findings, conclusion and the images they were read from."
* insert Zh(影像报告, 放射或超声报告：所见、结论与所据影像。)
* obeys cmc-rep-interpreter
* insert ReportOf(imaging)
* imagingStudy MS

Profile: CmcReportEcg
Parent: CmcReport
Id: cmc-report-ecg
Title: "Report of the ECG centre"
Description: "A report of an electrocardiogram, with its tracing as a document or picture."
* insert Zh(心电报告, 心电图诊断报告及其波形文书或图片。)
* obeys cmc-rep-interpreter
* insert ReportOf(ecg)
* media MS

Profile: CmcReportPathology
Parent: CmcReport
Id: cmc-report-pathology
Title: "Report of the pathology centre"
Description: "A pathological diagnosis, with its specimens."
* insert Zh(病理报告, 病理诊断报告及其标本。)
* obeys cmc-rep-interpreter
* insert ReportOf(pathology)
* specimen MS
