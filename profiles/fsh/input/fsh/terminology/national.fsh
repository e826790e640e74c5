// Code lists of China with their official OIDs (WS/T 482, WS 363), and national lists whose OID is not published to us.

CodeSystem: GbSex
Id: gb-t-2261-1
Title: "Sex (GB/T 2261.1)"
Description: "The sex of a person with the codes of GB/T 2261.1."
* insert CodeSystemMeta
* ^url = "urn:oid:2.16.156.10011.2.3.3.4"
* insert Zh(性别（GB/T 2261.1）, 人的性别代码，GB/T 2261.1。)
* insert Code(0, Unknown, 未知的性别)
* insert Code(1, Male, 男性)
* insert Code(2, Female, 女性)
* insert Code(9, Not stated, 未说明的性别)

ValueSet: GbSexVS
Id: gb-t-2261-1
Title: "Sexes"
Description: "Every code of GB/T 2261.1."
* insert Fixed
* insert Zh(性别值集, GB/T 2261.1 的全部代码。)
* include codes from system GbSex

CodeSystem: GbMaritalStatus
Id: gb-t-2261-2
Title: "Marital status (GB/T 2261.2)"
Description: "The marital status of a person with the codes of GB/T 2261.2."
* insert CodeSystemMeta
* ^url = "urn:oid:2.16.156.10011.2.3.3.5"
* insert Zh(婚姻状况（GB/T 2261.2）, 人的婚姻状况代码，GB/T 2261.2。)
* insert Code(10, Never married, 未婚)
* insert Code(20, Married, 已婚)
* insert Code(21, First marriage, 初婚)
* insert Code(22, Remarried, 再婚)
* insert Code(23, Remarried to the former spouse, 复婚)
* insert Code(30, Widowed, 丧偶)
* insert Code(40, Divorced, 离婚)
* insert Code(90, Not stated, 未说明的婚姻状况)

ValueSet: GbMaritalStatusVS
Id: gb-t-2261-2
Title: "Marital statuses"
Description: "Every code of GB/T 2261.2."
* insert Fixed
* insert Zh(婚姻状况值集, GB/T 2261.2 的全部代码。)
* include codes from system GbMaritalStatus

CodeSystem: GbKinship
Id: gb-t-4761
Title: "Family relationship (GB/T 4761)"
Description: "The relationship to a person: the top level of GB/T 4761."
* insert CodeSystemMeta
* insert FragmentOf(2.16.156.10011.2.3.3.8)
* insert Zh(家庭关系（GB/T 4761）, 与本人的关系，GB/T 4761 大类。)
* insert Code(0, Oneself, 本人)
* insert Code(1, Spouse, 配偶)
* insert Code(2, Son, 子)
* insert Code(3, Daughter, 女)
* insert Code(4, Grandchild, 孙子、孙女或外孙子、外孙女)
* insert Code(5, Parent, 父母)
* insert Code(6, Grandparent, 祖父母或外祖父母)
* insert Code(7, Sibling, 兄弟姐妹)
* insert Code(8, Other, 其他)

CodeSystem: PatientType
Id: cv09-00-404
Title: "Patient type (CV09.00.404)"
Description: "The kind of patient. Senders are known to use this list with exchanged meanings: translate per source, never by this list alone."
* insert CodeSystemMeta
* ^url = "urn:oid:2.16.156.10011.2.3.1.271"
* insert Zh(患者类型（CV09.00.404）, 患者类型代码。已见厂商将代码含义互换，须按来源映射，不得直接套用。)
* insert Code(1, Outpatient, 门诊)
* insert Code(2, Emergency, 急诊)
* insert Code(3, Inpatient, 住院)
* insert Code(9, Other, 其他)

ValueSet: PatientTypeVS
Id: cv09-00-404
Title: "Patient types"
Description: "Every patient type of CV09.00.404."
* insert Fixed
* insert Zh(患者类型值集, CV09.00.404 的全部代码。)
* include codes from system PatientType

CodeSystem: IdentityDocument
Id: cv02-01-101
Title: "Kind of identity document (CV02.01.101)"
Description: "The document that an identity number was read from."
* insert CodeSystemMeta
* insert Zh(身份证件类别（CV02.01.101）, 身份证件类别代码。)
* insert Code(01, Resident identity card, 居民身份证)
* insert Code(02, Household register, 居民户口簿)
* insert Code(03, Passport, 护照)
* insert Code(04, Military officer card, 军官证)
* insert Code(05, Driver licence, 驾驶证)
* insert Code(06, Mainland travel permit for Hong Kong and Macao residents, 港澳居民来往内地通行证)
* insert Code(07, Mainland travel permit for Taiwan residents, 台湾居民来往内地通行证)
* insert Code(99, Other, 其他法定有效证件)

