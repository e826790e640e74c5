// Up, down and back again.

RuleSet: Sent(number)
* identifier[+].system = "https://qiao-fhir.github.io/cmc/sid/township-a/referral"
* identifier[=].value = "{number}"
* status = #active
* intent = #order
* category[referral] = $sct#3457005
* category[referral].text = "双向转诊"
* subject = Reference(patient)

Instance: referral-as-it-arrives
InstanceOf: CmcReferral
Usage: #example
Title: "Referral as it arrives"
Description: "A referral between two townships, as a message states it."
* insert Sent(YXSQ202610210001)
* extension[direction].valueCoding = ReferralDirection#lateral "Lateral"
* authoredOn = "2026-10-21T08:40:00+08:00"
* requester = Reference(doctor-at-township)
* performer = Reference(county-hospital)
* reasonCode.text = "需康复治疗"

Instance: referral-up
InstanceOf: CmcReferralUp
Usage: #example
Title: "Referral up"
Description: "From the township to the county hospital, by the chest pain channel."
* insert Sent(YXSQ202610210023)
* priority = #stat
* encounter = Reference(visit)
* occurrencePeriod.start = "2026-10-21"
* occurrencePeriod.end = "2026-10-28"
* authoredOn = "2026-10-21T09:00:00+08:00"
* requester = Reference(doctor-at-township)
* performer = Reference(specialist-at-county)
* reasonCode = ReferralIndicationUp#1 "Critical illness that primary care cannot treat"
* reasonCode.text = "急危重症，基层难以救治"
* reasonReference = Reference(diagnosis)
* insurance = Reference(coverage)
* extension[direction].valueCoding = ReferralDirection#up "Up"
* extension[greenChannel].valueCoding = GreenChannel#chest-pain "Chest pain"
* extension[summary].valueString = "反复胸闷1周，加重2小时，血压180/110 mmHg。"
* extension[treatment].valueString = "口服降压药，效果欠佳。"
* extension[requesterOrganization].valueReference = Reference(township-centre)

Instance: referral-down
InstanceOf: CmcReferralDown
Usage: #example
Title: "Referral down"
Description: "A patient who came to the county hospital by themselves goes on in the township."
* insert Sent(QHXZ202610210001)
* priority = #routine
* authoredOn = "2026-10-27T10:00:00+08:00"
* requester = Reference(specialist-at-county)
* performer = Reference(township-centre)
* reasonCode = ReferralIndicationDown#12 "Diagnosed chronic disease for rehabilitation or long-term care"
* extension[direction].valueCoding = ReferralDirection#down "Down"
* extension[advice].valueString = "每周测血压，两周后复诊。"
* extension[noOriginReason].valueString = "患者自行到县医院就诊，无上转单。"

Instance: referral-back
InstanceOf: CmcReferralBack
Usage: #example
Title: "Referral back"
Description: "The return slip of the referral up."
* insert Sent(QHHZ202610270001)
* basedOn = Reference(referral-up)
* priority = #routine
* authoredOn = "2026-10-27T10:00:00+08:00"
* requester = Reference(specialist-at-county)
* performer = Reference(doctor-at-township)
* reasonCode = ReferralIndicationDown#11 "Stable after the acute phase"
* reasonReference = Reference(diagnosis)
* extension[direction].valueCoding = ReferralDirection#down "Down"
* extension[summary].valueString = "住院诊治后病情稳定，血压控制满意。"
* extension[advice].valueString = "继续口服降压药，两周后复查。"

Instance: referral-task
InstanceOf: CmcReferralTask
Usage: #example
Title: "Task of a referral"
Description: "The county hospital accepted the referral."
* status = #accepted
* businessStatus = ReferralTaskStatus#accepted "Accepted"
* businessStatus.text = "同意接诊"
* intent = #order
* code = $fhir-task#fulfill
* focus = Reference(referral-up)
* for = Reference(patient)
* authoredOn = "2026-10-21T09:00:00+08:00"
* lastModified = "2026-10-21T09:12:00+08:00"
* requester = Reference(township-centre)
* owner = Reference(county-hospital)

Instance: identity-review
InstanceOf: CmcIdentityReview
Usage: #example
Title: "Review of an identity"
Description: "Two names under one identity number."
* status = #requested
* intent = #order
* code = TaskCode#identity-review "Review of an identity"
* code.text = "身份核对"
* input[+].type.text = "person"
* input[=].valueReference = Reference(person)

Instance: unmapped-code
InstanceOf: CmcUnmappedCode
Usage: #example
Title: "Mapping of a local code"
Description: "A code of the township's laboratory system that has no mapping."
* status = #requested
* intent = #order
* code = TaskCode#unmapped-code "Map a local code"
* code.text = "映射本地代码"
* description = "本地代码未映射：请说明其含义并写入该系统的 codes.csv"
* owner = Reference(township-centre)
* input[table].type.text = "table"
* input[table].valueString = "observations"
* input[code].type.text = "code"
* input[code].valueString = "XJ-099"
* input[text].type.text = "text"
* input[text].valueString = "自定检验项目"
