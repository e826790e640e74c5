Profile: CmcOrganization
Parent: Organization
Id: cmc-organization
Title: "Organization"
Description: "An institution: a hospital, a township health centre, a village clinic, a shared centre, a payer."
* insert Zh(机构, 医院、卫生院、村卫生室、共享中心或支付方等机构。)
* obeys cmc-org-number
* extension contains
    ConsortiumRoleExtension named consortiumRole 0..1 MS and
    OrganizationLevelExtension named level 0..1 MS and
    HospitalGradeExtension named grade 0..1
* identifier MS
* identifier obeys cmc-system
* insert ByUrl(identifier)
* identifier contains institutionCode 0..1 MS
* identifier[institutionCode] ^short = "Unified social credit code, or the older institution code"
* identifier[institutionCode].system 1..1
* identifier[institutionCode].system = "urn:oid:2.16.156.10011.1.5"
* identifier[institutionCode].value 1..1
* identifier[institutionCode].value obeys cmc-uscc
* name 1..1 MS
* type from InstitutionCategoryVS (preferred)
* partOf MS
* address.extension contains DivisionCode named divisionCode 0..1

Profile: CmcConsortium
Parent: CmcOrganization
Id: cmc-consortium
Title: "Consortium"
Description: "A county medical consortium (县域医共体): what its members are part of."
* insert Zh(医共体, 县域医共体；成员机构的 partOf 指向它。)
* extension[consortiumRole] 1..1
* extension[consortiumRole].valueCoding = ConsortiumRole#consortium
* identifier 1..*

Profile: CmcMemberOrganization
Parent: CmcOrganization
Id: cmc-member-organization
Title: "Member of the consortium"
Description: "An institution of the consortium, with its role, its level and the consortium it is part of."
* insert Zh(医共体成员机构, 医共体内机构，须有角色、层级与所属医共体。)
* extension[consortiumRole] 1..1
* extension[level] 1..1
* identifier 1..*
* type 1..*
* partOf 1..1

Profile: CmcPractitioner
Parent: Practitioner
Id: cmc-practitioner
Title: "Practitioner"
Description: "A doctor, nurse or technician with the number of their institution."
* insert Zh(医务人员, 医师、护士或技师及其在机构内的工号。)
* obeys cmc-practitioner-known
* identifier MS
* identifier obeys cmc-system
* insert ByUrl(identifier)
* identifier contains staffNumber 0..1
* identifier[staffNumber].system 1..1
* identifier[staffNumber].system = "urn:oid:2.16.156.10011.1.4"
* identifier[staffNumber].value 1..1
* name MS
* name.text 1..1

Profile: CmcPractitionerRole
Parent: PractitionerRole
Id: cmc-practitioner-role
Title: "Practitioner in a role"
Description: "A practitioner at an institution: who asks, who refers, who is asked."
* insert Zh(医务人员岗位, 在某机构执业的医务人员：申请者、转诊者或接诊者。)
* practitioner 1..1
* organization 1..1
* specialty from http://hl7.org/fhir/ValueSet/c80-practice-codes (preferred)
* location MS
* telecom MS

Profile: CmcLocation
Parent: Location
Id: cmc-location
Title: "Location"
Description: "A ward, room, bed or department as the institution names it."
* insert Zh(位置, 机构内的病区、病房、床位或科室。)
* identifier 1..*
* identifier obeys cmc-system
* name 1..1
* managingOrganization 1..1

Profile: CmcSourceSystem
Parent: Device
Id: cmc-source-system
Title: "Source system"
Description: "The application that sent messages: HIS, LIS, PACS, ECG, or an analyser."
* insert Zh(来源系统, 发送消息的应用：HIS、LIS、PACS、心电系统或分析仪。)
* identifier 1..*
* identifier obeys cmc-system
* deviceName 1..*
* owner MS
