"""Texts as HTML: a small safe part of Markdown, and JSON with its kinds told apart.

Law: everything is escaped first; of Markdown there are paragraphs, lists, `code`, **strong** and links to http
addresses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from profiles.json_output import decimal_text

_CODE = re.compile(r"`([^`\n]+)`")
_STRONG = re.compile(r"\*\*([^*\n]+)\*\*")
_LINK = re.compile(r"\[([^\]\n]+)\]\((https?://[^\s()\"'<>]+)\)")
_ITEM = re.compile(r"[*-] +")
Address = Callable[[str], str]


def markdown(text: str) -> Markup:
    """The text as paragraphs and lists."""
    blocks = [block.strip() for block in text.replace("\r", "").split("\n\n")]
    return Markup("").join(_block(block) for block in blocks if block)


def _block(block: str) -> Markup:
    lines = block.split("\n")
    if all(_ITEM.match(line) for line in lines):
        items = Markup("").join(Markup("<li>%s</li>") % inline(_ITEM.sub("", line, count=1)) for line in lines)
        return Markup("<ul>%s</ul>") % items
    return Markup("<p>%s</p>") % inline(block)


def inline(text: str) -> Markup:
    """One run of text; the marks are looked for in what is already escaped."""
    shown = str(escape(text))
    shown = _CODE.sub(r"<code>\1</code>", shown)
    shown = _STRONG.sub(r"<strong>\1</strong>", shown)
    return Markup(_LINK.sub(r'<a href="\2" rel="noopener noreferrer">\1</a>', shown))  # noqa: S704 - escaped above


def highlighted(value: Any, link: Address) -> Markup:
    """JSON, indented by two; `link` gives the page of a text that is the address of something, or nothing."""
    return Markup("".join(_json(value, 0, link)))  # noqa: S704 - every name and value is escaped where it is written


def _json(value: Any, level: int, link: Address) -> Iterator[str]:
    inner, outer = "\n" + "  " * (level + 1), "\n" + "  " * level
    if isinstance(value, dict) and value:
        for number, (name, one) in enumerate(value.items()):
            yield f'{"," if number else "{"}{inner}<span class="k">{_quoted(name)}</span>: '
            yield from _json(one, level + 1, link)
        yield outer + "}"
    elif isinstance(value, list) and value:
        for number, one in enumerate(value):
            yield f"{',' if number else '['}{inner}"
            yield from _json(one, level + 1, link)
        yield outer + "]"
    else:
        yield _scalar(value, link)


def _quoted(text: str) -> str:
    return str(escape(json.dumps(text, ensure_ascii=False)))


def _scalar(value: Any, link: Address) -> str:
    if isinstance(value, str):
        page = link(value)
        if page:
            return f'<a class="s" href="{escape(page)}">{_quoted(value)}</a>'
        return f'<span class="s">{_quoted(value)}</span>'
    shown = decimal_text(value) if isinstance(value, Decimal) else json.dumps(value)
    return f'<span class="n">{escape(shown)}</span>'
