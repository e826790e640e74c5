// Extensions of a referral.

Extension: ReferralDirectionExtension
Id: referral-direction
Title: "Direction of a referral"
Description: "Up, down or lateral, as the sender says or as the levels of the two institutions imply."
Context: ServiceRequest
* insert Zh(转诊方向, 上转、下转或平转；由来源给出，或由双方机构层级推定。)
* value[x] only Coding
* value[x] 1..1
* valueCoding from ReferralDirectionVS (required)
* valueCoding.code 1..1

Extension: GreenChannelExtension
Id: green-channel
Title: "Green channel"
Description: "The emergency centre that takes the patient without waiting."
Context: ServiceRequest
* insert Zh(绿色通道, 先救治后手续的急救中心。)
* value[x] only Coding
* value[x] 1..1
* valueCoding from GreenChannelVS (required)

Extension: ReferralSummary
Id: referral-summary
Title: "Summary of the case"
Description: "History and findings in at most 2000 characters; longer texts are documents."
Context: ServiceRequest
* insert Zh(病历摘要, 主要病史与检查，不超过 2000 字；更长者以文书附上。)
* value[x] only string
* value[x] 1..1
* valueString ^maxLength = 2000

Extension: ReferralTreatment
Id: referral-treatment
Title: "Treatment so far"
Description: "What was done for the patient before the referral, in at most 2000 characters."
Context: ServiceRequest
* insert Zh(治疗经过, 转诊前的治疗经过，不超过 2000 字。)
* value[x] only string
* value[x] 1..1
* valueString ^maxLength = 2000

Extension: ReferralAdvice
Id: referral-advice
Title: "Advice for the next treatment"
Description: "The plan, the medication and the rehabilitation that the receiving doctor asks for when a patient goes down or back."
Context: ServiceRequest
* insert Zh(下一步治疗与康复建议, 下转或回转时对后续治疗、用药与康复的建议。)
* value[x] only string
* value[x] 1..1
* valueString ^maxLength = 2000

Extension: NoOriginReason
Id: no-origin-reason
Title: "Why a referral down answers no referral up"
Description: "A patient who was not referred up (a direct admission, say) is sent down; this says why."
Context: ServiceRequest
* insert Zh(无原转诊单说明, 下转患者并非由上转而来（如直接入院）时的说明。)
* value[x] only string
* value[x] 1..1

Extension: RequesterOrganization
Id: requester-organization
Title: "Requesting institution"
Description: "The institution of the requester, so that it can be searched where the requester is a practitioner in a role."
Context: ServiceRequest
* insert Zh(申请机构, 申请人所属机构；申请人为医务人员角色时便于按机构检索。)
* value[x] only Reference(Organization)
* value[x] 1..1
