// Extensions of provenance.

Extension: V2Value
Id: v2-value
Title: "Value of the message without a place in FHIR"
Description: "A value of the HL7 v2 message that no element of FHIR takes, with its location (PV1-39.2)."
Context: Provenance
* insert Zh(消息中的其余值, HL7 v2 消息中在 FHIR 无对应元素的值及其位置（如 PV1-39.2）。)
* extension contains
    location 1..1 and
    value 1..1
* extension[location].value[x] only string
* extension[value].value[x] only string

Extension: V2Original
Id: v2-original
Title: "Values of the message as they were sent"
Description: "The values that the resources say otherwise (a code turned into another, the name of a coding system, a time cut to a date) or leave out, as they were sent: a line a value, its location and a blank before it (PID-13.2 PRN); in values a backslash is written twice, a line feed as backslash and n."
Context: Provenance
* insert Zh(消息原值, 资源中以其他形式表达或未收录的值的原文，每行一个：位置、空格、原值（如 PID-13.2 PRN）。)
* value[x] only string
* value[x] 1..1

Extension: MappingVersion
Id: mapping-version
Title: "Version of the mapping"
Description: "The version of the tables by which a message was translated."
Context: Provenance
* insert Zh(映射版本, 翻译消息所用映射表的版本。)
* value[x] only string
* value[x] 1..1

Extension: CharsetDetected
Id: charset-detected
Title: "Detected character set"
Description: "The character set that the bytes of a message really had, where the message says another."
Context: Provenance
* insert Zh(实际字符集, 消息字节实际使用的字符集（与声明不符时）。)
* value[x] only code
* value[x] 1..1

Extension: TestScriptRepeatWhile
Id: testscript-repeat-while
Title: "Repeat while"
Description: "Statuses, by commas, that mean not yet: the request is sent again until another one comes. R4 has no loop; who ignores it sends the request once."
Context: TestScript.setup.action.operation, TestScript.test.action.operation
* insert Zh(重复直至, 以逗号分隔的状态码，表示“尚未完成”：重复请求直至返回其他状态。)
* value[x] only string
* value[x] 1..1
