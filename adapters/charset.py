"""Bytes to text, before anything is split: in GBK and GB 18030 the second byte of a character may be `|`, `^`, `~`
or `\\`.

A site's pin comes first, then what the bytes say, then what MSH-18 declares; a declaration the bytes contradict
loses and is reported. UTF-8 is believed when the text is ASCII, holds CJK characters or only measuring signs (`μ`,
`℃`), because one Chinese character in five is valid UTF-8 by chance. Never crashes and never guesses a text that no
character set gives.
Sources: HL7 v2.5.1 2.14.9.18 (MSH-18), table 0211; GB 18030-2022 (the 18 code points that left the private use area).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from profiles.issue import Issue

_CODECS = {
    "UNICODE": "utf-8",
    "UNICODEUTF8": "utf-8",
    "UTF8": "utf-8",
    "GB18030": "gb18030",
    "GB180302000": "gb18030",
    "GB180302005": "gb18030",
    "GB180302022": "gb18030",
    "GB2312": "gb18030",
    "GB23121980": "gb18030",
    "GBK": "gb18030",
    "CP936": "gb18030",
    "MS936": "gb18030",
    "BIG5": "big5",
    "CP950": "big5",
    "ASCII": "ascii",
    "USASCII": "ascii",
    "ISOIR6": "ascii",
    "LATIN1": "latin-1",
    "UNICODEUTF16": "utf-16",
    "UTF16": "utf-16",
    "UNICODEUTF32": "utf-32",
    "UTF32": "utf-32",
    **{f"{prefix}8859{part}": f"iso8859-{part}" for prefix in ("", "ISO") for part in (2, 3, 4, 5, 6, 7, 8, 9, 15)},
    "88591": "latin-1",
    "ISO88591": "latin-1",
}
_PYTHON = {"big5": "big5hkscs"}
_WHERE = (18, 17, 19, 16, 15)
_PUNCTUATION = str.maketrans("", "", " -_/.")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"M\0S\0H\0", "utf-16-le"),
    (b"\0M\0S\0H", "utf-16-be"),
)
_CJK = re.compile("[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]")
_HANZI = re.compile("[\u3400-\u9fff]")
_STRONG = "°±²µμ×αβ‐-…′″⁰-₎℃℉←-↓≈≠≤≥①-⑳Ⅰ-Ⅻ"
_SIGN = re.compile(f"[{_STRONG}]")
_SIGNS = re.compile(f"[\x00-\x7f³·÷γδλΩΔ{_STRONG}]*")
"""Measuring signs. As GBK the weak ones, such as `³` and `·`, are names (鲁, 路); strong ones hardly stand alone."""
_BEYOND_CHANCE = 4
"""Chinese characters of UTF-8 that overrule a pin: GBK text gives as many by chance in fewer than one of 100,000
messages."""
_WINDOW = 1024
_LEFT_PRIVATE_USE = {
    "A6D9": "\ufe10",
    "A6DA": "\ufe12",
    "A6DB": "\ufe11",
    "A6DC": "\ufe13",
    "A6DD": "\ufe14",
    "A6DE": "\ufe15",
    "A6DF": "\ufe16",
    "A6EC": "\ufe17",
    "A6ED": "\ufe18",
    "A6F3": "\ufe19",
    "A8BC": "\u1e3f",
    "FE59": "\u9fb4",
    "FE61": "\u9fb5",
    "FE66": "\u9fb6",
    "FE67": "\u9fb7",
    "FE6D": "\u9fb8",
    "FE7E": "\u9fb9",
    "FE90": "\u9fba",
    "FEA0": "\u9fbb",
}
_TO_PUBLIC = {
    was: now
    for was, now in ((bytes.fromhex(pair).decode("gb18030"), char) for pair, char in _LEFT_PRIVATE_USE.items())
    if was != now
}
_PRIVATE = re.compile(f"[{''.join(_TO_PUBLIC)}]") if _TO_PUBLIC else re.compile(r"(?!)")
_TO_PRIVATE = {ord(now): was for was, now in _TO_PUBLIC.items()}


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text, the name as the sender wrote it (or `""`), the character set the bytes are in, and what was odd."""

    text: str
    declared: str
    detected: str
    issues: tuple[Issue, ...] = ()


def codec(name: str) -> str | None:
    """Our name of a character set as senders write it (`GBK`, `UNICODE UTF-8`, `8859/1`); `None` when unknown."""
    return _CODECS.get(name.translate(_PUNCTUATION).upper())


def decode(raw: bytes, pinned: str | None = None, *, written: str | None = None) -> Decoded:
    """The text of one message without its byte order mark. Undecodable bytes give a text with U+FFFD and a fatal
    issue. `written` is what something other than MSH-18 declares, such as the head of an XML document."""
    for mark, wide in _BOMS:
        if raw.startswith(mark):
            return _marked(raw, wide)
    name, declared = _declaration(raw) if written is None else (written, codec(written))
    if raw.isascii():
        return Decoded(raw.decode("ascii"), name, "ascii", _unknown(name, declared))
    found = _read(raw, codec(pinned) if pinned else None, declared)
    if found is None:
        return Decoded(raw.decode("utf-8", "replace"), name, "", (Issue("charset-undecodable", location="MSH-18"),))
    text, detected = found
    issues = _unknown(name, declared)
    if declared and declared != detected:
        details = {"declared": name, "detected": detected}
        issues = (Issue("charset-mismatch", location="MSH-18", details=details),)
    return Decoded(text.removeprefix("\ufeff"), name, detected, issues)


