Profile: CmcProvenanceV2
Parent: Provenance
Id: cmc-provenance-v2
Title: "Provenance of a message"
Description: "Which HL7 v2 message stated what: its event, the system that sent it, for which institution, and every value that FHIR has no place for."
* insert Zh(消息溯源, 哪条 HL7 v2 消息陈述了哪些资源：事件、发送系统、所属机构，以及 FHIR 无处安放的值。)
* extension contains
    V2Value named v2Value 0..* and
    V2Original named v2Original 0..1 and
    MappingVersion named mappingVersion 0..1 and
    CharsetDetected named charsetDetected 0..1
* activity 1..1
* activity.coding 1..*
* agent.type 1..1
* agent.who MS
* agent.onBehalfOf MS
* entity 1..*
* entity.role = #source
* entity obeys cmc-v2-source

Profile: CmcAuditEvent
Parent: AuditEvent
Id: cmc-audit-event
Title: "Audit event"
Description: "Who did what to whose data, from which institution and why."
* insert Zh(审计事件, 谁在哪家机构、因何目的、对谁的数据做了什么。)
* subtype 1..*
* action 1..1
* outcome 1..1
* agent.who 1..1
* entity MS

Profile: CmcViewAudit
Parent: CmcAuditEvent
Id: cmc-view-audit
Title: "Audit of a viewing"
Description: "A result of another institution was viewed (调阅): its number, by whom, for what purpose. A viewing without a decision stays visible."
* insert Zh(调阅审计, 调阅其他机构结果的流水号、调阅人与目的；未作决定的调阅保持可见。)
* action = #R
* purposeOfEvent 1..*
* entity 1..*
* entity ^slicing.discriminator[0].type = #value
* entity ^slicing.discriminator[0].path = "role.code"
* entity ^slicing.rules = #open
* entity contains patient 1..1 and report 1..*
* entity[patient].role 1..1
* entity[patient].role.code 1..1
* entity[patient].role.code = #1
* entity[patient].what 1..1
* entity[report].role 1..1
* entity[report].role.code 1..1
* entity[report].role.code = #3
* entity[report].what 1..1
* entity[report].detail 1..*
* entity[report].detail.value[x] only string

* entity[report].detail ^short = "type view-id: the number of the viewing (调阅流水号)"
