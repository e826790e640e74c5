"""What the tests of orders, results and referrals share: a laboratory, and messages by their differing segments."""

from __future__ import annotations

from dataclasses import replace

from adapters.er7 import parse
from mappers import Institution, Mapped, Message, Site
from profiles.validator import validate
from tests.mappers.sample import dangling, translate

INSTITUTIONS = {
    "C01": Institution("C01", "测试县人民医院", "county"),
    "L01": Institution("L01", "测试县检验中心", "county", part_of="C01"),
    "T01": Institution("T01", "测试镇卫生院", "township"),
}
AUTHORITIES = {"HOSPITAL": "C01", "LAB": "L01", "TOWNSHIP": "T01"}
LAB = Site("lab", "L01", authorities=AUTHORITIES, identifier_types={"MR": "mrn"}, institutions=INSTITUTIONS)
TOWNSHIP = replace(LAB, code="township", institution="T01")
PID = "PID|1||100200^^^TOWNSHIP^MR||张三||19900101|M"
OBR = "OBR|1|A100^TOWNSHIP|R200^LAB|BR^血常规^L|||20260301070000|||||||||||||||20260301080000||HM|F"
WBC = "OBX|1|NM|WBC^白细胞^L||6.50|10^9/L|3.5-9.5|N|||F"


def read(kind: str, *segments: str, head: dict[int, str] | None = None) -> Message:
    """The message of that type with the given segments after MSH; `head` changes fields of MSH."""
    fields = {3: "LIS", 4: "LAB", 5: "HIS", 6: "TOWNSHIP", 7: "20260301080000", 9: kind, 10: "M1", 11: "P", 12: "2.5.1"}
    fields |= head or {}
    msh = "MSH|^~\\&|" + "|".join(fields.get(n, "") for n in range(3, max(fields) + 1))
    message = parse("\r".join((msh, *segments)) + "\r").message
    assert message is not None
    return message


def mapped(kind: str, *segments: str, site: Site = LAB, head: dict[int, str] | None = None) -> Mapped:
    """The translation, held against what every translation promises: all accounted for, valid, nothing dangling."""
    message = read(kind, *segments, head=head)
    done = translate(message, site)
    assert done.ledger.unaccounted(message) == []
    assert dangling(done) == set()
    if not done.refused:
        for one in done.statements:
            problems = [issue for issue in validate(one.resource) if issue.refuses]
            assert problems == [], (one.key[0], problems)
    return done


def result(*observations: str, obr: str = OBR, site: Site = LAB, head: dict[int, str] | None = None) -> Mapped:
    """An ORU^R01 with these OBX (and NTE) behind one OBR."""
    return mapped("ORU^R01", PID, obr, *observations, site=site, head=head)


def order(*segments: str, site: Site = TOWNSHIP, kind: str = "ORM^O01") -> Mapped:
    """An order from the township to the laboratory."""
    return mapped(kind, PID, *segments, site=site, head={3: "HIS", 4: "TOWNSHIP", 5: "LIS", 6: "LAB"})
