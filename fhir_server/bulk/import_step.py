"""One slice of an import: some lines are checked, written in one transaction, and counted with it.

A line is a resource: it is written under its id as an update would be (or created), and under an id made from the job
and its place when it has none, so that doing a slice again doubles nothing. What is refused becomes an OperationOutcome
with the number of its line. References are not held against the store: the lines of a file stand in any order.

Progress: `input`, `offset` and `line` where to go on, the `counts` by input and type, the `files` of outcomes.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID, uuid5

import profiles
from fhir_server.bulk.parts import Parts
from fhir_server.bulk.sources import lines
from fhir_server.integrity import Integrity
from fhir_server.jobs.job import Json, Slice, Tools
from fhir_server.problem import outcome
from fhir_server.rest.document import subsetted
from fhir_server.rest.identity import id_issue, type_issue
from fhir_server.store.unit import Key, Unit
from fhir_server.store.write import Refused, Write
from fhir_server.store.writer import Refusal
from fhir_server.writes.job import WriteJob
from profiles.issue import Issue
from profiles.json_input import parse

_LINES = 200
_SECONDS = 0.4
_BYTES = 4 * 1024 * 1024
"""A slice ends after so many lines, so much time, or so many bytes in memory."""

_Line = tuple[int, Write | tuple[Issue, ...]]


def step(progress: Json, tools: Tools) -> Slice | _Import:
    """The next slice of the import of `tools.request["inputs"]`."""
    if not progress:
        progress = {"input": 0, "offset": 0, "line": 0, "counts": {}, "files": []}
    inputs = tools.request["inputs"]
    source = inputs[progress["input"]]
    try:
        read, offset, ended = _read(source, progress, tools)
    except OSError:
        return Slice(progress, _result(progress), issues=(Issue("import-source", "Parameters.parameter"),))
    following = progress | {"offset": offset, "line": progress["line"] + len(read)}
    if ended:
        following |= {"input": progress["input"] + 1, "offset": 0, "line": 0}
    written = [each for each in read if each[1] != ()]
    return _Import(tools, source["name"], written, following, ended and following["input"] == len(inputs))


def _read(source: Json, progress: Json, tools: Tools) -> tuple[list[_Line], int, bool]:
    """The next lines, where the one after them begins, and whether the input has ended."""
    ends, number, offset, size = monotonic() + _SECONDS, progress["line"], progress["offset"], 0
    read: list[_Line] = []
    for text, following in lines(Path(source["path"]), offset, tools.settings.body_limit):
        number += 1
        read.append((number, _line(text.strip(), number, source, offset, tools)))
        offset, size = following, size + len(text)
        if len(read) >= _LINES or size >= _BYTES or monotonic() >= ends:
            return read, offset, False
    return read, offset, True


def _line(text: bytes, number: int, source: Json, offset: int, tools: Tools) -> Write | tuple[Issue, ...]:
    """The write a line asks for, or what stands against it; () for an empty line."""
    if not text:
        return ()
    resource, issues = parse(text, limit=tools.settings.body_limit)
    if resource is None:
        return issues
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or (source["type"] and kind != source["type"]):
        return (Issue("type-mismatch", "resourceType"),)
    unfit = type_issue(kind)
    unfit = unfit or subsetted(resource, kind)
    if unfit is not None:
        return (unfit,)
    name = resource.setdefault("id", str(uuid5(UUID(tools.job.id), f"{source['name']}:{offset}")))
    unfit = id_issue(name, f"{kind}.id") if isinstance(name, str) else Issue("id-invalid", f"{kind}.id")
    if unfit is not None:
        return (unfit,)
    found = profiles.refusals(resource) or _checked(resource, tools)
    if any(issue.refuses for issue in found):
        return tuple(found)
    return Write("PUT", kind, name, resource, owner=tools.request["owner"], expression=kind)


def _checked(resource: Json, tools: Tools) -> tuple[Issue, ...]:
    """What the door would hold against it beside its definition."""
    check = tools.checks.get(resource["resourceType"])
    return () if check is None else check(resource, tools.request["owner"], tools.scope)


@dataclass(slots=True)
class _Import:
    """Writes the lines; one that is refused costs the others nothing."""

    tools: Tools
    source: str
    lines: list[_Line]
    progress: Json
    done: bool
    _jobs: dict[int, WriteJob] = field(default_factory=dict)

    def touches(self) -> Iterable[Key]:
        return [(write.type, write.id) for _, write in self.lines if isinstance(write, Write)]

    def prepare(self, unit: Unit) -> None:
        """Each line is prepared when its turn comes: an earlier one may be about the same resource."""

    def apply(self, unit: Unit) -> Slice:
        progress = deepcopy(self.progress)
        parts = Parts(self.tools.folder, self.tools.worker, self.tools.settings.export_file, progress["files"])
        for number, asked in self.lines:
            kind = asked.type if isinstance(asked, Write) else ""
            refused = self._write(unit, asked) if isinstance(asked, Write) else asked
            if isinstance(refused, str):
                _count(progress, self.source, kind, refused)
                continue
            _count(progress, self.source, "", "refused")
            placed = [Issue(i.code, i.expression, f"{self.source}:{number}", i.details) for i in refused]
            parts.add("OperationOutcome", [outcome(placed)])
        progress["files"] = parts.flush()
        return Slice(progress, _result(progress), done=self.done, said=_said(progress))

    def _write(self, unit: Unit, write: Write) -> str | tuple[Issue, ...]:
        """`created`, `updated` or `unchanged`, or why it was refused."""
        job, mark = WriteJob((write,), self.tools.scope, Integrity.UNCHECKED), unit.mark()
        job.prepare(unit)
        try:
            (written,) = job.apply(unit)
        except Refusal as refusal:
            unit.rewind(mark)
            assert isinstance(refusal.value, Refused)
            return refusal.value.issues
        return "unchanged" if not written.changed else "created" if written.created else "updated"


def _count(progress: Json, source: str, kind: str, how: str) -> None:
    of_source = progress["counts"].setdefault(source, {})
    of_kind: dict[str, int] = of_source.setdefault(kind, {})
    of_kind[how] = of_kind.get(how, 0) + 1


def _result(progress: Json) -> dict[str, Any]:
    return {"counts": progress["counts"], "files": progress["files"]}


def _said(progress: Json) -> str:
    found = [how for kinds in progress["counts"].values() for counts in kinds.values() for how in counts.items()]
    refused = sum(count for how, count in found if how == "refused")
    return f"{sum(count for _, count in found) - refused} resources, {refused} refused"
