"""The beginning of a site's files from what was learned of its sender: facts written, guesses as comments, zh and en.

What is written loads as it is. A code without a mapping is a comment with an empty target: nobody but the owner of the
code can say what it means.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from adapters.dialect import Dialect
from adapters.site_file import CODE_COLUMNS

_SLUG = re.compile(r"[^a-z0-9]+")
PLACEHOLDER = "institution-to-name"
"""The institution of a skeleton that stands in a county of its own."""
_COUNTY = f"""# A county to try the skeleton with: replace it by your own. 仅供试用，请换成本县的 county.toml。
[consortium]
code = "consortium-to-name"
name = "医共体名称"

[[institutions]]
code = "{PLACEHOLDER}"
name = "机构名称"
level = "township"
"""


def code_of(one: Dialect, number: int = 1) -> str:
    """The folder of a sender that has none yet."""
    slug = _SLUG.sub("-", f"{one.application}-{one.facility}".lower()).strip("-")
    return slug or f"sender-{number}"


def write(one: Dialect, folder: Path, code: str, institution: str) -> list[Path]:
    """Writes `<code>/site.toml` and `<code>/codes.csv` below the folder, and a county when there is none."""
    site = folder / code
    site.mkdir(parents=True)
    written = [site / "site.toml", site / "codes.csv"]
    if not (folder / "county.toml").exists():
        (folder / "county.toml").write_text(_COUNTY, "utf-8")
        written.append(folder / "county.toml")
    written[0].write_text(_site(one, institution or PLACEHOLDER), "utf-8")
    written[1].write_text(_codes(one), "utf-8")
    return written


def _quoted(text: str) -> str:
    """A TOML basic string."""
    plain = "".join(char for char in text if char.isprintable())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _site(one: Dialect, institution: str) -> str:
    types = ", ".join(f"{name} ({count})" for name, count in one.types.most_common(12))
    lines = [
        f"# Learned from {one.messages} messages: {_plain(types)}.",
        "# 由采集的消息生成的骨架。带 # 的行是建议，确认后去掉 #。",
        "# Lines with # are proposals: take the # away when they are right.",
        f"name = {_quoted(f'{one.application} {one.facility}'.strip() or '?')}",
        f"institution = {_quoted(institution)}    # 数据归属机构，见 county.toml / whose data it is",
        '# vendor = "his-eai"    # 同一厂商的公共规则 / the layer of its vendor',
        "",
        "[wire]",
        f"senders = [[{_quoted(one.application)}, {_quoted(one.facility)}]]",
        *_wire(one),
        "",
        "# [identity]",
        '# untyped = "mrn"         # PID-3 没有类型的号码是什么？/ what is a number in PID-3 without a type?',
        '# patient_keys = ["mrn"]  # 终身不变的号码 / which numbers stay with a patient for life?',
        "",
        "[meaning]",
        'patient_types = "own"     # PV1-2 的数字以 codes.csv 为准，或 CV09.00.404 / digits of PV1-2 as in codes.csv',
        "",
        *_authorities(one),
        *_triggers(one),
        *_z_segments(one),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isprintable())


def _wire(one: Dialect) -> list[str]:
    lines = []
    used = {name.partition(" → ")[2] for name in one.charsets}
    declared = {name.partition(" → ")[0] for name in one.charsets}
    if len(used) == 1 and (charset := used.pop()) in ("gb18030", "big5"):
        why = "从不声明 MSH-18 / MSH-18 is never declared" if declared == {"none"} else "全部消息 / all messages"
        lines.append(f'charset = "{charset}"    # {why}')
    ends = [name for name in one.line_ends if name != "CR"]
    if len(one.line_ends) == 1 and ends and ends[0] in ("LF", "CRLF"):
        lines.append(f'line_end = "{ends[0]}"    # 应答也用它 / answers in the same way')
    if any(place.startswith("PID-2") and place[5:6] in ("", ".") for place in one.fields):
        lines.append('# quirks = ["move-pid2-into-pid3"]    # PID-2 有就诊卡号 / PID-2 is filled')
    return lines


def _authorities(one: Dialect) -> list[str]:
    if not one.authorities:
        return []
    found = [f'# {_quoted(name)} = ""    # {count}' for name, count in one.authorities.most_common(50) if name != "…"]
    return ["# [authorities]    # PID-3.4 等处的发号机构是谁？/ which institution is meant?", *found, ""]


def _triggers(one: Dialect) -> list[str]:
    if not {"message-type-unsupported", "event-unsupported"} & set(one.findings):
        return []
    from adapters.triggers import is_known

    found = [name for name in one.types if name != "…" and "^" in name and not is_known(name)]
    return [
        "# [triggers]    # 自定义事件相当于哪个标准事件？/ which event of the standard is meant?",
        *(f'# {_quoted(name)} = "ADT^A08"' for name in found),
        "",
    ]


def _z_segments(one: Dialect) -> list[str]:
    found = [name for name in one.segments if name.startswith("Z") and len(name) == 3]
    if not found:
        return []
    lines = ["# Z 段可在 segments/<段>[资源].csv 中映射 / Z segments are mapped in segments/<segment>[Resource].csv:"]
    for name in sorted(found):
        places = sorted(place for place in one.fields if place.startswith(f"{name}-"))
        lines.append(f"#   {name} ×{one.segments[name]}: {', '.join(places[:30])}")
    return lines


def _codes(one: Dialect) -> str:
    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(CODE_COLUMNS)
    rows.writerow(("# 未映射的代码：填写 target 并去掉 #。", "", "", ""))
    rows.writerow(("# Unmapped codes: fill in the target, then take the # away.", "", "", ""))
    for key, count in one.unmapped.most_common():
        if key != "…":
            table, code, text = key.split("\x1f")
            rows.writerow((f"# {table}", code, "", f"{text} ×{count}".strip()))
    return out.getvalue()
