// Codes of mutual recognition (检查检验结果互认), 国卫医发〔2022〕6号.

CodeSystem: HrDecision
Id: hr-decision
Title: "Recognition decision"
Description: "What the receiving doctor decided about an existing result."
* insert CodeSystemMeta
* insert Zh(互认决定, 接诊医师对已有检查检验结果的决定。)
* insert Code(recognized, Recognised, 互认)
* insert Code(not-recognized, Not recognised, 不互认)
* insert Code(partial, Partly recognised, 部分互认)

ValueSet: HrDecisionVS
Id: hr-decision
Title: "Recognition decisions"
Description: "Every recognition decision."
* insert Fixed
* insert Zh(互认决定值集, 全部互认决定。)
* include codes from system HrDecision

CodeSystem: HrDeclineReason
Id: hr-decline-reason
Title: "Reason for not recognising a result"
Description: "1 to 6 are the exceptions of the national rules; the codes from 11 on name technical reasons."
* insert CodeSystemMeta
* insert Zh(不互认理由, 1–6 为国家管理办法规定的情形；11 起为技术性理由。)
* insert Code(1, Condition changed or result inconsistent with the presentation, 病情变化，或结果与临床表现、诊断不符)
* insert Code(2, Result changes fast in the course of the disease, 结果在疾病发展过程中变化较快)
* insert Code(3, Item decisive for treatment, 项目对诊疗有重大决策意义（如手术、输血前）)
* insert Code(4, Emergency or rescue, 急诊、急救等紧急状态)
* insert Code(5, Forensic\, disability or sick-leave certification, 司法、伤残、病退等鉴定)
* insert Code(6, Other need for a new check, 其他确需复查的情形)
* insert Code(11, Quality assessment not passed, 质量评价未通过)
* insert Code(12, Image or waveform not readable, 影像或波形无法阅读)
* insert Code(13, Outside the time window, 超出互认时限)
* insert Code(14, Different method or specimen, 方法学或标本不同)

ValueSet: HrDeclineReasonVS
Id: hr-decline-reason
Title: "Reasons for not recognising a result"
Description: "Every permitted reason."
* insert Fixed
* insert Zh(不互认理由值集, 全部允许的理由。)
* include codes from system HrDeclineReason

CodeSystem: HrScope
Id: hr-scope
Title: "Scope of recognition"
Description: "How far a result with the HR mark is recognised."
* insert CodeSystemMeta
* insert Zh(互认范围, 带 HR 标识的结果在何范围内互认。)
* insert Code(national, National, 全国)
* insert Code(region, Several provinces, 跨省区域)
* insert Code(province, Province, 全省)
* insert Code(prefecture, Prefecture, 全市)
* insert Code(county, County, 全县)
* insert Code(consortium, Consortium, 医共体内)

ValueSet: HrScopeVS
Id: hr-scope
Title: "Scopes of recognition"
Description: "Every scope of recognition."
* insert Fixed
* insert Zh(互认范围值集, 全部互认范围。)
* include codes from system HrScope
