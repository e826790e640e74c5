Profile: CmcReferral
Parent: ServiceRequest
Id: cmc-referral
Title: "Referral"
Description: "A referral (双向转诊) as it arrives. Who writes one over REST claims the profile of its direction, which demands more."
* insert Zh(转诊单, 到达时的双向转诊单。通过 REST 写入者应声明对应方向的 Profile，要求更严。)
* obeys cmc-req-centre and cmc-req-time and cmc-ref-direction and cmc-ref-reason and cmc-ref-down and cmc-ref-green
* extension contains
    ReferralDirectionExtension named direction 0..1 MS and
    GreenChannelExtension named greenChannel 0..1 and
    ReferralSummary named summary 0..1 and
    ReferralTreatment named treatment 0..1 and
    ReferralAdvice named advice 0..1 and
    NoOriginReason named noOriginReason 0..1 and
    RequesterOrganization named requesterOrganization 0..1 MS
* identifier 1..* MS
* identifier obeys cmc-system
* intent = #order
* insert ByPattern(category)
* category 1..*
* category contains referral 1..1
* category[referral] = $sct#3457005
* subject only Reference(Patient)
* encounter MS
* occurrence[x] ^short = "How long the referral is valid"
* authoredOn MS
* requester MS
* performer MS
* reasonCode MS
* reasonCode from ReferralIndicationVS (preferred)
* reasonReference MS
* supportingInfo MS
* insurance MS

RuleSet: Strict
* obeys cmc-ref-reason-strict
* extension[direction] 1..1
* authoredOn 1..1
* priority 1..1
* requester 1..1
* performer 1..*

Profile: CmcReferralUp
Parent: CmcReferral
Id: cmc-referral-up
Title: "Referral up"
Description: "A patient goes to a higher level (上转)."
* insert Zh(上转单, 患者上转至上级机构。)
* insert Strict
* extension[direction].valueCoding = ReferralDirection#up

Profile: CmcReferralDown
Parent: CmcReferral
Id: cmc-referral-down
Title: "Referral down"
Description: "A patient goes to a lower level (下转) with advice for the next treatment."
* insert Zh(下转单, 患者下转至下级机构，并附后续治疗建议。)
* insert Strict
* obeys cmc-ref-down-strict
* extension[direction].valueCoding = ReferralDirection#down

Profile: CmcReferralBack
Parent: CmcReferralDown
Id: cmc-referral-back
Title: "Referral back"
Description: "A patient who was referred up comes back (回转): the return slip that closes the referral up, with what was found and what is to be done."
* insert Zh(回转单, 上转患者转回：结束原上转单的回转单，含诊治结果与后续建议。)
* basedOn 1..*
* basedOn only Reference(ServiceRequest)
* extension[summary] 1..1
* extension[advice] 1..1
* reasonReference 1..*

Profile: CmcReferralTask
Parent: Task
Id: cmc-referral-task
Title: "Task of a referral"
Description: "How a referral stands. The receiving institution owns it; who rejects says why."
* insert Zh(转诊任务, 转诊的办理状态，由接收机构负责；拒绝须说明理由。)
* obeys cmc-task-reason and cmc-task-failed and cmc-task-state and cmc-task-owner
* identifier obeys cmc-system
* intent = #order
* code 1..1
* code = $fhir-task#fulfill
* businessStatus 1..1
* businessStatus from ReferralTaskStatusVS (required)
* focus 1..1
* focus only Reference(ServiceRequest)
* for 1..1
* for only Reference(Patient)
* authoredOn MS
* lastModified 1..1
* requester MS
* owner MS
* statusReason MS

Profile: CmcIdentityReview
Parent: Task
Id: cmc-identity-review
Title: "Review of an identity"
Description: "One identity number with two names: nothing was joined, a person must decide."
* insert Zh(身份核对, 同一身份证号对应不同姓名，未自动合并，须人工核对。)
* intent = #order
* code 1..1
* code.coding 1..*
* code = TaskCode#identity-review
* input 1..*
* input.value[x] only Reference(Person or Patient)

Profile: CmcUnmappedCode
Parent: Task
Id: cmc-unmapped-code
Title: "Mapping of a local code"
Description: "A local code that nobody has mapped: its institution says what it means. One for each sender, table and code; it names neither a patient nor a message."
* insert Zh(本地代码映射, 尚无映射的本地代码，由所属机构说明其含义；每个系统、每张表、每个代码一项，不含患者与消息。)
* intent = #order
* code 1..1
* code.coding 1..*
* code = TaskCode#unmapped-code
* description 1..1
* for 0..0
* owner 1..1
* owner only Reference(Organization)
* input 2..*
* input.value[x] only string
* input ^slicing.discriminator.type = #value
* input ^slicing.discriminator.path = "type.text"
* input ^slicing.rules = #open
* input contains table 1..1 and code 1..1 and text 0..1 and location 0..1
* input[table].type.text 1..1
* input[table].type.text = "table" (exactly)
* input[code].type.text 1..1
* input[code].type.text = "code" (exactly)
* input[text].type.text 1..1
* input[text].type.text = "text" (exactly)
* input[location].type.text 1..1
* input[location].type.text = "location" (exactly)
* output.value[x] only string