def encode(text: str, charset: str) -> bytes:
    """The bytes of an answer; `?` stands for what the character set lacks (see `unencodable`). Unknown names mean
    UTF-8."""
    name = codec(charset) or "utf-8"
    return _prepared(text, name).encode(_PYTHON.get(name, name), "replace")


def unencodable(text: str, charset: str) -> int:
    """How many characters `encode` would replace by `?`."""
    name = codec(charset) or "utf-8"
    kept = _prepared(text, name).encode(_PYTHON.get(name, name), "ignore").decode(_PYTHON.get(name, name))
    return len(text) - len(kept)


def _prepared(text: str, name: str) -> str:
    return text.translate(_TO_PRIVATE) if name == "gb18030" and not text.isascii() else text


def _marked(raw: bytes, wide: str) -> Decoded:
    name = wide.removesuffix("-le").removesuffix("-be")
    try:
        text = raw.decode(wide).removeprefix("\ufeff")
    except UnicodeDecodeError:
        text = raw.decode(wide, "replace").removeprefix("\ufeff")
        return Decoded(text, "", "", (Issue("charset-undecodable", location="MSH-18"),))
    head = text.lstrip()[:4096].encode("utf-8", "replace")
    written, declared = _declaration(head)
    if text.isascii() or declared in (None, name):
        return Decoded(_public(text), written, name, _unknown(written, declared))
    details = {"declared": written, "detected": name}
    return Decoded(_public(text), written, name, (Issue("charset-mismatch", location="MSH-18", details=details),))


def _declaration(raw: bytes) -> tuple[str, str | None]:
    """What MSH-18 says and our name for it. Senders write MSH a field short, so 15 to 19 are looked through for a
    name."""
    start = raw.find(b"MSH", 0, 256)
    if start < 0 or len(raw) < start + 8:
        return "", None
    ends = [end for end in (raw.find(b"\r", start, start + 4096), raw.find(b"\n", start, start + 4096)) if end >= 0]
    fields = raw[start : min(ends, default=start + 4096)].split(raw[start + 3 : start + 4])
    for number in _WHERE:
        written = fields[number - 1].strip() if number <= len(fields) else b""
        if written and len(written) <= 64 and written.isascii():
            known = [name for name in map(codec, written.decode("ascii").split("~")) if name]
            if known:
                return written.decode("ascii"), next((name for name in known if name != "ascii"), "ascii")
    written = fields[17].strip() if len(fields) > 17 else b""
    return written[:64].decode("ascii", "replace"), None


def _unknown(name: str, declared: str | None) -> tuple[Issue, ...]:
    return (Issue("charset-unknown", location="MSH-18"),) if name and declared is None else ()


def _read(raw: bytes, pinned: str | None, declared: str | None) -> tuple[str, str] | None:
    unicode = _strictly(raw, "utf-8")
    if pinned and pinned != "utf-8" and (unicode is None or not _beyond_chance(unicode)):
        text = _strictly(raw, pinned)
        if text is not None:
            return text, pinned
    if unicode is not None and ("utf-8" in (pinned, declared) or _believable(unicode)):
        return unicode, "utf-8"
    for name in _candidates(declared):
        text = _strictly(raw, name)
        if text is not None and not (name == "gb18030" and unicode is None and _damaged_utf8(raw)):
            return text, name
    return (unicode, "utf-8") if unicode is not None else None


def _candidates(declared: str | None) -> Iterator[str]:
    if declared == "big5":
        yield "big5"
    yield "gb18030"
    if declared and declared.startswith(("latin", "iso8859")):
        yield declared


def _strictly(raw: bytes, name: str) -> str | None:
    try:
        text = raw.decode(_PYTHON.get(name, name), "qiao.euro" if name == "gb18030" else "strict")
    except UnicodeError:
        return None
    if name == "gb18030" or (name == "utf-8" and b"\xee" in raw):
        return _public(text)
    return text


def _public(text: str) -> str:
    return _PRIVATE.sub(lambda found: _TO_PUBLIC[found[0]], text)


def _believable(text: str) -> bool:
    if _CJK.search(text):
        return True
    return _SIGN.search(text) is not None and _SIGNS.fullmatch(text) is not None


def _beyond_chance(text: str) -> bool:
    return sum(1 for _, _ in zip(_HANZI.finditer(text), range(_BEYOND_CHANCE), strict=False)) == _BEYOND_CHANCE


def _damaged_utf8(raw: bytes) -> bool:
    """Whether this is UTF-8 with a cut character in it: as GB 18030 it would decode to well-formed nonsense."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        around = raw[max(0, error.start - _WINDOW) : error.start + _WINDOW].decode("utf-8", "replace")
        return len(_HANZI.findall(around)) > max(1, around.count("\ufffd"))
    return False


def _euro(error: UnicodeError) -> tuple[str, int]:
    """Code page 936 has the euro sign at 0x80, where GB 18030 has nothing."""
    if isinstance(error, UnicodeDecodeError) and error.object[error.start] == 0x80:
        return "€", error.start + 1
    raise error


codecs.register_error("qiao.euro", _euro)
