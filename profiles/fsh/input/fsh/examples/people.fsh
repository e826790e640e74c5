// One story: a patient of the township of Yunxi, sent up to the county hospital of Qinghe. All names and numbers are
// made up; identity numbers use area 999999, which is nobody's.

RuleSet: LocalNumber(type, system, value)
* identifier[+].type = $v2-0203#{type}
* identifier[=].system = "{system}"
* identifier[=].value = "{value}"

Instance: consortium
InstanceOf: CmcConsortium
Usage: #example
Title: "Consortium of Qinghe"
Description: "The consortium that all institutions of the examples are part of."
* identifier[+].system = "https://qiao-fhir.github.io/cmc/sid/consortium/institution"
* identifier[=].value = "qinghe"
* active = true
* name = "青禾县紧密型县域医共体"
* extension[consortiumRole].valueCoding = ConsortiumRole#consortium "The consortium itself"

Instance: county-hospital
InstanceOf: CmcMemberOrganization
Usage: #example
Title: "County hospital"
Description: "The lead hospital of the consortium."
* identifier[institutionCode].value = "12999999CMC000001N"
* active = true
* name = "青禾县人民医院"
* type = InstitutionCategory#A100 "General hospital"
* partOf = Reference(consortium)
* extension[consortiumRole].valueCoding = ConsortiumRole#lead "Lead hospital"
* extension[level].valueCoding = OrganizationLevel#county "County"
* extension[grade].valueCoding = HospitalGrade#6 "Grade 2 class A"

Instance: township-centre
InstanceOf: CmcMemberOrganization
Usage: #example
Title: "Township health centre"
Description: "A member of the consortium that refers patients up."
* identifier[institutionCode].value = "12999999CMC000002R"
* active = true
* name = "云溪镇中心卫生院"
* type = InstitutionCategory#C210 "Central township health centre"
* partOf = Reference(consortium)
* extension[consortiumRole].valueCoding = ConsortiumRole#member "Member institution"
* extension[level].valueCoding = OrganizationLevel#township "Township"

Instance: imaging-centre
InstanceOf: CmcOrganization
Usage: #example
Title: "Imaging centre"
Description: "A shared centre that reads what the townships acquire."
* identifier[+].system = "https://qiao-fhir.github.io/cmc/sid/consortium/institution"
* identifier[=].value = "county-imaging"
* name = "青禾县医共体影像中心"
* partOf = Reference(county-hospital)

Instance: laboratory-centre
InstanceOf: CmcOrganization
Usage: #example
Title: "Laboratory centre"
Description: "A shared centre that examines specimens of all members."
* identifier[+].system = "https://qiao-fhir.github.io/cmc/sid/consortium/institution"
* identifier[=].value = "county-lab"
* name = "青禾县医共体检验中心"
* partOf = Reference(county-hospital)

