Profile: CmcOrder
Parent: ServiceRequest
Id: cmc-order
Title: "Order"
Description: "A request for an examination or a laboratory test, with all its numbers. An order of status unknown is only known from a result that answers it."
* insert Zh(申请, 检查或检验申请及其全部编号。状态 unknown 者仅由结果提及。)
* obeys cmc-req-centre and cmc-req-code and cmc-req-time
* extension contains
    RequesterOrganization named requesterOrganization 0..1 MS and
    AgeText named ageText 0..1
* identifier 1..* MS
* identifier obeys cmc-system
* category MS
* code MS
* subject only Reference(Patient)
* encounter MS
* authoredOn MS
* requester 1..1 MS
* performer MS
* reasonCode MS
* reasonReference MS

RuleSet: OrderOf(centre)
* insert ByPattern(category)
* category 1..*
* category contains centre 1..1
* category[centre] = CenterType#{centre}

Profile: CmcOrderLab
Parent: CmcOrder
Id: cmc-order-lab
Title: "Order of the laboratory centre"
Description: "A request for laboratory tests, with the specimens they are made from."
* insert Zh(检验申请, 向检验中心提出的检验申请及其标本。)
* insert OrderOf(lab)
* specimen MS

Profile: CmcOrderImaging
Parent: CmcOrder
Id: cmc-order-imaging
Title: "Order of the imaging centre"
Description: "A request for an X-ray, CT, MR or ultrasound examination."
* insert Zh(影像申请, 向影像中心提出的放射、CT、磁共振或超声检查申请。)
* insert OrderOf(imaging)
* bodySite MS

Profile: CmcOrderEcg
Parent: CmcOrder
Id: cmc-order-ecg
Title: "Order of the ECG centre"
Description: "A request for an electrocardiogram that is made here and read at the centre."
* insert Zh(心电申请, 在基层采集、由心电中心诊断的心电图申请。)
* insert OrderOf(ecg)

Profile: CmcOrderPathology
Parent: CmcOrder
Id: cmc-order-pathology
Title: "Order of the pathology centre"
Description: "A request for a pathological examination of tissue or cells."
* insert Zh(病理申请, 组织或细胞的病理检查申请。)
* insert OrderOf(pathology)
* specimen MS

Profile: CmcOrderTask
Parent: Task
Id: cmc-order-task
Title: "Task of an order"
Description: "How far the centre is with an order."
* insert Zh(申请执行任务, 中心执行申请的进度。)
* obeys cmc-task-owner
* identifier obeys cmc-system
* code 1..1
* code = $fhir-task#fulfill
* focus 1..1
* focus only Reference(ServiceRequest)
* for 1..1
* for only Reference(Patient)
* authoredOn MS
* lastModified 1..1
* requester 1..1
* owner MS
