Profile: CmcCriticalValue
Parent: Communication
Id: cmc-critical-value
Title: "Critical value"
Description: "A critical value (危急值) that was reported: to whom, when, read back by whom, and what was done."
* insert Zh(危急值, 危急值通报：通知对象、时间、回读者与处置。)
* obeys cmc-cv-closed and cmc-cv-order and cmc-cv-parties
* extension contains
    Readback named readback 0..1 and
    Disposition named disposition 0..1
* identifier obeys cmc-system
* insert ByPattern(category)
* category 1..*
* category contains criticalValue 1..1
* category[criticalValue] = CommunicationCategory#critical-value
* priority 1..1
* priority = #stat
* subject 1..1
* subject only Reference(Patient)
* about 1..*
* encounter MS
* sent 1..1
* received MS
* sender MS
* recipient MS

Profile: CmcCriticalValueTask
Parent: Task
Id: cmc-critical-value-task
Title: "Response to a critical value"
Description: "That somebody must take charge of a critical value, and until when; it goes on to the county on-call when the time has passed."
* insert Zh(危急值处理任务, 要求在时限内处理危急值；逾期升级至县级值班。)
* intent = #order
* code 1..1
* code = TaskCode#critical-value-response
* priority 1..1
* priority = #stat
* focus 1..1
* focus only Reference(Communication)
* for 1..1
* for only Reference(Patient)
* lastModified 1..1
* owner 1..1
* restriction 1..1
* restriction.period 1..1
* restriction.period.end 1..1
