// What users of a consortium search for and R4 has no parameter for.

RuleSet: Search(id, name, code, type)
* url = "https://qiao-fhir.github.io/cmc/SearchParameter/{id}"
* version = "0.1.0"
* name = "{name}"
* status = #active
* experimental = false
* date = "2026-11-22"
* publisher = "Qiao maintainers"
* code = #{code}
* type = #{type}

Instance: servicerequest-referral-direction
InstanceOf: SearchParameter
Usage: #definition
* insert Search(servicerequest-referral-direction, ReferralDirection, referral-direction, token)
* description = "Referrals that go up, down or to an equal level"
* insert ZhDescription(按方向检索转诊单：上转、下转、平转)
* base = #ServiceRequest
* expression = "ServiceRequest.extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/referral-direction').value.ofType(Coding)"

Instance: servicerequest-green-channel
InstanceOf: SearchParameter
Usage: #definition
* insert Search(servicerequest-green-channel, GreenChannel, green-channel, token)
* description = "Referrals on a green channel"
* insert ZhDescription(按绿色通道检索转诊单)
* base = #ServiceRequest
* expression = "ServiceRequest.extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/green-channel').value.ofType(Coding)"

Instance: servicerequest-requester-organization
InstanceOf: SearchParameter
Usage: #definition
* insert Search(servicerequest-requester-organization, RequesterOrganization, requester-organization, reference)
* description = "Orders and referrals of an institution, also where the requester is a practitioner in a role"
* insert ZhDescription(按申请机构检索申请与转诊单)
* base = #ServiceRequest
* expression = "ServiceRequest.extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/requester-organization').value.ofType(Reference)"
* target = #Organization

Instance: task-hr-decision
InstanceOf: SearchParameter
Usage: #definition
* insert Search(task-hr-decision, HrDecision, hr-decision, token)
* description = "Recognition records by what was decided"
* insert ZhDescription(按决定检索互认记录)
* base = #Task
* expression = "Task.extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/hr-decision').value.ofType(Coding)"

Instance: task-hr-reason
InstanceOf: SearchParameter
Usage: #definition
* insert Search(task-hr-reason, HrReason, hr-reason, token)
* description = "Tasks by the reason of their status: recognition records by the reason for not recognising, referrals by the reason of a rejection"
* insert ZhDescription(按状态理由检索任务：不互认理由、拒绝转诊理由)
* base = #Task
* expression = "Task.statusReason"

Instance: task-view-id
InstanceOf: SearchParameter
Usage: #definition
* insert Search(task-view-id, ViewId, view-id, token)
* description = "Recognition records by the number of the viewing"
* insert ZhDescription(按调阅流水号检索互认记录)
* base = #Task
* expression = "Task.extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/view-id').value.ofType(Identifier)"

Instance: diagnosticreport-acquisition-organization
InstanceOf: SearchParameter
Usage: #definition
* insert Search(diagnosticreport-acquisition-organization, AcquisitionOrganization, acquisition-organization, reference)
* description = "Reports by the institution where the specimen was taken or the examination made"
* insert ZhDescription(按采集机构检索报告)
* base = #DiagnosticReport
* expression = "DiagnosticReport.extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/acquisition-organization').value.ofType(Reference)"
* target = #Organization

Instance: diagnosticreport-diagnosing-organization
InstanceOf: SearchParameter
Usage: #definition
* insert Search(diagnosticreport-diagnosing-organization, DiagnosingOrganization, diagnosing-organization, reference)
* description = "Reports by the institution whose doctors interpreted them"
* insert ZhDescription(按诊断机构检索报告)
* base = #DiagnosticReport
* expression = "DiagnosticReport.extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/diagnosing-organization').value.ofType(Reference)"
* target = #Organization

Instance: diagnosticreport-hr-scope
InstanceOf: SearchParameter
Usage: #definition
* insert Search(diagnosticreport-hr-scope, HrScope, hr-scope, token)
* description = "Reports with an HR mark, by its scope"
* insert ZhDescription(按互认范围检索带互认标识的报告)
* base = #DiagnosticReport
* expression = "DiagnosticReport.extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/recognition-mark').extension.where(url = 'scope').value.ofType(Coding)"

Instance: observation-interpretation
InstanceOf: SearchParameter
Usage: #definition
* insert Search(observation-interpretation, Interpretation, interpretation, token)
* description = "Results by their flag; HH, LL and AA are critical"
* insert ZhDescription(按结果标志检索；HH、LL、AA 为危急)
* base = #Observation
* expression = "Observation.interpretation | Observation.component.interpretation"

Instance: patient-ethnicity
InstanceOf: SearchParameter
Usage: #definition
* insert Search(patient-ethnicity, Ethnicity, ethnicity, token)
* description = "Patients by their ethnic group"
* insert ZhDescription(按民族检索患者)
* base = #Patient
* expression = "Patient.extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/ethnicity').value.ofType(CodeableConcept)"

Instance: organization-consortium-role
InstanceOf: SearchParameter
Usage: #definition
* insert Search(organization-consortium-role, ConsortiumRole, consortium-role, token)
* description = "Institutions by their role in the consortium"
* insert ZhDescription(按医共体角色检索机构)
* base = #Organization
* expression = "Organization.extension.where(url = 'https://qiao-fhir.github.io/cmc/StructureDefinition/consortium-role').value.ofType(Coding)"
