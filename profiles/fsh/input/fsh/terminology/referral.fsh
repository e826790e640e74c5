// Codes of two-way referral (双向转诊).

CodeSystem: ReferralDirection
Id: referral-direction
Title: "Referral direction"
Description: "Whether a referral goes to a higher, a lower or an equal level of the consortium."
* insert CodeSystemMeta
* insert Zh(转诊方向, 转诊去往医共体内更高、更低或同级的机构。)
* insert Code(up, Up, 上转)
* insert Code(down, Down, 下转)
* insert Code(lateral, Lateral, 平转)

ValueSet: ReferralDirectionVS
Id: referral-direction
Title: "Referral directions"
Description: "Every direction of a referral."
* insert Fixed
* insert Zh(转诊方向值集, 转诊的全部方向。)
* include codes from system ReferralDirection

CodeSystem: ReferralIndicationUp
Id: referral-indication-up
Title: "Indication of a referral to a higher level"
Description: "Why a patient is sent up. Codes 1 to 5 follow the county rules; 6 to 8 are added by municipal lists."
* insert CodeSystemMeta
* insert Zh(上转指征, 患者上转的原因。1–5 为县域规则，6–8 为市级清单补充。)
* insert Code(1, Critical illness that primary care cannot treat, 急危重症，基层难以救治)
* insert Code(2, Difficult or complicated disease beyond local means, 疑难复杂疾病，条件受限)
* insert Code(3, Public health emergency or mass casualty, 突发公共卫生事件或重大伤亡)
* insert Code(4, Beyond the licensed specialties of the institution, 超出核准诊疗科目)
* insert Code(5, Other condition agreed in the consortium, 医共体商定的其他情形)
* insert Code(6, Further examination needed for a diagnosis, 需进一步检查明确诊断)
* insert Code(7, Limited technique or equipment, 技术设备条件限制)
* insert Code(8, Request of the patient or the family, 患者或家属要求)

CodeSystem: ReferralIndicationDown
Id: referral-indication-down
Title: "Indication of a referral to a lower level"
Description: "Why a patient is sent down or back to primary care."
* insert CodeSystemMeta
* insert Zh(下转指征, 患者下转或转回基层的原因。)
* insert Code(11, Stable after the acute phase, 急性期后病情稳定，转回基层康复)
* insert Code(12, Diagnosed chronic disease for rehabilitation or long-term care, 诊断明确需康复或长期管理的慢性病)
* insert Code(13, Recovering after surgery, 术后恢复期)
* insert Code(14, Palliative care of late cancer, 晚期肿瘤姑息或护理)
* insert Code(15, Common disease that primary care can treat, 常见病多发病可在基层处理)

ValueSet: ReferralIndicationVS
Id: referral-indication
Title: "Indications of a referral"
Description: "Why a patient is referred, up or down."
* insert Fixed
* insert Zh(转诊指征值集, 上转与下转的全部指征。)
* include codes from system ReferralIndicationUp
* include codes from system ReferralIndicationDown

CodeSystem: ReferralTaskStatus
Id: referral-task-status
Title: "State of a referral"
Description: "The states a referral passes through between the institutions, finer than Task.status."
* insert CodeSystemMeta
* insert Zh(转诊任务状态, 转诊在机构之间经过的业务状态，比 Task.status 更细。)
* insert Code(draft, Draft, 草稿)
* insert Code(submitted, Submitted, 已提交)
* insert Code(org-approved, Approved by the sending institution, 转出机构审核通过)
* insert Code(received, Received by the other institution, 对方已接收)
* insert Code(accepted, Accepted, 同意接诊)
* insert Code(rejected, Rejected, 拒绝)
* insert Code(scheduled, Bed or appointment reserved, 已预约床位或号源)
* insert Code(arrived, Patient arrived, 已到诊)
* insert Code(admitted, Admitted, 已入院)
* insert Code(no-show, No show or expired, 未到诊或过期)
* insert Code(cancelled, Cancelled, 撤销)
* insert Code(down-proposed, Referral down proposed, 拟下转)
* insert Code(down-accepted, Referral down accepted by primary care, 基层已接收)
* insert Code(down-arrived, Patient arrived in primary care, 基层已到诊)
* insert Code(completed, Closed with the return slip, 结案（含回转单）)

ValueSet: ReferralTaskStatusVS
Id: referral-task-status
Title: "States of a referral"
Description: "Every state of a referral."
* insert Fixed
* insert Zh(转诊任务状态值集, 转诊的全部业务状态。)
* include codes from system ReferralTaskStatus

CodeSystem: GreenChannel
Id: green-channel
Title: "Green channel"
Description: "The emergency centres whose patients are taken without waiting."
* insert CodeSystemMeta
* insert Zh(绿色通道, 先救治后手续的急救中心类型。)
* insert Code(chest-pain, Chest pain, 胸痛)
* insert Code(stroke, Stroke, 卒中)
* insert Code(trauma, Trauma, 创伤)
* insert Code(maternal, Critical pregnancy, 危重孕产妇)
* insert Code(neonatal, Critical newborn, 危重新生儿)
* insert Code(pediatric, Critical child, 危重儿童)

ValueSet: GreenChannelVS
Id: green-channel
Title: "Green channels"
Description: "Every green channel."
* insert Fixed
* insert Zh(绿色通道值集, 全部绿色通道。)
* include codes from system GreenChannel
