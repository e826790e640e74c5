// Rules that FHIRPath can say. Those of severity warning name what the field often lacks: a message without it is kept
// and counted, not lost. An order or referral of status `unknown` is only known from being mentioned and owes nothing.

Invariant: cmc-id18
Description: "A resident identity number has 18 characters, a date of birth and a right check character (GB 11643, MOD 11-2)"
Severity: #error
Expression: "$this.matches('^[1-9][0-9]{5}(18|19|20)[0-9]{2}((0[13578]|1[02])(0[1-9]|[12][0-9]|3[01])|(0[469]|11)(0[1-9]|[12][0-9]|30)|02(0[1-9]|[12][0-9]))[0-9]{3}[0-9X]$') and '10X98765432'.substring((($this.substring(0,1).toInteger()*7) + ($this.substring(1,1).toInteger()*9) + ($this.substring(2,1).toInteger()*10) + ($this.substring(3,1).toInteger()*5) + ($this.substring(4,1).toInteger()*8) + ($this.substring(5,1).toInteger()*4) + ($this.substring(6,1).toInteger()*2) + $this.substring(7,1).toInteger() + ($this.substring(8,1).toInteger()*6) + ($this.substring(9,1).toInteger()*3) + ($this.substring(10,1).toInteger()*7) + ($this.substring(11,1).toInteger()*9) + ($this.substring(12,1).toInteger()*10) + ($this.substring(13,1).toInteger()*5) + ($this.substring(14,1).toInteger()*8) + ($this.substring(15,1).toInteger()*4) + ($this.substring(16,1).toInteger()*2)) mod 11, 1) = $this.substring(17,1)"
* insert ZhHuman(居民身份证号为 18 位，含出生日期且校验码正确（GB 11643）)

Invariant: cmc-uscc
Description: "A unified social credit code has 18 characters and a right check character (GB 32100, MOD 31-3)"
Severity: #error
Expression: "$this.length() != 18 or ($this.matches('^[0-9A-HJ-NPQRTUWXY]{18}$') and '0123456789ABCDEFGHJKLMNPQRTUWXY'.substring((31 - ((('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(0,1))) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(1,1))*3) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(2,1))*9) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(3,1))*27) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(4,1))*19) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(5,1))*26) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(6,1))*16) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(7,1))*17) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(8,1))*20) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(9,1))*29) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(10,1))*25) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(11,1))*13) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(12,1))*8) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(13,1))*24) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(14,1))*10) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(15,1))*30) + ('0123456789ABCDEFGHJKLMNPQRTUWXY'.indexOf($this.substring(16,1))*28)) mod 31)) mod 31, 1) = $this.substring(17,1))"
* insert ZhHuman(统一社会信用代码为 18 位且校验码正确（GB 32100）)

Invariant: cmc-system
Description: "A number is never written without the system it belongs to"
Severity: #error
Expression: "value.empty() or system.exists()"
* insert ZhHuman(任何号码必须带其所属系统)

Invariant: cmc-mobile
Description: "A mobile number has 11 digits and begins with 1"
Severity: #warning
Expression: "where(system = 'phone' and use = 'mobile').value.all($this.matches('^1[3-9][0-9]{9}$'))"
* insert ZhHuman(手机号为 1 开头的 11 位数字)

Invariant: cmc-pat-name
Description: "A patient in care has a name"
Severity: #warning
Expression: "(active.exists() and active = false) or name.exists()"
* insert ZhHuman(在诊患者应有姓名)

Invariant: cmc-practitioner-known
Description: "A practitioner has a number and a name"
Severity: #warning
Expression: "identifier.exists() and name.exists()"
* insert ZhHuman(医务人员应有工号与姓名)

Invariant: cmc-org-number
Description: "An institution has a code"
Severity: #warning
Expression: "identifier.exists()"
* insert ZhHuman(机构应有代码)

Invariant: cmc-org-role
Description: "An institution of the consortium says its role and its level"
Severity: #warning
Expression: "extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/consortium-role').exists()"
* insert ZhHuman(医共体内机构应标明角色)

Invariant: cmc-enc-number
Description: "A visit has its number"
Severity: #warning
Expression: "identifier.exists()"
* insert ZhHuman(就诊应有就诊流水号)

