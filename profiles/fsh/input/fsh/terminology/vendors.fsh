// What vendors write, as they write it. A code of these means something only together with its source.

CodeSystem: FlagRuimei
Id: vendor-flag-ruimei
Title: "Result flags of the LIS 瑞美"
Description: "The flags this laboratory system writes into OBX-8; M is normal and N is negative."
* insert CodeSystemMeta
* insert Zh(瑞美 LIS 结果标志, 该系统写入 OBX-8 的标志；M 为正常，N 为阴性。)
* insert Code(E, Error, 错误)
* insert Code(H, High, 高)
* insert Code(HH, High alert, 高报警)
* insert Code(I, Intermediate, 中介)
* insert Code(L, Low, 低)
* insert Code(LL, Low alert, 低报警)
* insert Code(M, Normal, 正常)
* insert Code(N, Negative, 阴性)
* insert Code(P, Positive, 阳性)
* insert Code(Q, Weakly positive, 弱阳性)

CodeSystem: FlagNumeric
Id: vendor-flag-numeric
Title: "Numeric result flags of a downstream vendor"
Description: "The digits that one vendor writes into OBX-11, where the standard has the status."
* insert CodeSystemMeta
* insert Zh(数字结果标志, 某厂商写入 OBX-11 的数字（标准中该字段为状态）。)
* insert Code(0, Normal, 正常)
* insert Code(1, High, 高)
* insert Code(2, Low, 低)
* insert Code(3, Positive, 阳性)
* insert Code(4, Critical, 危急)
* insert Code(5, Critically high, 超高)
* insert Code(6, Critically low, 超低)

CodeSystem: PatientTypeSwapped
Id: vendor-patient-type-swapped
Title: "Patient type, exchanged meanings"
Description: "The same digits as CV09.00.404 with other meanings, as some senders use them."
* insert CodeSystemMeta
* insert Zh(患者类型（含义互换）, 与 CV09.00.404 相同数字而含义不同的厂商用法。)
* insert Code(1, Outpatient, 门诊)
* insert Code(2, Inpatient, 住院)
* insert Code(3, Health check, 体检)
* insert Code(4, Emergency, 急诊)
* insert Code(9, Other, 其他)

CodeSystem: PatientTypeLetters
Id: vendor-patient-type-letters
Title: "Patient class as Chinese senders write it"
Description: "What is found in PV1-2 beside table 0004."
* insert CodeSystemMeta
* insert Zh(PV1-2 常见写法, 除 0004 表外 PV1-2 中常见的写法。)
* insert Code(门诊, Outpatient, 门诊)
* insert Code(急诊, Emergency, 急诊)
* insert Code(住院, Inpatient, 住院)
* insert Code(体检, Health check, 体检)
* insert Code(T, Health check, 体检)

CodeSystem: SpecimenSeen
Id: vendor-specimen
Title: "Specimen codes of laboratory systems"
Description: "Local specimen codes seen in OBR-15 and SPM-4."
* insert CodeSystemMeta
* insert Zh(LIS 标本代码, OBR-15 与 SPM-4 中常见的本地标本代码。)
* insert Code(C, Serum, 血清)
* insert Code(2, Urine, 尿液)
* insert Code(3, Stool, 粪便)
* insert Code(0002, Venous whole blood, 静脉全血)
