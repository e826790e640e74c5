"""The findings of `qiao validate` as one page that needs nothing else: no script, no font, no address.

Law: every text is escaped; Chinese beside English.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from profiles.issue import Issue

_STYLE = """
body{font:15px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;
color:#1d2330;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.05rem;margin:2rem 0 .4rem;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}td,th{padding:.35rem .6rem;border-bottom:1px solid #e3e6ec;text-align:left;
vertical-align:top}code{font-size:.9em;overflow-wrap:anywhere}.fatal,.error{color:#b3261e}.warning{color:#8a5a00}
em{font-style:normal;color:#1b5e8c}.information{color:#44546a}.fine{color:#1b6e3c}small{color:#5c6675}
@media(prefers-color-scheme:dark){body{color:#e6e9ef;background:#14171d}td,th{border-color:#2b313c}.fatal,.error{color:#ff8a80}
.warning{color:#f3c06b}.fine{color:#7ad69b}em{color:#8cc4ee}.information,small{color:#a5b0c0}}
"""


def page(results: Sequence[tuple[str, tuple[Issue, ...]]]) -> str:
    """The page for files and their issues."""
    wrong = sum(1 for _, issues in results if any(issue.refuses for issue in issues))
    head = f"<p>{len(results)} 个文件，{wrong} 个有错误 · {len(results)} files, {wrong} with errors</p>"
    body = "".join(_file(name, issues) for name, issues in results)
    return (
        '<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>FHIR 校验 · Validation</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>FHIR R4 校验结果 · Validation</h1>{head}{body}</body></html>"
    )


def _file(name: str, issues: tuple[Issue, ...]) -> str:
    if not issues:
        return f'<h2>{escape(name)}</h2><p class="fine">通过 · valid</p>'
    rows = "".join(_row(issue) for issue in issues)
    return (
        f"<h2>{escape(name)}</h2><table><thead><tr><th>级别 · Severity</th><th>位置 · Place</th>"
        f"<th>问题 · Finding</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(issue: Issue) -> str:
    spec = issue.kind.spec
    link = f' <a href="{escape(spec)}">§</a>' if spec.startswith("http") else ""
    hint = f"<br><em>{escape(issue.hint('zh'))}<br>{escape(issue.hint())}</em>" if issue.hint() else ""
    return (
        f'<tr><td class="{issue.severity}">{issue.severity}</td>'
        f"<td><code>{escape(issue.expression)}</code><br><small>{escape(issue.location)}</small></td>"
        f"<td>{escape(issue.text('zh'))}<br>{escape(issue.text())}{link}{hint}<br>"
        f"<small>{escape(issue.code)}</small></td></tr>"
    )