ValueSet: IdentityDocumentVS
Id: cv02-01-101
Title: "Kinds of identity document"
Description: "Every code of CV02.01.101."
* insert Fixed
* insert Zh(身份证件类别值集, CV02.01.101 的全部代码。)
* include codes from system IdentityDocument

CodeSystem: InstitutionCategory
Id: ws-218
Title: "Category of health institution (WS 218)"
Description: "The kind of a health institution: the codes of WS 218 that occur in a county."
* insert CodeSystemMeta
* ^content = #fragment
* insert Zh(卫生机构类别（WS 218）, 卫生机构类别代码，WS 218 中县域常见部分。)
* insert Code(A100, General hospital, 综合医院)
* insert Code(A210, Hospital of Chinese medicine, 中医医院)
* insert Code(B100, Community health centre, 社区卫生服务中心)
* insert Code(C210, Central township health centre, 中心卫生院)
* insert Code(C220, Township health centre, 乡卫生院)
* insert Code(D600, Village clinic, 村卫生室)

ValueSet: InstitutionCategoryVS
Id: ws-218
Title: "Categories of health institutions"
Description: "The categories of WS 218 that occur in a county."
* insert Fixed
* insert Zh(卫生机构类别值集, 县域常见的卫生机构类别。)
* include codes from system InstitutionCategory

CodeSystem: Department
Id: medical-department
Title: "Clinical department (诊疗科目名录)"
Description: "The top level of the national list of clinical departments."
* insert CodeSystemMeta
* ^content = #fragment
* insert Zh(诊疗科目, 国家诊疗科目名录一级科目。)
* insert Code(01, Preventive care, 预防保健科)
* insert Code(02, General practice, 全科医疗科)
* insert Code(03, Internal medicine, 内科)
* insert Code(04, Surgery, 外科)
* insert Code(05, Obstetrics and gynaecology, 妇产科)
* insert Code(07, Paediatrics, 儿科)
* insert Code(30, Laboratory medicine, 医学检验科)
* insert Code(31, Pathology, 病理科)
* insert Code(32, Medical imaging, 医学影像科)
* insert Code(50, Chinese medicine, 中医科)

CodeSystem: Icd10Cn
Id: icd-10-cn
Title: "ICD-10, Chinese clinical edition"
Description: "The Chinese clinical edition of ICD-10 (国家临床版 2.0). Its content is not part of this guide; the insurance edition is another system."
* insert CodeSystemMeta
* ^url = "urn:oid:2.16.156.10011.2.3.3.11"
* ^content = #not-present
* insert Zh(ICD-10 国家临床版, 疾病分类与代码（国家临床版 2.0）。内容不随本指南发布；医保版为另一系统。)

CodeSystem: Icd9Cm3Cn
Id: icd-9-cm-3-cn
Title: "ICD-9-CM-3, Chinese clinical edition"
Description: "The Chinese clinical edition of ICD-9-CM-3 for operations. Its content is not part of this guide."
* insert CodeSystemMeta
* ^url = "urn:oid:2.16.156.10011.2.3.3.12"
* ^content = #not-present
* insert Zh(ICD-9-CM-3 国家临床版, 手术操作分类代码（国家临床版）。内容不随本指南发布。)

ValueSet: DiagnosisVS
Id: diagnosis
Title: "Diagnoses"
Description: "Every code of ICD-10, Chinese clinical edition."
* insert Fixed
* insert Zh(诊断值集, ICD-10 国家临床版的全部代码。)
* include codes from system Icd10Cn

ValueSet: EncounterClassVS
Id: encounter-class
Title: "Classes of encounters"
Description: "The classes of v3-ActCode that the indicators of a county need."
* insert Fixed
* insert Zh(就诊类别值集, 县域指标所需的就诊类别。)
* $act-code#AMB "ambulatory"
* $act-code#EMER "emergency"
* $act-code#IMP "inpatient encounter"
* $act-code#ACUTE "inpatient acute"
* $act-code#NONAC "inpatient non-acute"
* $act-code#OBSENC "observation encounter"
* $act-code#PRENC "pre-admission"
* $act-code#SS "short stay"
* $act-code#HH "home health"
* $act-code#VR "virtual"
* $act-code#FLD "field"

ValueSet: CriticalInterpretationVS
Id: critical-interpretation
Title: "Critical interpretations"
Description: "The flags that begin the critical-value loop."
* insert Fixed
* insert Zh(危急标志值集, 触发危急值闭环的结果标志。)
* $interpretation#HH "Critical high"
* $interpretation#LL "Critical low"
* $interpretation#AA "Critical abnormal"
