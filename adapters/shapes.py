"""The shape of a value, never the value: `9999-99-99`, `A9{8}`, `汉{2}`.

A digit is 9, a Latin letter A or a, a Chinese character 汉, any other letter x; what is neither letter nor digit stands
for itself. A run of more than four is written with its length. Long texts are told by their length alone.
"""

from __future__ import annotations

from itertools import groupby

_LONGEST = 64


def shape(text: str) -> str:
    """The shape of one value."""
    if len(text) > _LONGEST:
        return f"text{{{_power(len(text))}}}"
    runs = ((sign, sum(1 for _ in run)) for sign, run in groupby(map(_sign, text)))
    return "".join(f"{sign}{{{count}}}" if count > 4 else sign * count for sign, count in runs)


def _sign(char: str) -> str:
    if char.isdigit():
        return "9"
    if char.isascii():
        return ("A" if char.isupper() else "a") if char.isalpha() else char
    if "\u3400" <= char <= "\u9fff" or "\U00020000" <= char <= "\U000323af":
        return "汉"
    return "x" if char.isalpha() else char


def _power(length: int) -> str:
    """Lengths of texts in steps of two, so that a thousand notes have a dozen shapes."""
    return f"<={1 << (length - 1).bit_length()}"