Instance: patient
InstanceOf: CmcPatient
Usage: #example
Title: "Patient"
Description: "A patient as the township health centre knows them."
* identifier[+].type = $v2-0203#NI
* identifier[=].system = "urn:oid:2.16.156.10011.1.3"
* identifier[=].value = "999999199001010016"
* insert LocalNumber(MR, https://qiao-fhir.github.io/cmc/sid/township-a/mrn, YX000135)
* active = true
* name.text = "示例·甲"
* name.extension[pinyin].valueString = "Shili Jia"
* gender = #male
* extension[gbGender].valueCoding = GbSex#1 "Male"
* extension[ethnicity].valueCodeableConcept = GbEthnicity#01 "Han"
* extension[ethnicity].valueCodeableConcept.text = "汉族"
* birthDate = "1990-01-01"
* telecom.system = #phone
* telecom.use = #mobile
* telecom.value = "13800000135"
* address.text = "青禾县云溪镇示例村1组1号"
* address.extension[divisionCode].valueCode = #999999
* managingOrganization = Reference(township-centre)

Instance: person
InstanceOf: CmcPerson
Usage: #example
Title: "Person"
Description: "The person behind the patient."
* identifier[residentId].value = "999999199001010016"
* name.text = "示例·甲"
* gender = #male
* birthDate = "1990-01-01"
* link.target = Reference(patient)

Instance: related-person
InstanceOf: CmcRelatedPerson
Usage: #example
Title: "Related person"
Description: "The wife of the patient."
* patient = Reference(patient)
* name.text = "示例·乙"
* relationship = $role-code#SPS "spouse"
* relationship.text = "配偶"
* telecom.system = #phone
* telecom.value = "13800000136"

Instance: coverage
InstanceOf: CmcCoverage
Usage: #example
Title: "Coverage"
Description: "The insurance of residents."
* status = #active
* subscriberId = "YB0000000135"
* beneficiary = Reference(patient)
* payor.display = "青禾县医疗保障局"
* class.type = $coverage-class#plan "Plan"
* class.value = "390"
* class.name = "城乡居民基本医疗保险"

Instance: account
InstanceOf: CmcAccount
Usage: #example
Title: "Account"
Description: "The account of a visit."
* insert LocalNumber(AN, https://qiao-fhir.github.io/cmc/sid/township-a/account, ZH000135)
* status = #active
* subject = Reference(patient)

Instance: doctor
InstanceOf: CmcPractitioner
Usage: #example
Title: "Doctor of the township"
Description: "Who asks and refers."
* insert LocalNumber(EI, https://qiao-fhir.github.io/cmc/sid/township-a/practitioner, A012)
* name.text = "示例医师甲"

Instance: doctor-at-township
InstanceOf: CmcPractitionerRole
Usage: #example
Title: "Doctor at the township health centre"
Description: "The requester of the examples."
* practitioner = Reference(doctor)
* organization = Reference(township-centre)
* telecom.system = #phone
* telecom.value = "0999-1234567"

Instance: specialist
InstanceOf: CmcPractitioner
Usage: #example
Title: "Doctor of the county hospital"
Description: "Who receives, reads and decides."
* insert LocalNumber(EI, https://qiao-fhir.github.io/cmc/sid/county-hospital/practitioner, 10021)
* name.text = "示例医师乙"

Instance: specialist-at-county
InstanceOf: CmcPractitionerRole
Usage: #example
Title: "Doctor at the county hospital"
Description: "The performer of the examples."
* practitioner = Reference(specialist)
* organization = Reference(county-hospital)

Instance: bed
InstanceOf: CmcLocation
Usage: #example
Title: "Bed"
Description: "A bed of the county hospital."
* identifier[+].system = "https://qiao-fhir.github.io/cmc/sid/county-hospital/location"
* identifier[=].value = "N4-05"
* status = #active
* mode = #instance
* name = "N4-05"
* physicalType = $location-type#bd "Bed"
* managingOrganization = Reference(county-hospital)

Instance: township-his
InstanceOf: CmcSourceSystem
Usage: #example
Title: "Source system"
Description: "The HIS of the township health centre."
* identifier[+].system = "https://qiao-fhir.github.io/cmc/sid/township-a/application"
* identifier[=].value = "HIS"
* deviceName.name = "HIS"
* deviceName.type = #other
* owner = Reference(township-centre)

Instance: visit
InstanceOf: CmcEncounter
Usage: #example
Title: "Outpatient visit"
Description: "The visit in the township that the referral comes from."
* insert LocalNumber(VN, https://qiao-fhir.github.io/cmc/sid/township-a/visit-no, 100000019)
* status = #finished
* class = $act-code#AMB "ambulatory"
* type = PatientType#1 "Outpatient"
* subject = Reference(patient)
* participant.type = $participation#ATND "attender"
* participant.individual = Reference(doctor)
* period.start = "2026-10-21T08:30:00+08:00"
* period.end = "2026-10-21T09:10:00+08:00"
* serviceProvider = Reference(township-centre)

Instance: diagnosis
InstanceOf: CmcCondition
Usage: #example
Title: "Diagnosis"
Description: "Why the patient is referred."
* clinicalStatus = $condition-clinical#active "Active"
* category = $condition-category#encounter-diagnosis "Encounter Diagnosis"
* code = $icd-10#I10.x00
* code.text = "高血压病"
* subject = Reference(patient)
* encounter = Reference(visit)

Instance: allergy
InstanceOf: CmcAllergy
Usage: #example
Title: "Allergy"
Description: "An allergy to penicillin."
* clinicalStatus = $allergy-clinical#active "Active"
* code.text = "青霉素"
* patient = Reference(patient)

Instance: procedure
InstanceOf: CmcProcedure
Usage: #example
Title: "Procedure"
Description: "An operation of earlier years."
* status = #completed
* code.text = "阑尾切除术"
* subject = Reference(patient)
* performedDateTime = "2019-05-06"

Instance: appointment
InstanceOf: CmcAppointment
Usage: #example
Title: "Appointment"
Description: "The consultation that was reserved at the county hospital."
* identifier[+].system = "https://qiao-fhir.github.io/cmc/sid/county-hospital/filler-appointment"
* identifier[=].value = "YY000008"
* status = #booked
* appointmentType = $appointment-type#FOLLOWUP
* start = "2026-10-22T09:00:00+08:00"
* end = "2026-10-22T09:15:00+08:00"
* participant[+].actor = Reference(patient)
* participant[=].status = #accepted
* participant[+].actor = Reference(specialist)
* participant[=].status = #accepted