Invariant: cmc-enc-start
Description: "A visit has the time it began"
Severity: #warning
Expression: "(status in ('planned' | 'cancelled' | 'unknown')) or period.start.exists()"
* insert ZhHuman(就诊应有开始时间)

Invariant: cmc-req-centre
Description: "A request that stands names who is to carry it out"
Severity: #warning
Expression: "(status in ('unknown' | 'draft' | 'revoked' | 'entered-in-error')) or performer.exists()"
* insert ZhHuman(有效申请应指明执行机构)

Invariant: cmc-req-code
Description: "A request that stands says what is asked for"
Severity: #warning
Expression: "(status in ('unknown' | 'entered-in-error')) or code.exists() or category.coding.where(system = 'http://snomed.info/sct' and code = '3457005').exists()"
* insert ZhHuman(有效申请应有申请项目)

Invariant: cmc-req-time
Description: "A request that stands has the time it was made"
Severity: #warning
Expression: "(status in ('unknown' | 'entered-in-error')) or authoredOn.exists()"
* insert ZhHuman(有效申请应有申请时间)

Invariant: cmc-ref-direction
Description: "A referral says its direction"
Severity: #warning
Expression: "status = 'unknown' or extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/referral-direction').exists()"
* insert ZhHuman(转诊单应有方向)

Invariant: cmc-ref-reason
Description: "A referral says why: an indication or a diagnosis"
Severity: #warning
Expression: "status = 'unknown' or reasonCode.exists() or reasonReference.exists()"
* insert ZhHuman(转诊单应有指征或诊断)

Invariant: cmc-ref-down
Description: "A referral down names the referral up that it answers, or says why there is none"
Severity: #warning
Expression: "extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/referral-direction' and value.code = 'down').empty() or basedOn.exists() or replaces.exists() or extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/no-origin-reason').exists()"
* insert ZhHuman(下转单应指明原上转单，或说明无原转诊单的理由)

Invariant: cmc-ref-down-strict
Description: "A referral down names the referral up that it answers, or says why there is none"
Severity: #error
Expression: "basedOn.exists() or replaces.exists() or extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/no-origin-reason').exists()"
* insert ZhHuman(下转单必须指明原上转单，或说明无原转诊单的理由)

Invariant: cmc-ref-reason-strict
Description: "A referral says why: an indication or a diagnosis"
Severity: #error
Expression: "reasonCode.exists() or reasonReference.exists()"
* insert ZhHuman(转诊单必须有指征或诊断)

Invariant: cmc-ref-green
Description: "A patient on a green channel is urgent"
Severity: #error
Expression: "extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/green-channel').empty() or (priority.exists() and (priority in ('stat' | 'asap')))"
* insert ZhHuman(绿色通道患者的优先级必须为 stat 或 asap)

Invariant: cmc-task-reason
Description: "Who rejects a referral says why"
Severity: #error
Expression: "status != 'rejected' or statusReason.exists()"
* insert ZhHuman(拒绝转诊必须说明理由)

Invariant: cmc-task-failed
Description: "A referral that failed or was cancelled says why"
Severity: #warning
Expression: "(status in ('failed' | 'cancelled')).not() or statusReason.exists()"
* insert ZhHuman(转诊失败或撤销应说明理由)

Invariant: cmc-task-state
Description: "Task.status is the one that goes with the state of the referral"
Severity: #error
Expression: "businessStatus.coding.where(system = 'https://qiao-fhir.github.io/cmc/CodeSystem/referral-task-status').code.all(($this = 'draft' and %resource.status = 'draft') or (($this in ('submitted' | 'down-proposed')) and %resource.status = 'requested') or ($this = 'org-approved' and %resource.status = 'ready') or ($this = 'received' and %resource.status = 'received') or (($this in ('accepted' | 'scheduled')) and %resource.status = 'accepted') or ($this = 'rejected' and %resource.status = 'rejected') or (($this in ('arrived' | 'admitted' | 'down-accepted' | 'down-arrived')) and %resource.status = 'in-progress') or ($this = 'no-show' and %resource.status = 'failed') or ($this = 'cancelled' and %resource.status = 'cancelled') or ($this = 'completed' and %resource.status = 'completed'))"
* insert ZhHuman(Task.status 必须与转诊业务状态一致)

