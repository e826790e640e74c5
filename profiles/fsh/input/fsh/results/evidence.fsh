Profile: CmcSpecimen
Parent: Specimen
Id: cmc-specimen
Title: "Specimen"
Description: "A specimen: what it is, when it was taken, and the barcode that follows it from the township to the centre."
* insert Zh(标本, 标本的类型、采集时间，以及由基层到中心随行的条码。)
* identifier MS
* identifier obeys cmc-system
* accessionIdentifier MS
* accessionIdentifier obeys cmc-system
* type MS
* subject 1..1
* subject only Reference(Patient)
* collection MS

Profile: CmcImagingStudy
Parent: ImagingStudy
Id: cmc-imaging-study
Title: "Imaging study"
Description: "Images that lie in an archive, named by their StudyInstanceUID."
* insert Zh(影像检查, 存于影像归档系统的一次检查，以 StudyInstanceUID 标识。)
* extension contains AcquisitionOrganization named acquisitionOrganization 0..1
* identifier 1..*
* insert ByUrl(identifier)
* identifier contains studyInstanceUid 1..1
* identifier[studyInstanceUid].system 1..1
* identifier[studyInstanceUid].system = "urn:dicom:uid"
* identifier[studyInstanceUid].value 1..1
* identifier[studyInstanceUid].value obeys cmc-study-uid
* subject only Reference(Patient)
* encounter MS
* modality MS
* endpoint MS

Invariant: cmc-study-uid
Description: "A StudyInstanceUID is written as urn:oid:"
Severity: #error
Expression: "$this.matches('^urn:oid:[0-2](\\\\.(0|[1-9][0-9]*))+$') and $this.length() <= 72"
* insert ZhHuman(StudyInstanceUID 须写作 urn:oid: 形式)

Profile: CmcMedia
Parent: Media
Id: cmc-media
Title: "Picture or tracing"
Description: "A picture of an image or of the tracing of an electrocardiogram."
* insert Zh(图像或波形, 影像截图或心电图波形图片。)
* extension contains AcquisitionOrganization named acquisitionOrganization 0..1
* identifier obeys cmc-system
* subject 1..1
* content.contentType 1..1

Profile: CmcDocument
Parent: DocumentReference
Id: cmc-document
Title: "Document"
Description: "A document of a report or a referral: a PDF, a scan or a text, with its digest."
* insert Zh(文书, 报告或转诊的文书：PDF、扫描件或文本及其摘要值。)
* masterIdentifier 1..1
* masterIdentifier obeys cmc-system
* identifier obeys cmc-system
* type 1..1
* subject 1..1
* date MS
* author MS
* custodian 1..1
* content.attachment MS
