// Extensions of persons and institutions.

Extension: GbGender
Id: gb-gender
Title: "Sex as the national code"
Description: "The sex with its code of GB/T 2261.1, of which Patient.gender keeps only a part."
Context: Patient, Person, RelatedPerson, Practitioner
* insert Zh(国标性别代码, GB/T 2261.1 性别代码；Patient.gender 只能表达其中一部分。)
* value[x] only Coding
* value[x] 1..1
* valueCoding from GbSexVS (required)

Extension: Ethnicity
Id: ethnicity
Title: "Ethnic group"
Description: "The ethnic group of a person, with its code of GB/T 3304 and the code of the sender beside it."
Context: Patient, Person
* insert Zh(民族, 民族，使用 GB/T 3304 代码，可并列来源代码。)
* value[x] only CodeableConcept
* value[x] 1..1
* valueCodeableConcept from GbEthnicityVS (extensible)

Extension: DivisionCode
Id: division-code
Title: "Administrative division code"
Description: "The division of an address: 6 digits of GB/T 2260, or 9 or 12 digits of the statistical code."
Context: Address
* insert Zh(行政区划代码, 地址所属行政区划：GB/T 2260 六位，或统计用九位、十二位代码。)
* value[x] only code
* value[x] 1..1
* valueCode obeys cmc-division

Invariant: cmc-division
Description: "A division code has 6, 9 or 12 digits"
Severity: #error
Expression: "$this.matches('^([0-9]{6}|[0-9]{9}|[0-9]{12})$')"
* insert ZhHuman(行政区划代码为 6、9 或 12 位数字)

Extension: AgeText
Id: age-text
Title: "Age as text"
Description: "The age as the sender wrote it (3岁2月, 28天, Y032). A date of birth is never made from it."
Context: Patient, Encounter, DiagnosticReport, ServiceRequest
* insert Zh(年龄原文, 来源书写的年龄（如 3岁2月、28天、Y032）；绝不据此推算出生日期。)
* value[x] only string
* value[x] 1..1

Extension: Pinyin
Id: pinyin
Title: "Name in pinyin"
Description: "The name in Latin letters as the sender wrote it."
Context: HumanName
* insert Zh(姓名拼音, 来源书写的姓名拼音。)
* value[x] only string
* value[x] 1..1

Extension: ConsortiumRoleExtension
Id: consortium-role
Title: "Role in the consortium"
Description: "What an institution is in its consortium."
Context: Organization
* insert Zh(医共体角色, 机构在医共体中的角色。)
* value[x] only Coding
* value[x] 1..1
* valueCoding from ConsortiumRoleVS (required)

Extension: OrganizationLevelExtension
Id: organization-level
Title: "Administrative level"
Description: "The level of an institution that the direction of a referral follows from."
Context: Organization
* insert Zh(机构层级, 机构的行政层级，转诊方向由此推定。)
* value[x] only Coding
* value[x] 1..1
* valueCoding from OrganizationLevelVS (required)

Extension: HospitalGradeExtension
Id: hospital-grade
Title: "Hospital grade"
Description: "The grade and class of a hospital."
Context: Organization
* insert Zh(医院等级, 医院的级与等。)
* value[x] only Coding
* value[x] 1..1
* valueCoding from HospitalGradeVS (required)
