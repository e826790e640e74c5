"""Words that senders write where a value is required and there is none. They are no values."""

from __future__ import annotations

_WORDS = frozenset({"无", "同上", "不详", "未知", "空", "-", "--", "/", "N/A", "n/a", "NULL", "null", "None"})


def is_placeholder(text: str | None) -> bool:
    """Whether the text stands for nothing (`无`, `同上`)."""
    return text is not None and text.strip() in _WORDS