Invariant: cmc-task-owner
Description: "A task names who is to act"
Severity: #warning
Expression: "owner.exists()"
* insert ZhHuman(任务应指明办理机构)

Invariant: cmc-obs-value
Description: "A result has a value, parts, or the reason why it has none; one that was entered in error owes nothing"
Severity: #error
Expression: "status = 'entered-in-error' or value.exists() or dataAbsentReason.exists() or component.exists() or hasMember.exists()"
* insert ZhHuman(结果必须有值、组成部分或缺失原因)

Invariant: cmc-obs-performer
Description: "A result says who is responsible for it"
Severity: #warning
Expression: "performer.exists()"
* insert ZhHuman(结果应有负责者)

Invariant: cmc-obs-critical
Description: "A result with the flag of an unknown meaning is not called normal"
Severity: #error
Expression: "extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/raw-abnormal-flag').empty() or interpretation.coding.where(code = 'N').empty()"
* insert ZhHuman(标志含义未知的结果不得标为正常)

Invariant: cmc-rep-order
Description: "A report names the order it answers"
Severity: #warning
Expression: "basedOn.exists()"
* insert ZhHuman(报告应对应申请)

Invariant: cmc-rep-issued
Description: "A report that was released has the time of its release"
Severity: #warning
Expression: "(status in ('registered' | 'partial' | 'preliminary' | 'cancelled' | 'entered-in-error' | 'unknown')) or issued.exists()"
* insert ZhHuman(已发布报告应有发布时间)

Invariant: cmc-rep-content
Description: "A released report has results, a conclusion or a document"
Severity: #warning
Expression: "(status in ('final' | 'amended' | 'corrected' | 'appended')).not() or result.exists() or conclusion.exists() or presentedForm.exists()"
* insert ZhHuman(已发布报告应有结果、结论或文书)

Invariant: cmc-rep-interpreter
Description: "A diagnosis names the doctor who made it"
Severity: #warning
Expression: "(status in ('final' | 'amended' | 'corrected' | 'appended')).not() or resultsInterpreter.exists()"
* insert ZhHuman(诊断报告应有诊断医师)

Invariant: cmc-cv-closed
Description: "The loop of a critical value is closed when it was received, read back and acted upon"
Severity: #error
Expression: "status != 'completed' or (received.exists() and extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/readback').exists() and extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/disposition').exists())"
* insert ZhHuman(危急值闭环须有接收、回读与处置)

Invariant: cmc-cv-order
Description: "A critical value is not received before it was sent"
Severity: #error
Expression: "where(received < sent).empty()"
* insert ZhHuman(危急值接收时间不得早于发出时间)

Invariant: cmc-cv-parties
Description: "A critical value names who reported it and who must hear of it"
Severity: #warning
Expression: "sender.exists() and recipient.exists()"
* insert ZhHuman(危急值应有报告方与接收方)

Invariant: cmc-hr-reason
Description: "A result that is not, or only partly, recognised has a permitted reason"
Severity: #error
Expression: "extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/hr-decision').value.code.all($this = 'recognized') or statusReason.exists()"
* insert ZhHuman(不互认或部分互认必须有规定的理由)

Invariant: cmc-hr-other
Description: "The reason other is explained"
Severity: #error
Expression: "statusReason.coding.where(system = 'https://qiao-fhir.github.io/cmc/CodeSystem/hr-decline-reason' and code = '6').empty() or (statusReason.text.exists() and statusReason.text.length() <= 200)"
* insert ZhHuman(理由为“其他”时须有说明，不超过 200 字)

Invariant: cmc-hr-informed
Description: "A patient whose result is not recognised is told why it is done again"
Severity: #error
Expression: "extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/hr-decision' and value.code = 'not-recognized').empty() or extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/patient-informed').exists()"
* insert ZhHuman(不互认时须记录患者告知)

Invariant: cmc-hr-partial
Description: "A partial recognition says of each result what was decided"
Severity: #error
Expression: "extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/hr-decision' and value.code = 'partial').empty() or input.where(extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/hr-decision').exists()).count() > 1"
* insert ZhHuman(部分互认须逐项记录决定)

Invariant: cmc-v2-source
Description: "A message is named by the number of its receipt"
Severity: #error
Expression: "what.identifier.value.exists()"
* insert ZhHuman(来源消息须有接收编号)
