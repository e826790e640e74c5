"""The system URIs this product writes and reads: the OIDs of the Chinese health standards, and those of HL7.

Law: a URI stands here once; nobody spells one out elsewhere. Sources: WS/T 482 and WS 363 (root 2.16.156.10011, the
OIDs of the shared document specification), http://hl7.org/fhir/R4/terminologies-systems.html.
"""

from typing import Final

CANONICAL_BASE: Final = "https://qiao-fhir.github.io/cmc"
"""Of everything that the consortium's implementation guide defines: `{CANONICAL_BASE}/StructureDefinition/cmc-patient`.
The same stands in `profiles/fsh/sushi-config.yaml`.
"""

HEALTH_ROOT: Final = "urn:oid:2.16.156.10011"

# Identifiers (arc .1)
DOCUMENT_NUMBER: Final = f"{HEALTH_ROOT}.1.1"  # 文档流水号
HEALTH_RECORD_NUMBER: Final = f"{HEALTH_ROOT}.1.2"  # 居民健康档案编号
RESIDENT_ID: Final = f"{HEALTH_ROOT}.1.3"  # 身份证号
STAFF_NUMBER: Final = f"{HEALTH_ROOT}.1.4"  # 医务人员编号
INSTITUTION_CODE: Final = f"{HEALTH_ROOT}.1.5"  # 医疗机构组织机构代码
OUTPATIENT_NUMBER: Final = f"{HEALTH_ROOT}.1.10"  # 门诊号
OUTPATIENT_VISIT_NUMBER: Final = f"{HEALTH_ROOT}.1.11"  # 门(急)诊号
INPATIENT_NUMBER: Final = f"{HEALTH_ROOT}.1.12"  # 住院号
MEDICAL_RECORD_NUMBER: Final = f"{HEALTH_ROOT}.1.13"  # 病案号
SPECIMEN_NUMBER: Final = f"{HEALTH_ROOT}.1.14"  # 标本号
INSURANCE_NUMBER: Final = f"{HEALTH_ROOT}.1.15"  # 医保号
HEALTH_CARD_NUMBER: Final = f"{HEALTH_ROOT}.1.19"  # 健康卡号
PRESCRIPTION_NUMBER: Final = f"{HEALTH_ROOT}.1.20"  # 处方编号
WARD_ROOM: Final = f"{HEALTH_ROOT}.1.21"  # 病房号
BED: Final = f"{HEALTH_ROOT}.1.22"  # 病床号
REQUEST_NUMBER: Final = f"{HEALTH_ROOT}.1.24"  # 电子申请单编号
DEPARTMENT: Final = f"{HEALTH_ROOT}.1.26"  # 科室
WARD: Final = f"{HEALTH_ROOT}.1.27"  # 病区
ORDER_NUMBER: Final = f"{HEALTH_ROOT}.1.28"  # 医嘱号
EXAMINATION_REPORT_NUMBER: Final = f"{HEALTH_ROOT}.1.32"  # 检查报告单号
LABORATORY_REPORT_NUMBER: Final = f"{HEALTH_ROOT}.1.33"  # 检验报告单号
CONSENT_NUMBER: Final = f"{HEALTH_ROOT}.1.34"  # 知情同意书编号
LOCAL_PATIENT_NUMBER: Final = f"{HEALTH_ROOT}.2.5.1.4"  # 本地患者 ID
VISIT_COUNT: Final = f"{HEALTH_ROOT}.2.5.1.8"  # 就诊次数
VISIT_NUMBER: Final = f"{HEALTH_ROOT}.2.5.1.9"  # 就诊流水号

# Code lists (arc .2)
DATA_ELEMENTS: Final = f"{HEALTH_ROOT}.2.2.1"  # 卫生信息数据元目录
PATIENT_TYPE: Final = f"{HEALTH_ROOT}.2.3.1.271"  # 患者类型 CV09.00.404
ETHNICITY: Final = f"{HEALTH_ROOT}.2.3.3.3"  # 民族 GB/T 3304
SEX: Final = f"{HEALTH_ROOT}.2.3.3.4"  # 性别 GB/T 2261.1
MARITAL_STATUS: Final = f"{HEALTH_ROOT}.2.3.3.5"  # 婚姻状况 GB/T 2261.2
KINSHIP: Final = f"{HEALTH_ROOT}.2.3.3.8"  # 家庭关系 GB/T 4761
ICD_10: Final = f"{HEALTH_ROOT}.2.3.3.11"  # 疾病分类 ICD-10
ICD_9_CM_3: Final = f"{HEALTH_ROOT}.2.3.3.12"  # 手术操作 ICD-9-CM-3

# International
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
SNOMED_CT: Final = "http://snomed.info/sct"
TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"
IDENTIFIER_TYPE: Final = f"{TERMINOLOGY}/v2-0203"
ABNORMAL_FLAG: Final = f"{TERMINOLOGY}/v3-ObservationInterpretation"
ENCOUNTER_CLASS: Final = f"{TERMINOLOGY}/v3-ActCode"
DIAGNOSTIC_SERVICE: Final = f"{TERMINOLOGY}/v2-0074"
OBSERVATION_CATEGORY: Final = f"{TERMINOLOGY}/observation-category"
DATA_ABSENT_REASON: Final = f"{TERMINOLOGY}/data-absent-reason"
