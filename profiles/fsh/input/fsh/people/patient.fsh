Profile: CmcPatient
Parent: Patient
Id: cmc-patient
Title: "Patient"
Description: "A patient as one institution knows them. Records of one person at several institutions are joined by a Person; they are never merged because a number looks alike."
* insert Zh(患者, 一家机构所知的患者。同一人在多家机构的记录由 Person 关联，绝不因号码相似而合并。)
* obeys cmc-pat-name
* extension contains
    GbGender named gbGender 0..1 and
    Ethnicity named ethnicity 0..1 and
    AgeText named ageText 0..1
* identifier 1..*
* identifier obeys cmc-system
* insert ByUrl(identifier)
* identifier contains
    residentId 0..* MS and
    healthRecord 0..* and
    healthCard 0..* and
    insurance 0..*
* identifier[residentId].system 1..1
* identifier[residentId].system = "urn:oid:2.16.156.10011.1.3"
* identifier[residentId].value 1..1
* identifier[residentId].value obeys cmc-id18
* identifier[healthRecord].system 1..1
* identifier[healthRecord].system = "urn:oid:2.16.156.10011.1.2"
* identifier[healthRecord].value 1..1
* identifier[healthCard].system 1..1
* identifier[healthCard].system = "urn:oid:2.16.156.10011.1.19"
* identifier[healthCard].value 1..1
* identifier[insurance].system 1..1
* identifier[insurance].system = "urn:oid:2.16.156.10011.1.15"
* identifier[insurance].value 1..1
* name MS
* name.text 1..1 MS
* name.extension contains Pinyin named pinyin 0..1
* gender MS
* birthDate MS
* telecom MS
* telecom obeys cmc-mobile
* address MS
* address.text MS
* address.extension contains DivisionCode named divisionCode 0..1
* managingOrganization 1..1 MS

Profile: CmcPerson
Parent: Person
Id: cmc-person
Title: "Person"
Description: "One person across institutions, found by a checked resident identity number; it links the patients that are this person."
* insert Zh(居民, 跨机构的同一人，以校验通过的身份证号确认，并关联其在各机构的患者记录。)
* extension contains
    GbGender named gbGender 0..1 and
    Ethnicity named ethnicity 0..1
* identifier 1..*
* insert ByUrl(identifier)
* identifier contains residentId 1..1 MS
* identifier[residentId].system 1..1
* identifier[residentId].system = "urn:oid:2.16.156.10011.1.3"
* identifier[residentId].value 1..1
* identifier[residentId].value obeys cmc-id18
* name 1..* MS
* name.text 1..1
* link 1..* MS
* link.target only Reference(Patient or RelatedPerson)

Profile: CmcRelatedPerson
Parent: RelatedPerson
Id: cmc-related-person
Title: "Related person"
Description: "A relative or contact of a patient."
* insert Zh(联系人, 患者的亲属或联系人。)
* extension contains GbGender named gbGender 0..1
* identifier obeys cmc-system
* name 1..* MS
* name.text 1..1
* relationship MS
* telecom obeys cmc-mobile

Profile: CmcCoverage
Parent: Coverage
Id: cmc-coverage
Title: "Coverage"
Description: "The medical insurance of a patient, or a payer's consent to a referral."
* insert Zh(医疗保障, 患者的医疗保险，或支付方对转诊的核准。)
* identifier obeys cmc-system
* beneficiary only Reference(Patient)
* subscriberId MS
* class MS

Profile: CmcAccount
Parent: Account
Id: cmc-account
Title: "Account"
Description: "The account that the services of a visit are booked on."
* insert Zh(账户, 就诊费用所记的账户。)
* identifier 1..*
* identifier obeys cmc-system
* subject 1..*
