"""Where each element of a JSON resource stands in its bytes, as line and column; made only when there is an issue.

Law: the bytes are well-formed JSON (the parser has read them); one pass, in time linear in them. A property stands
where its name stands, an item of an array where its value begins. `_birthDate` gives places below `birthDate`.
Source: RFC 8259.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import jiter

_PIECE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_CHOICE = re.compile(r"\.ofType\(([a-zA-Z])(\w*)\)")

Position = tuple[int, int]


def json_positions(data: bytes, expressions: Iterable[str] | None = None) -> Mapping[str, Position]:
    """Positions by path in JSON names: `.name[0].given[1]`, `.valueQuantity.value`; the root is ''. Of those that
    `position` needs for these FHIRPath locations only, when they are given: a large file has more than it has bytes."""
    wanted = None if expressions is None else {path for one in expressions for path in _upwards(_path(one))}
    text = data.decode("utf-8-sig", errors="replace")
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    found: dict[str, Position] = {}
    stack: list[tuple[str, int]] = []  # the path of the object or array around, and the next index (-1: an object)
    path, key_next, line = "", False, 0
    for match in _PIECE.finditer(text):
        piece, at = match.group(), match.start()
        while line + 1 < len(starts) and starts[line + 1] <= at:
            line += 1
        here = (line + 1, at - starts[line] + 1)
        if piece in "}]":
            stack.pop()
            key_next = False
        elif piece == ",":
            key_next = bool(stack) and stack[-1][1] < 0
        elif piece == ":":
            key_next = False
        elif key_next:
            name = str(jiter.from_json(piece.encode()))
            path = f"{stack[-1][0]}.{name.removeprefix('_')}"
            if wanted is None or path in wanted:
                found.setdefault(path, here)
        else:
            if stack and stack[-1][1] >= 0:
                around, index = stack[-1]
                path = f"{around}[{index}]"
                stack[-1] = (around, index + 1)
                if wanted is None or path in wanted:
                    found.setdefault(path, here)
            elif not stack:
                found[""] = here
            if piece in "{[":
                stack.append((path, -1 if piece == "{" else 0))
                key_next = piece == "{"
    return found


def position(expression: str, positions: Mapping[str, Position]) -> Position | None:
    """The position of a FHIRPath location (`Observation.value.ofType(Quantity).unit`), or of the nearest around it."""
    return next((positions[path] for path in _upwards(_path(expression)) if path in positions), None)


def _path(expression: str) -> str:
    """The same in JSON names."""
    path = _CHOICE.sub(lambda match: match.group(1).upper() + match.group(2), expression)
    return path[len(path.partition(".")[0]) :]


def _upwards(path: str) -> Iterator[str]:
    """The path, and those around it, up to the root."""
    yield path
    while path:
        path = path[: max(path.rfind("."), path.rfind("[") if path.endswith("]") else 0, 0)]
        yield path
