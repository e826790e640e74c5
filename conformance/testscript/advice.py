"""What to do next about an outcome that is no pass, in both languages, and what the themes of scripts are called."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.count import Text

NOTHING = Text("", "")
REPAIR = Text("请修正脚本：该动作无法执行。", "Repair the script: this action means nothing as it stands.")
UNREACHED = Text(
    "请确认服务器已启动，且 --server 为其 FHIR 基地址。", "Is the server up, and is --server its FHIR base address?"
)
REFUSED = Text(
    "请查看 OperationOutcome 的说明；--bodies 会把请求与响应写入报告。",
    "See what the OperationOutcome says; --bodies puts request and response into the report.",
)
DIFFERS = Text(
    "请对照规范核对响应；--bodies 会把请求与响应写入报告。",
    "Hold the answer against the specification; --bodies puts request and response into the report.",
)
UNJUDGED = Text(
    "断言无法求值，结果未知：请修正脚本，或反馈此信息。",
    "The assertion could not be evaluated, so nothing is known: repair the script, or report the message.",
)
WARNED = Text(
    "脚本此处仅作警告：服务器与期望不同。", "The script only warns here; the server differs from what is expected."
)

_THEMES: Mapping[str, Text] = {
    "conditional": Text("条件式交互", "Conditional interactions"),
    "formats": Text("格式与编码", "Formats"),
    "headers": Text("请求头与响应范围", "Headers and parts of answers"),
    "integrity": Text("引用完整性", "Referential integrity"),
    "interactions": Text("基本交互", "Interactions"),
    "operations": Text("操作", "Operations"),
    "patch": Text("补丁", "Patch"),
    "search": Text("检索", "Search"),
    "subscriptions": Text("订阅", "Subscriptions"),
    "terminology": Text("术语", "Terminology"),
    "transaction": Text("事务与批处理", "Transaction and batch"),
}


def theme(folder: str) -> Text:
    """The name of a folder of scripts."""
    return _THEMES.get(folder, Text(folder, folder))
