"""What a report shows, in which order, and how: rows of sections and of the tallies they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conformance.count import Text

Basis = Literal["received", "clinical", "now"]
Where = Literal["both", "whole", "one"]


@dataclass(frozen=True, slots=True)
class Shown:
    """One tally. `levels` are the label sets of its paths; `chart` draws the second level as parts of a bar.

    `where`: in the report of the consortium (whole), of one institution (one), or in both.
    `always`: shown as zero too. `rate`: the key whose share of each row is shown as its success rate.
    """

    tally: str
    title: Text
    levels: tuple[str, ...]
    chart: Literal["bars", "stacked"] = "bars"
    where: Where = "both"
    always: bool = False
    rate: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    id: str
    title: Text
    note: Text
    basis: Basis
    shown: tuple[Shown, ...]


SECTIONS: tuple[Heading, ...] = (
    Heading(
        "traffic",
        Text("消息收发", "Messages"),
        Text(
            "按接收时间统计。重复消息计入收到；日志重放与传输层事件另计，不计入收到。",
            "Counted by the time of receipt. Duplicates are received messages; replays and framing events are not.",
        ),
        "received",
        (
            Shown("messages", Text("处理结果", "Outcome"), ("status", "type")),
            Shown("types", Text("消息类型", "Message types"), ("type", "status"), "stacked"),
            Shown("sources", Text("来源系统", "Sending systems"), ("plain", "verdict"), "stacked", rate="AA"),
            Shown("answers", Text("应答", "Acknowledgements"), ("verdict", "type")),
            Shown("replays", Text("日志重放（不计入收到）", "Replays (not received)"), ("status",)),
            Shown("events", Text("传输层事件（不计入收到）", "Framing events (not messages)"), ("issue",)),
        ),
    ),
    Heading(
        "refusals",
        Text("拒收原因", "Why messages were refused"),
        Text(
            "每条被拒收或无法读取的消息按其第一个错误计一次。",
            "Each message refused or unreadable counts once, under its first error.",
        ),
        "received",
        (Shown("refusals", Text("拒收与无法读取的消息", "Refused and unreadable messages"), ("issue", "type")),),
    ),
    Heading(
        "findings",
        Text("校验发现", "Findings"),
        Text(
            "按问题代码和位置（v2 位置或 FHIR 表达式）计数；一条消息可有多项发现。",
            "By issue code and location (v2 location or FHIR expression); one message may have several findings.",
        ),
        "received",
        (
            Shown("findings-refusing", Text("错误", "Errors"), ("issue", "plain")),
            Shown("findings-noted", Text("警告与提示", "Warnings and notes"), ("issue", "plain")),
        ),
    ),
    Heading(
        "completeness",
        Text("完整性与字符集", "Completeness and character sets"),
        Text(
            "未交代的值是指没有说明去向的 v2 值，应为零。字符集按实际使用与发送方声明对照。",
            "An unaccounted value is a v2 value nobody said the fate of: there should be none. "
            "Character sets as used, against what the sender declared.",
        ),
        "received",
        (
            Shown("unaccounted", Text("未交代的值", "Unaccounted values"), ("type",), always=True),
            Shown("charsets", Text("字符集：实际 / 声明", "Character sets: used / declared"), ("charset", "declared")),
            Shown("versions", Text("HL7 版本", "HL7 versions"), ("version",)),
        ),
    ),
    Heading(
        "resources",
        Text("写入的资源", "Resources written"),
        Text(
            "本期消息写入的资源版本。",
            "Versions of resources that the messages of the period wrote.",
        ),
        "received",
        (Shown("resources", Text("资源版本", "Resource versions"), ("resource", "written"), "stacked"),),
    ),
    Heading(
        "worklist",
        Text("未映射代码", "Unmapped codes"),
        Text(
            "截至目前尚无对照的本地代码及出现次数，不分期间。请在机构的 codes.csv 中补充对照。",
            "Local codes without a mapping as of now, with how often they were met, whatever the period. "
            "Map them in codes.csv of the site.",
        ),
        "now",
        (Shown("unmapped", Text("未映射代码", "Unmapped codes"), ("plain", "plain")),),
    ),
    Heading(
        "referrals",
        Text("双向转诊", "Referrals"),
        Text(
            "按开单日期统计，状态为当前状态。不含测试患者。",
            "By the date they were authored, with the state they have now. Without test patients.",
        ),
        "clinical",
        (
            Shown("referrals-sent", Text("转出", "Sent"), ("direction", "state"), "stacked"),
            Shown("referrals-received", Text("接收", "Received"), ("direction", "state"), "stacked", "one"),
            Shown(
                "referral-flow",
                Text("流向：转出机构 / 转入机构", "From / to"),
                ("institution", "institution"),
                "bars",
                "whole",
            ),
        ),
    ),
    Heading(
        "results",
        Text("共享检查检验结果", "Shared results"),
        Text(
            "按检查或采样日期统计。中心为出具报告的机构；申请方取自报告所依据的申请。不含测试患者。",
            "By the date of the examination. The centre is the institution that made the report; who asked is taken "
            "from the order it is based on. Without test patients.",
        ),
        "clinical",
        (
            Shown("results", Text("出具的报告", "Reports made"), ("kind", "report"), "stacked"),
            Shown("results-for", Text("为谁出具", "Made for"), ("institution", "kind"), "stacked"),
            Shown(
                "results-from",
                Text("由其他中心为本机构出具", "Made by other centres for this institution"),
                ("institution", "kind"),
                "stacked",
                "one",
            ),
        ),
    ),
    Heading(
        "criticals",
        Text("危急值", "Critical values"),
        Text(
            "结果判读为 HH、LL、AA 的观察值，按是否有接收确认划分。不含测试患者。",
            "Observations interpreted HH, LL or AA, by whether their receipt was confirmed. Without test patients.",
        ),
        "clinical",
        (Shown("criticals", Text("危急值", "Critical values"), ("critical", "level"), "stacked"),),
    ),
    Heading(
        "visits",
        Text("就诊", "Visits"),
        Text("按就诊开始日期统计。不含测试患者。", "By the date they began. Without test patients."),
        "clinical",
        (Shown("visits", Text("就诊", "Visits"), ("visit",)),),
    ),
    Heading(
        "tests",
        Text("测试患者", "Test patients"),
        Text(
            "疑似测试患者的数据不计入任何指标，在此单独列出。",
            "What is about test patients counts in no indicator and is shown here.",
        ),
        "received",
        (Shown("tests", Text("涉及测试患者", "About test patients"), ("test",)),),
    ),
)
