// Codes of the consortium itself: its centres, its members, its tasks.

CodeSystem: CenterType
Id: center-type
Title: "Shared centre"
Description: "The centres that a consortium shares; the first four issue reports."
* insert CodeSystemMeta
* insert Zh(共享中心, 医共体共享的中心；前四类出具报告。)
* insert Code(lab, Laboratory centre, 医学检验中心)
* insert Code(imaging, Imaging centre, 医学影像中心)
* insert Code(ecg, ECG centre, 心电诊断中心)
* insert Code(pathology, Pathology centre, 病理诊断中心)
* insert Code(sterile-supply, Sterile supply centre, 消毒供应中心)
* insert Code(logistics, Logistics centre, 后勤中心)

ValueSet: CenterTypeVS
Id: center-type
Title: "Shared centres"
Description: "Every kind of shared centre."
* insert Fixed
* insert Zh(共享中心值集, 全部共享中心类型。)
* include codes from system CenterType

CodeSystem: ConsortiumRole
Id: consortium-role
Title: "Role in the consortium"
Description: "What an institution is in its consortium."
* insert CodeSystemMeta
* insert Zh(医共体角色, 机构在医共体中的角色。)
* insert Code(consortium, The consortium itself, 医共体)
* insert Code(lead, Lead hospital, 牵头医院)
* insert Code(member, Member institution, 成员单位)
* insert Code(village, Village clinic, 村卫生室)
* insert Code(centre, Shared centre, 共享中心)
* insert Code(external, Institution outside of the consortium, 医共体外机构)

ValueSet: ConsortiumRoleVS
Id: consortium-role
Title: "Roles in the consortium"
Description: "Every role in a consortium."
* insert Fixed
* insert Zh(医共体角色值集, 医共体中的全部角色。)
* include codes from system ConsortiumRole

CodeSystem: OrganizationLevel
Id: organization-level
Title: "Administrative level"
Description: "The level of an institution that the direction of a referral follows from."
* insert CodeSystemMeta
* insert Zh(机构层级, 机构的行政层级，转诊方向由此推定。)
* insert Code(village, Village, 村级)
* insert Code(township, Township, 乡镇级)
* insert Code(county, County, 县级)
* insert Code(prefecture, Prefecture, 市级)
* insert Code(province, Province, 省级)

ValueSet: OrganizationLevelVS
Id: organization-level
Title: "Administrative levels"
Description: "Every administrative level."
* insert Fixed
* insert Zh(机构层级值集, 全部机构层级。)
* include codes from system OrganizationLevel

CodeSystem: HospitalGrade
Id: hospital-grade
Title: "Hospital grade"
Description: "Grade and class of a hospital as HL7 China orders them."
* insert CodeSystemMeta
* insert Zh(医院等级, 医院的级与等，顺序同 HL7 China。)
* insert Code(1, Grade 1 class C, 一级丙等)
* insert Code(2, Grade 1 class B, 一级乙等)
* insert Code(3, Grade 1 class A, 一级甲等)
* insert Code(4, Grade 2 class C, 二级丙等)
* insert Code(5, Grade 2 class B, 二级乙等)
* insert Code(6, Grade 2 class A, 二级甲等)
* insert Code(7, Grade 3 class C, 三级丙等)
* insert Code(8, Grade 3 class B, 三级乙等)
* insert Code(9, Grade 3 class A, 三级甲等)

ValueSet: HospitalGradeVS
Id: hospital-grade
Title: "Hospital grades"
Description: "Every hospital grade."
* insert Fixed
* insert Zh(医院等级值集, 全部医院等级。)
* include codes from system HospitalGrade

CodeSystem: TaskCode
Id: task-code
Title: "Tasks of the consortium"
Description: "What is to be done, beside carrying out an order."
* insert CodeSystemMeta
* insert Zh(医共体任务, 除执行申请以外需要办理的事项。)
* insert Code(hr-decision, Decide on recognition, 互认决定)
* insert Code(critical-value-response, Respond to a critical value, 处理危急值)
* insert Code(identity-review, Review of an identity, 身份核对)
* insert Code(recognition-item, One result of a recognition decision, 互认项目)
* insert Code(new-order, The order that recognition makes unnecessary, 拟开项目)
* insert Code(unmapped-code, Map a local code, 映射本地代码)

CodeSystem: CommunicationCategory
Id: communication-category
Title: "Communication category"
Description: "What a communication is about."
* insert CodeSystemMeta
* insert Zh(通讯类别, 通讯的事由。)
* insert Code(critical-value, Critical value, 危急值)

CodeSystem: QualitativeResult
Id: qualitative-result
Title: "Qualitative result"
Description: "What laboratories write instead of a number."
* insert CodeSystemMeta
* insert Zh(定性结果, 检验科以文字报告的结果。)
* insert Code(negative, Negative, 阴性)
* insert Code(positive, Positive, 阳性)
* insert Code(weakly-positive, Weakly positive, 弱阳性)
* insert Code(trace, Trace, 微量)
* insert Code(indeterminate, Indeterminate, 不确定)
* insert Code(1+, 1+, 阳性（1+）)
* insert Code(2+, 2+, 阳性（2+）)
* insert Code(3+, 3+, 阳性（3+）)
* insert Code(4+, 4+, 阳性（4+）)
* insert Code(not-seen, Not seen, 未见)
* insert Code(seen, Seen, 查见)
* insert Code(no-abnormality, No abnormality seen, 未见异常)
* insert Code(not-detected, Not detected, 未检出)
* insert Code(detected, Detected, 检出)
* insert Code(reactive, Reactive, 反应性)
* insert Code(non-reactive, Non-reactive, 非反应性)

ValueSet: QualitativeResultVS
Id: qualitative-result
Title: "Qualitative results"
Description: "Every qualitative result."
* insert Fixed
* insert Zh(定性结果值集, 全部定性结果。)
* include codes from system QualitativeResult
