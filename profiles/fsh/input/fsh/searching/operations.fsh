// The operations that the server has beside those of R4; fhir_server/operations/definitions.py serves the same facts.

RuleSet: Operation(id, name, code)
* url = "https://qiao-fhir.github.io/cmc/OperationDefinition/{id}"
* version = "0.1.0"
* name = "{name}"
* status = #active
* experimental = false
* date = "2026-11-22"
* publisher = "Qiao maintainers"
* kind = #operation
* affectsState = false
* code = #{code}
* parameter[+].name = #return
* parameter[=].use = #out
* parameter[=].min = 1
* parameter[=].max = "1"
* parameter[=].type = #Parameters

RuleSet: In(name, type, min)
* parameter[+].name = #{name}
* parameter[=].use = #in
* parameter[=].min = {min}
* parameter[=].max = "1"
* parameter[=].type = #{type}

Instance: qiao-diff
InstanceOf: OperationDefinition
Usage: #definition
* title = "Difference of two versions"
* insert ZhTitle(两个版本的差异)
* description = "What changed between two versions of a resource, as a FHIRPath Patch; without parameters, between the last two."
* insert ZhDescription(以 FHIRPath Patch 表示一个资源两个版本之间的差异；无参数时比较最近两个版本。)
* insert Operation(qiao-diff, QiaoDiff, diff)
* resource = #Resource
* system = false
* type = false
* instance = true
* insert In(fromVersion, id, 0)
* insert In(toVersion, id, 0)

Instance: qiao-diff-any
InstanceOf: OperationDefinition
Usage: #definition
* title = "Difference of two resources"
* insert ZhTitle(两个资源的差异)
* description = "What differs between two resources of one type, as a FHIRPath Patch."
* insert ZhDescription(以 FHIRPath Patch 表示同类型两个资源之间的差异。)
* insert Operation(qiao-diff-any, QiaoDiffAny, diff)
* resource = #Resource
* system = true
* type = false
* instance = false
* insert In(from, uri, 1)
* insert In(to, uri, 1)

Instance: qiao-reindex
InstanceOf: OperationDefinition
Usage: #definition
* title = "Fill the index"
* insert ZhTitle(填充索引)
* description = "Fills the index of search parameters that were added with the data in the store; the answer tells where to ask how far it is."
* insert ZhDescription(以库中数据填充新增检索参数的索引；应答给出进度查询地址。)
* insert Operation(qiao-reindex, QiaoReindex, reindex)
* resource = #Resource
* system = true
* type = false
* instance = false

Instance: qiao-reindex-type
InstanceOf: OperationDefinition
Usage: #definition
* title = "Fill the index of search parameters"
* insert ZhTitle(填充检索参数的索引)
* description = "The same as the operation of the system, called beside the search parameters."
* insert ZhDescription(与系统级操作相同，在检索参数处调用。)
* insert Operation(qiao-reindex-type, QiaoReindexType, reindex)
* resource = #SearchParameter
* system = false
* type = true
* instance = false
