Profile: CmcEncounter
Parent: Encounter
Id: cmc-encounter
Title: "Encounter"
Description: "A visit: outpatient, emergency, inpatient, observation, at home or remote. Its class decides in which indicator it counts."
* insert Zh(就诊, 门诊、急诊、住院、留观、家庭病床或远程就诊；类别决定其计入哪项指标。)
* obeys cmc-enc-number and cmc-enc-start
* extension contains AgeText named ageText 0..1
* identifier MS
* identifier obeys cmc-system
* class from EncounterClassVS (required)
* class.code 1..1
* type MS
* subject 1..1
* subject only Reference(Patient)
* basedOn ^short = "The referral that brought the patient here"
* participant MS
* period MS
* diagnosis MS
* location MS
* serviceProvider 1..1 MS

Profile: CmcCondition
Parent: Condition
Id: cmc-condition
Title: "Diagnosis"
Description: "A diagnosis. ICD-10 in its Chinese clinical edition where the sender codes it; its text always."
* insert Zh(诊断, 诊断；有代码者用 ICD-10 国家临床版，文字必填。)
* identifier obeys cmc-system
* category 1..* MS
* code 1..1 MS
* code from DiagnosisVS (preferred)
* code.text 1..1
* subject only Reference(Patient)
* encounter MS

Profile: CmcAllergy
Parent: AllergyIntolerance
Id: cmc-allergy
Title: "Allergy"
Description: "An allergy or intolerance of a patient."
* insert Zh(过敏, 患者的过敏或不耐受。)
* identifier obeys cmc-system
* clinicalStatus MS
* code 1..1 MS

Profile: CmcProcedure
Parent: Procedure
Id: cmc-procedure
Title: "Procedure"
Description: "An operation or procedure; ICD-9-CM-3 in its Chinese clinical edition where the sender codes it."
* insert Zh(手术操作, 手术或操作；有代码者用 ICD-9-CM-3 国家临床版。)
* identifier obeys cmc-system
* code 1..1 MS
* subject only Reference(Patient)
* performed[x] MS

Profile: CmcAppointment
Parent: Appointment
Id: cmc-appointment
Title: "Appointment"
Description: "A reserved consultation or bed, often of a referred patient."
* insert Zh(预约, 预约的号源或床位，常用于转诊患者。)
* identifier 1..*
* identifier obeys cmc-system
* start MS
* participant MS
