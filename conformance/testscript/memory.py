"""What one run of one script knows: fixtures, what was sent and received under which id, and variables.

Law: a variable is worked out each time it is used, from what its source holds then; a variable without a value is a
`Missing`, never an empty text. The placeholders `${C8}`, `${D8}`, `${CD8}` (letters, digits, both), `${UUID}`,
`${CURRENTDATE}`, `${CURRENTDATETIME}` of public suites keep one value for the whole run.
Source: http://hl7.org/fhir/R4/testscript.html#variables (precedence: given on the command line, source, defaultValue).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from conformance.testscript.script import Fixture, Script, Variable
from conformance.testscript.selection import Unselected, selected
from conformance.testscript.stored import Identity, Stored, identity

_PLACEHOLDER = re.compile(r"\$\{([^${}]+)\}")


@dataclass(frozen=True, slots=True)
class Missing:
    """Something a script names and that is not there; `why` is a sentence."""

    why: str


@dataclass(frozen=True, slots=True)
class Sources:
    """Chance, clock and rest, from outside. `pause` takes seconds."""

    letters: Callable[[str, int], str]
    uuid: Callable[[], str]
    now: Callable[[], str]
    pause: Callable[[float], None]


@dataclass(slots=True)
class Memory:
    """Filled while a script runs; `given` are values of the command line."""

    script: Script
    given: Mapping[str, str]
    sources: Sources
    kept: dict[str, Stored] = field(default_factory=dict)
    created: dict[str, Identity] = field(default_factory=dict)
    request: Stored | None = None
    response: Stored | None = None
    _made: dict[str, str] = field(default_factory=dict)

    def fill(self, text: str) -> str | Missing:
        """The text with the value of every `${name}` in it."""
        return self._filled(text, ())

    def stored(self, name: str) -> Stored | Missing:
        """What an id stands for: what was kept under it last, else the fixture."""
        return self._stored(name, ())

    def target(self, name: str) -> Identity | Missing:
        """Where the resource with that id lives on the server."""
        if name in self.created and name not in self.kept:
            return self.created[name]
        found = self.stored(name)
        if isinstance(found, Missing):
            return found
        where = identity(found)
        return where if where.id else Missing(f"{name} says no id: neither its body nor a Location header has one")

    def _filled(self, text: str, asking: tuple[str, ...]) -> str | Missing:
        parts, end = [], 0
        for found in _PLACEHOLDER.finditer(text):
            value = self._value(found[1].strip(), asking)
            if isinstance(value, Missing):
                return value
            parts += [text[end : found.start()], value]
            end = found.end()
        return "".join([*parts, text[end:]])

    def _value(self, name: str, asking: tuple[str, ...]) -> str | Missing:
        if name in asking:
            return Missing(f"the variable {name} is defined by itself")
        if name in self.given:
            return self.given[name]
        for one in self.script.variables:
            if one.name == name:
                return self._worked_out(one, (*asking, name))
        return self._placeholder(name)

    def _worked_out(self, one: Variable, asking: tuple[str, ...]) -> str | Missing:
        """The source decides while it is there; without, the default value."""
        found = self._from_source(one, asking) if one.source_id or one.expression or one.header or one.path else None
        if isinstance(found, str):
            return found
        if one.default is not None:
            return self._filled(one.default, asking)
        hint = f" ({one.hint})" if one.hint else ""
        why = found.why if isinstance(found, Missing) else f"give it with --variable {one.name}=…{hint}"
        return Missing(f"the variable {one.name} has no value: {why}")

    def _from_source(self, one: Variable, asking: tuple[str, ...]) -> str | Missing:
        source: Stored | Missing | None = self._stored(one.source_id, asking) if one.source_id else self.response
        if source is None:
            return Missing("there was no response yet")
        if isinstance(source, Missing):
            return source
        if one.header:
            value = source.header(one.header)
            return Missing(f"there is no header {one.header}") if value is None else value
        expression = self._filled(one.expression, asking)
        path = self._filled(one.path, asking)
        if isinstance(expression, Missing):
            return expression
        if isinstance(path, Missing):
            return path
        values = selected(source, expression=expression, path=path)
        if isinstance(values, Unselected):
            return Missing(values.why)
        return values[0] if values else Missing(f"{expression or path} finds nothing")

    def _stored(self, name: str, asking: tuple[str, ...]) -> Stored | Missing:
        if name in self.kept:
            return self.kept[name]
        for one in self.script.fixtures:
            if one.id == name:
                return self._fixture(one, asking)
        return Missing(f"nothing is known under the id {name}: no fixture, and no earlier request or response")

    def _fixture(self, one: Fixture, asking: tuple[str, ...]) -> Stored | Missing:
        if one.trouble:
            return Missing(f"the fixture {one.id}: {one.trouble}")
        text = self._filled(one.text, asking)
        return text if isinstance(text, Missing) else Stored(text.encode(), one.media_type)

    def _placeholder(self, name: str) -> str | Missing:
        if name not in self._made:
            made = _made(name, self.sources)
            if made is None:
                return Missing(f"there is no variable {name}")
            self._made[name] = made
        return self._made[name]


_RANDOM = re.compile(r"(CD|C|D)(\d{0,2})")
_ALPHABET = {"C": "abcdefghijklmnopqrstuvwxyz", "D": "0123456789", "CD": "abcdefghijklmnopqrstuvwxyz0123456789"}


def _made(name: str, sources: Sources) -> str | None:
    """The value of a placeholder that no variable defines."""
    if name == "UUID":
        return sources.uuid()
    if name in ("CURRENTDATETIME", "CURRENTDATE"):
        now = sources.now()
        return now if name == "CURRENTDATETIME" else now[:10]
    random = _RANDOM.fullmatch(name)
    return sources.letters(_ALPHABET[random[1]], int(random[2] or 8)) if random else None
