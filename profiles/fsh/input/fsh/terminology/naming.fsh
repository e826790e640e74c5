// Who hands out which number, and the system it is written with.

RuleSet: Number(name, oid, en, zh)
* name = "{name}"
* status = #active
* kind = #identifier
* date = "2026-11-22"
* publisher = "Qiao maintainers"
* responsible = "国家卫生健康委员会"
* jurisdiction = urn:iso:std:iso:3166#CN "China"
* description = "{en}"
* insert ZhDescription({zh})
* uniqueId[0].type = #uri
* uniqueId[=].value = "urn:oid:{oid}"
* uniqueId[=].preferred = true
* uniqueId[+].type = #oid
* uniqueId[=].value = "{oid}"

Instance: resident-id
InstanceOf: NamingSystem
Usage: #definition
* insert Number(ResidentId, 2.16.156.10011.1.3, [[Number of the resident identity card (GB 11643)]], 居民身份证号（GB 11643）)

Instance: health-record-number
InstanceOf: NamingSystem
Usage: #definition
* insert Number(HealthRecordNumber, 2.16.156.10011.1.2, Number of the resident health record, 居民健康档案编号)

Instance: institution-code
InstanceOf: NamingSystem
Usage: #definition
* insert Number(InstitutionCode, 2.16.156.10011.1.5, [[Code of a health institution: its unified social credit code (GB 32100)]], 医疗机构组织机构代码（统一社会信用代码，GB 32100）)

Instance: staff-number
InstanceOf: NamingSystem
Usage: #definition
* insert Number(StaffNumber, 2.16.156.10011.1.4, National number of a health worker, 医务人员编号)

Instance: health-card-number
InstanceOf: NamingSystem
Usage: #definition
* insert Number(HealthCardNumber, 2.16.156.10011.1.19, Number of the health card, 健康卡号)

Instance: insurance-number
InstanceOf: NamingSystem
Usage: #definition
* insert Number(InsuranceNumber, 2.16.156.10011.1.15, Number of the medical insurance, 医保号)

Instance: request-number
InstanceOf: NamingSystem
Usage: #definition
* insert Number(RequestNumber, 2.16.156.10011.1.24, Number of an electronic request, 电子申请单编号)

Instance: examination-report-number
InstanceOf: NamingSystem
Usage: #definition
* insert Number(ExaminationReportNumber, 2.16.156.10011.1.32, Number of an examination report, 检查报告单号)

Instance: laboratory-report-number
InstanceOf: NamingSystem
Usage: #definition
* insert Number(LaboratoryReportNumber, 2.16.156.10011.1.33, Number of a laboratory report, 检验报告单号)
