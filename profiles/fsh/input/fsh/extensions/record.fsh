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
