// Concept maps: the dialects of senders and the national lists to the codes of FHIR.

RuleSet: MapMeta(id, name)
* url = "https://qiao-fhir.github.io/cmc/ConceptMap/{id}"
* name = "{name}"
* status = #active
* experimental = false

Instance: gb-t-2261-1-to-administrative-gender
InstanceOf: ConceptMap
Usage: #definition
* insert MapMeta(gb-t-2261-1-to-administrative-gender, GbSexToAdministrativeGender)
* title = "Sex of GB/T 2261.1 to administrative gender"
* description = "Unknown and not stated both become unknown; the national code stays in the extension gb-gender."
* insert ZhTitle(GB/T 2261.1 性别到 FHIR 性别)
* insert ZhDescription(“未知”与“未说明”均对应 unknown，国标代码保留在 gb-gender 扩展中。)
* insert Group(urn:oid:2.16.156.10011.2.3.3.4, http://hl7.org/fhir/administrative-gender)
* insert Row(1, male, equivalent)
* insert Row(2, female, equivalent)
* insert Row(0, unknown, equivalent)
* insert Row(9, unknown, wider)

Instance: gb-t-2261-2-to-marital-status
InstanceOf: ConceptMap
Usage: #definition
* insert MapMeta(gb-t-2261-2-to-marital-status, GbMaritalStatusToV3)
* title = "Marital status of GB/T 2261.2 to v3-MaritalStatus"
* description = "First, second and repeated marriage all become married."
* insert ZhTitle(GB/T 2261.2 婚姻状况到 v3-MaritalStatus)
* insert ZhDescription(初婚、再婚、复婚均对应已婚。)
* insert Group(urn:oid:2.16.156.10011.2.3.3.5, http://terminology.hl7.org/CodeSystem/v3-MaritalStatus)
* insert Row(10, S, equivalent)
* insert Row(20, M, equivalent)
* insert Row(21, M, wider)
* insert Row(22, M, wider)
* insert Row(23, M, wider)
* insert Row(30, W, equivalent)
* insert Row(40, D, equivalent)
* insert NoTarget(90)

Instance: gb-t-4761-to-role-code
InstanceOf: ConceptMap
Usage: #definition
* insert MapMeta(gb-t-4761-to-role-code, GbKinshipToRoleCode)
* title = "Family relationship of GB/T 4761 to v3-RoleCode"
* description = "The top level of the national list."
* insert ZhTitle(GB/T 4761 家庭关系到 v3-RoleCode)
* insert ZhDescription(国标大类。)
* insert Group(urn:oid:2.16.156.10011.2.3.3.8, http://terminology.hl7.org/CodeSystem/v3-RoleCode)
* insert Row(0, ONESELF, equivalent)
* insert Row(1, SPS, equivalent)
* insert Row(2, SONC, equivalent)
* insert Row(3, DAUC, equivalent)
* insert Row(4, GRNDCHILD, equivalent)
* insert Row(5, PRN, equivalent)
* insert Row(6, GRPRN, equivalent)
* insert Row(7, SIB, equivalent)
* insert NoTarget(8)

Instance: cv09-00-404-to-encounter-class
InstanceOf: ConceptMap
Usage: #definition
* insert MapMeta(cv09-00-404-to-encounter-class, PatientTypeToEncounterClass)
* title = "Patient type of CV09.00.404 to encounter class"
* description = "For senders that use the list as it is published. The code 9 has no class: the message must be held back."
* insert ZhTitle(CV09.00.404 患者类型到就诊类别)
* insert ZhDescription(用于按公布含义使用该表的厂商。代码 9 无对应类别，须人工处理。)
* insert Group(urn:oid:2.16.156.10011.2.3.1.271, http://terminology.hl7.org/CodeSystem/v3-ActCode)
* insert Row(1, AMB, equivalent)
* insert Row(2, EMER, equivalent)
* insert Row(3, IMP, equivalent)
* insert NoTarget(9)

Instance: patient-type-swapped-to-encounter-class
InstanceOf: ConceptMap
Usage: #definition
* insert MapMeta(patient-type-swapped-to-encounter-class, PatientTypeSwappedToEncounterClass)
* title = "Patient type with exchanged meanings to encounter class"
* description = "For senders that use the digits of CV09.00.404 with other meanings."
* insert ZhTitle(患者类型（含义互换）到就诊类别)
* insert ZhDescription(用于代码含义与公布不同的厂商。)
* insert Group(https://qiao-fhir.github.io/cmc/CodeSystem/vendor-patient-type-swapped, http://terminology.hl7.org/CodeSystem/v3-ActCode)
* insert Row(1, AMB, equivalent)
* insert Row(2, IMP, equivalent)
* insert Row(3, AMB, wider)
* insert Row(4, EMER, equivalent)
* insert NoTarget(9)

Instance: patient-type-letters-to-encounter-class
InstanceOf: ConceptMap
Usage: #definition
* insert MapMeta(patient-type-letters-to-encounter-class, PatientTypeLettersToEncounterClass)
* title = "Patient class as Chinese senders write it to encounter class"
* description = "What is found in PV1-2 beside table 0004."
* insert ZhTitle(PV1-2 常见写法到就诊类别)
* insert ZhDescription(除 0004 表外 PV1-2 中常见的写法。)
* insert Group(https://qiao-fhir.github.io/cmc/CodeSystem/vendor-patient-type-letters, http://terminology.hl7.org/CodeSystem/v3-ActCode)
* insert Row(门诊, AMB, equivalent)
* insert Row(急诊, EMER, equivalent)
* insert Row(住院, IMP, equivalent)
* insert Row(体检, AMB, wider)
* insert Row(T, AMB, wider)

Instance: flag-ruimei-to-interpretation
InstanceOf: ConceptMap
Usage: #definition
* insert MapMeta(flag-ruimei-to-interpretation, FlagRuimeiToInterpretation)
* title = "Result flags of the LIS 瑞美 to interpretation"
* description = "N is negative here, M is normal. E has no target: the result is not final and cannot be recognised."
* insert ZhTitle(瑞美 LIS 结果标志到结果解释)
* insert ZhDescription(此处 N 为阴性、M 为正常；E 无对应，结果不得视为最终，也不得互认。)
* insert Group(https://qiao-fhir.github.io/cmc/CodeSystem/vendor-flag-ruimei, http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation)
* insert NoTarget(E)
* insert Row(H, H, equivalent)
* insert Row(HH, HH, equivalent)
* insert Row(I, I, equivalent)
* insert Row(L, L, equivalent)
* insert Row(LL, LL, equivalent)
* insert Row(M, N, equivalent)
* insert Row(N, NEG, equivalent)
* insert Row(P, POS, equivalent)
* insert Row(Q, WR, relatedto)

Instance: flag-numeric-to-interpretation
InstanceOf: ConceptMap
Usage: #definition
* insert MapMeta(flag-numeric-to-interpretation, FlagNumericToInterpretation)
* title = "Numeric result flags to interpretation"
* description = "The digits of a vendor that stand in OBX-11."
* insert ZhTitle(数字结果标志到结果解释)
* insert ZhDescription(某厂商写在 OBX-11 中的数字。)
* insert Group(https://qiao-fhir.github.io/cmc/CodeSystem/vendor-flag-numeric, http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation)
* insert Row(0, N, equivalent)
* insert Row(1, H, equivalent)
* insert Row(2, L, equivalent)
* insert Row(3, POS, equivalent)
* insert Row(4, AA, equivalent)
* insert Row(5, HH, equivalent)
* insert Row(6, LL, equivalent)

Instance: qualitative-result-to-interpretation
InstanceOf: ConceptMap
Usage: #definition
* insert MapMeta(qualitative-result-to-interpretation, QualitativeResultToInterpretation)
* title = "Qualitative results to interpretation"
* description = "Results without a target say nothing about their interpretation."
* insert ZhTitle(定性结果到结果解释)
* insert ZhDescription(无对应者不推定解释。)
* insert Group(https://qiao-fhir.github.io/cmc/CodeSystem/qualitative-result, http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation)
* insert Row(negative, NEG, equivalent)
* insert Row(positive, POS, equivalent)
* insert Row(weakly-positive, POS, wider)
* insert Row(indeterminate, IND, equivalent)
* insert Row(1+, POS, wider)
* insert Row(2+, POS, wider)
* insert Row(3+, POS, wider)
* insert Row(4+, POS, wider)
* insert Row(not-detected, ND, equivalent)
* insert Row(detected, DET, equivalent)
* insert Row(reactive, RR, equivalent)
* insert Row(non-reactive, NR, equivalent)
* insert NoTarget(trace)
* insert NoTarget(not-seen)
* insert NoTarget(seen)
* insert NoTarget(no-abnormality)

Instance: vendor-specimen-to-specimen-type
InstanceOf: ConceptMap
Usage: #definition
* insert MapMeta(vendor-specimen-to-specimen-type, VendorSpecimenToSpecimenType)
* title = "Specimen codes of laboratory systems to table 0487"
* description = "Local specimen codes seen in OBR-15 and SPM-4."
* insert ZhTitle(LIS 标本代码到 0487 表)
* insert ZhDescription(OBR-15 与 SPM-4 中常见的本地标本代码。)
* insert Group(https://qiao-fhir.github.io/cmc/CodeSystem/vendor-specimen, http://terminology.hl7.org/CodeSystem/v2-0487)
* insert Row(C, SER, equivalent)
* insert Row(2, UR, equivalent)
* insert Row(3, STL, equivalent)
* insert Row(0002, BLDV, equivalent)

Instance: referral-task-status-to-task-status
InstanceOf: ConceptMap
Usage: #definition
* insert MapMeta(referral-task-status-to-task-status, ReferralTaskStatusToTaskStatus)
* title = "State of a referral to Task.status"
* description = "Which Task.status goes with each state of a referral; invariant cmc-task-state demands it."
* insert ZhTitle(转诊任务状态到 Task.status)
* insert ZhDescription(每个业务状态对应的 Task.status；由约束 cmc-task-state 保证。)
* insert Group(https://qiao-fhir.github.io/cmc/CodeSystem/referral-task-status, http://hl7.org/fhir/task-status)
* insert Row(draft, draft, equivalent)
* insert Row(submitted, requested, equivalent)
* insert Row(org-approved, ready, equivalent)
* insert Row(received, received, equivalent)
* insert Row(accepted, accepted, equivalent)
* insert Row(rejected, rejected, equivalent)
* insert Row(scheduled, accepted, wider)
* insert Row(arrived, in-progress, wider)
* insert Row(admitted, in-progress, wider)
* insert Row(no-show, failed, wider)
* insert Row(cancelled, cancelled, equivalent)
* insert Row(down-proposed, requested, wider)
* insert Row(down-accepted, in-progress, wider)
* insert Row(down-arrived, in-progress, wider)
* insert Row(completed, completed, equivalent)

Instance: v2-0283-to-referral-task-status
InstanceOf: ConceptMap
Usage: #definition
* insert MapMeta(v2-0283-to-referral-task-status, V20283ToReferralTaskStatus)
* title = "Referral status of HL7 v2 (table 0283) to state of a referral"
* description = "What RF1-1 says about a referral."
* insert ZhTitle(HL7 v2 转诊状态（0283 表）到转诊任务状态)
* insert ZhDescription(RF1-1 所表达的转诊状态。)
* insert Group(http://terminology.hl7.org/CodeSystem/v2-0283, https://qiao-fhir.github.io/cmc/CodeSystem/referral-task-status)
* insert Row(P, submitted, equivalent)
* insert Row(A, accepted, equivalent)
* insert Row(R, rejected, equivalent)
* insert Row(E, no-show, wider)

Instance: cv02-01-101-to-identifier-type
InstanceOf: ConceptMap
Usage: #definition
* insert MapMeta(cv02-01-101-to-identifier-type, IdentityDocumentToIdentifierType)
* title = "Kind of identity document of CV02.01.101 to table 0203"
* description = "Which Identifier.type goes with the document that a number was read from."
* insert ZhTitle(CV02.01.101 身份证件类别到 0203 表)
* insert ZhDescription(证件类别对应的 Identifier.type。)
* insert Group(https://qiao-fhir.github.io/cmc/CodeSystem/cv02-01-101, http://terminology.hl7.org/CodeSystem/v2-0203)
* insert Row(01, NI, equivalent)
* insert NoTarget(02)
* insert Row(03, PPN, equivalent)
* insert Row(04, MI, equivalent)
* insert Row(05, DL, equivalent)
* insert NoTarget(06)
* insert NoTarget(07)
* insert NoTarget(99)
