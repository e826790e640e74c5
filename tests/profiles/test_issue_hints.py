"""Every issue says what to do about it, in both languages, with no word that is never filled in."""

from __future__ import annotations

import re

from profiles.issue import Issue, IssueKind, kinds
from tests.every_row import for_each

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@for_each(kinds().values(), lambda kind: kind.code)
def test_a_hint_stands_in_both_languages_and_uses_what_the_text_uses(kind: IssueKind) -> None:
    assert bool(kind.hint_en) == bool(kind.hint_zh)
    known = set(_PLACEHOLDER.findall(kind.en + kind.zh))
    assert set(_PLACEHOLDER.findall(kind.hint_en + kind.hint_zh)) <= known
    assert not kind.hint_en.endswith(".") and not kind.hint_zh.endswith("。")
    assert re.search(r"[一-鿿]", kind.hint_zh) or not kind.hint_zh


def test_nearly_every_issue_has_a_hint() -> None:
    without = [kind.code for kind in kinds().values() if not kind.hint_en]
    assert len(without) <= len(kinds()) // 20, without


def test_a_hint_is_filled_in_like_the_text() -> None:
    issue = Issue("slice-too-many", details={"name": "residentId", "max": "1"})
    assert issue.hint() == "Keep at most 1 elements of the slice residentId"
    assert issue.hint("zh") == "切片 residentId 至多保留 1 个元素"
