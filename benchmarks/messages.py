"""Messages to measure with: an ORU of 30 results and an ADT, synthetic, Chinese."""

from __future__ import annotations

ITEMS = ("白细胞计数", "红细胞计数", "血红蛋白", "血小板计数", "丙氨酸氨基转移酶", "肌酐", "葡萄糖", "钾", "钠", "氯")


def oru(number: int = 1, results: int = 30) -> bytes:
    """An ORU^R01 2.5.1 as a county laboratory sends it: about 3.5 KB in UTF-8."""
    lines = _head(number)
    for index in range(results):
        name = ITEMS[index % len(ITEMS)]
        lines.append(
            f"OBX|{index + 1}|NM|T{index:03d}^{name}^L||{4 + index / 10:.2f}|mmol/L|3.50-5.50|N|||F|||20261021090000"
            "|LAB|0002^检验医师"
        )
    return ("\r".join(lines) + "\r").encode()


def long_oru(number: int = 1, results: int = 30) -> bytes:
    """The same with every field a talkative sender fills and a comment for each result: about 7.5 KB."""
    lines = _head(number)
    for index in range(results):
        name = ITEMS[index % len(ITEMS)]
        lines.append(
            f"OBX|{index + 1}|NM|T{index:03d}^{name}^L^^{name}||{4 + index / 10:.2f}|mmol/L^^UCUM|3.50-5.50|N|||F|||"
            "20261021090000|LAB^检验科^L|0002^检验医师|MTH01^速率法^L|AU5800^生化分析仪^L|20261021091500"
        )
        lines.append(f"NTE|{index + 1}|L|复核无误，标本无溶血|RE^备注^L")
    return ("\r".join(lines) + "\r").encode()


def _head(number: int) -> list[str]:
    return [
        f"MSH|^~\\&|LIS|BENCH|QIAO|COUNTY|20261021093000||ORU^R01^ORU_R01|B{number}|P|2.5.1|||AL|AL|CHN|UNICODE UTF-8",
        f"PID|1||P{number % 500}^^^^PatientNO~999999199001010016^^^^IdentifyNO||测试患者{number % 500}||19900101|F",
        f"PV1|1|O|^^^04^内科||||0001^测试医师|||||||||||O{number % 500}",
        f"ORC|RE|A{number}^BENCH|R{number}^BENCH||CM||||20261021080000",
        f"OBR|1|A{number}^BENCH|R{number}^BENCH|L01^生化全套^L|||20261021081500|||||||20261021082000||0002^检验医师"
        "||||||20261021092500||LAB|F",
    ]


def adt(number: int = 1) -> bytes:
    """An ADT^A01 2.5.1 of about 1 KB in UTF-8."""
    lines = [
        f"MSH|^~\\&|HIS|BENCH|QIAO|COUNTY|20261021080000||ADT^A01^ADT_A01|A{number}|P|2.5.1|||AL|AL|CHN|UNICODE UTF-8",
        "EVN|A01|20261021080000|||0001^测试员|20261021075900",
        f"PID|1||P{number}^^^^PatientNO~999999199001010016^^^^IdentifyNO||测试患者||19900101|F|||青禾县人民路1号^^^^999999"
        "^^H||^^^^^^^^13800000000|||M^已婚|||||||1^汉族",
        "NK1|1|测试亲属|2^父母|青禾县|^^^^^^^^13800000001",
        f"PV1|1|I|0401^01^02^^^^^^内科病区||||0001^测试医师|||||||2|||0001^测试医师||V{number}|||||||||||||||||||||||||20261021075900",
        "DG1|1||I10.x00^高血压病^ICD-10|||A",
        "IN1|1|01^城乡居民医保",
    ]
    return ("\r".join(lines) + "\r").encode()
