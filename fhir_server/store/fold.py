"""A resource body is the fold of what was stated about it, in the order of event time.

Pure. Order of arrival does not matter: the result depends on the set of statements only. Rules, an element being a
top-level element of the resource: a statement sets what it names; an element set with a greater weight is not replaced
by a lesser one; what the sender deleted goes; lists that are sets by nature (`SETS`) are united by their key; a replace
(a REST update) starts afresh; re-pointing (after a merge of patients) comes last.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """One run of equal statements of one weight: `first` and `last` are event times in microseconds.

    `body` is the fragment, `None` while it has not been read back; `deleted` the elements the sender deleted; `renamed`
    maps `Patient/a` to `Patient/b`; `whole` marks a REST update, which replaces instead of adding. `message` is the
    journal id (0 for REST).
    """

    weight: int
    first: int
    last: int
    hash: bytes
    message: int
    body: Body | None = None
    deleted: tuple[str, ...] = ()
    renamed: Mapping[str, str] | None = None
    whole: bool = False

    @property
    def order(self) -> tuple[int, bytes]:
        """Equal event times are decided by content, never by arrival."""
        return self.first, self.hash


def _identifier(item: Body) -> object:
    return item.get("system"), item.get("value"), item.get("type", {}).get("text") if "value" not in item else None


def _by(*names: str) -> Callable[[Body], object]:
    def key(item: Body) -> object:
        found: Any = item
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    return key


SETS: Mapping[str, Callable[[Body], object]] = {
    "*.identifier": _identifier,
    "Patient.link": _by("other", "reference"),
    "Person.link": _by("target", "reference"),
    "Encounter.location": _by("location", "reference"),
    "Encounter.diagnosis": _by("condition", "reference"),
    "Encounter.basedOn": _by("reference"),
    "DiagnosticReport.result": _by("reference"),
    "DiagnosticReport.specimen": _by("reference"),
    "DiagnosticReport.basedOn": _by("reference"),
    "DiagnosticReport.imagingStudy": _by("reference"),
    "ServiceRequest.specimen": _by("reference"),
    "ServiceRequest.supportingInfo": _by("reference"),
    "Specimen.request": _by("reference"),
    "Appointment.participant": _by("actor", "reference"),
}


Points = Callable[[Said], Iterable[int]]
"""The event times at which a run was stated, besides its first and its last."""


@dataclass(frozen=True, slots=True)
class Added:
    """The statements with a new one; `within` are event times that from now on lie inside the run of that hash."""

    said: tuple[Said, ...]
    within: tuple[int, ...] = ()


MEMBERS = frozenset({"Encounter.period", "Encounter.hospitalization"})
"""Elements that several messages fill in together: an A03 says the end, the A01 said the start."""


def add(said: Sequence[Said], new: Said, points: Points) -> Added:
    """The statements with the new one.

    Equal neighbours of one weight are one run, so that a repeated message is no new statement; a different one in
    between splits the run. The number of runs is a function of the set of statements, whatever the order of arrival.
    """
    stream = sorted((one for one in said if one.weight == new.weight), key=lambda one: one.order)
    others = [one for one in said if one.weight != new.weight]
    at = bisect_right([one.order for one in stream], new.order)
    before = stream[at - 1] if at else None
    after = stream[at] if at < len(stream) else None
    within: tuple[int, ...] = ()
    if before and before.hash == new.hash:
        stream[at - 1], within = _longer(before, new)
    elif before and (before.last, before.hash) > (new.first, new.hash):
        stream[at - 1 : at] = _split(before, new, points(before))
    elif after and after.hash == new.hash:
        stream[at], within = _earlier(after, new)
    else:
        stream.insert(at, new)
    return Added(tuple(others + stream), within)


def _longer(run: Said, new: Said) -> tuple[Said, tuple[int, ...]]:
    if new.first in (run.first, run.last):
        return run, ()
    if new.first < run.last:
        return run, (new.first,)
    return replace(run, last=new.first), (run.last,) if run.last != run.first else ()


def _earlier(run: Said, new: Said) -> tuple[Said, tuple[int, ...]]:
    return replace(run, first=new.first, message=new.message), (run.first,) if run.last != run.first else ()


def _split(run: Said, new: Said, points: Iterable[int]) -> list[Said]:
    times = sorted({run.first, run.last, *points})
    at = next(n for n, time in enumerate(times) if (time, run.hash) > (new.first, new.hash))
    return [replace(run, last=times[at - 1]), new, replace(run, first=times[at])]


def fold(said: Iterable[Said]) -> Body:
    """The body that follows from the statements, without `meta.versionId` and `meta.lastUpdated`."""
    body: Body = {}
    weights: dict[str, int] = {}
    renames: list[Mapping[str, str]] = []
    for one in sorted(said, key=lambda one: (one.first, one.weight, one.hash)):
        if one.renamed is not None:
            renames.append(one.renamed)
        elif one.body is None:
            raise ValueError("a statement must be read back before it is folded")
        elif one.whole:
            body, weights = dict(one.body), {}
        else:
            _state(one, one.body, body, weights)
    for renamed in renames:
        body = rename(body, renamed)
    return _ordered(body)


def _state(one: Said, stated: Body, body: Body, weights: dict[str, int]) -> None:
    kind = stated.get("resourceType", "")
    for name, value in stated.items():
        key = SETS.get(f"{kind}.{name}") or SETS.get(f"*.{name}")
        if key is not None and isinstance(value, list) and isinstance(body.get(name), list):
            wins = one.weight >= weights.get(name, 0)
            body[name] = _unite(body[name], value, key, wins=wins)
            if wins and f"{kind}.{name}" == "Encounter.location":
                body[name] = _one_place(body[name], value)
        elif f"{kind}.{name}" in MEMBERS and isinstance(body.get(name), dict):
            body[name] = _fill(body[name], value, name, one.weight, weights)
        elif one.weight >= weights.get(name, 0):
            _clear_choice(name, body, kind)
            body[name] = value
        else:
            continue
        weights[name] = max(one.weight, weights.get(name, 0))
    for path in one.deleted:
        name = path.split(".", 1)[0]
        if one.weight >= weights.get(name, 0):
            _delete(body, path.split("."))
            weights[name] = one.weight


def _delete(body: Body, path: list[str]) -> None:
    """Removes a (dotted) element; the objects on the way are copied, since statements are shared."""
    name, *rest = path
    child = body.get(name)
    if rest and isinstance(child, dict):
        body[name] = dict(child)
        _delete(body[name], rest)
        if body[name]:
            return
    elif rest:
        return
    body.pop(name, None)


def _fill(old: Body, new: Body, name: str, weight: int, weights: dict[str, int]) -> Body:
    """The members of both; of one that both name the weightier, or later, statement counts."""
    filled = dict(old)
    for member, value in new.items():
        path = f"{name}.{member}"
        if member not in old or weight >= weights.get(path, weights.get(name, 0)):
            filled[member] = value
            weights[path] = weight
    return filled


def _unite(old: list[Body], new: list[Body], key: Callable[[Body], object], *, wins: bool) -> list[Body]:
    known = {key(item): position for position, item in enumerate(old)}
    united = list(old)
    for item in new:
        position = known.get(key(item))
        if position is None:
            known[key(item)] = len(united)
            united.append(item)
        elif wins:
            united[position] = item
    return united


def _one_place(locations: list[Body], stated: list[Body]) -> list[Body]:
    """A patient is in one place: where a later message says, the earlier places are completed."""
    here = {_by("location", "reference")(item) for item in stated if item.get("status") == "active"}
    if not here:
        return locations
    return [
        {**item, "status": "completed"}
        if item.get("status") == "active" and _by("location", "reference")(item) not in here
        else item
        for item in locations
    ]


_CHOICES = (
    "value",
    "effective",
    "onset",
    "abatement",
    "deceased",
    "multipleBirth",
    "occurrence",
    "collected",
    "timing",
)
"""Stems of choice elements `x[y]` that translations write: stating one form takes the place of another."""


def _clear_choice(name: str, body: Body, kind: str) -> None:
    for stem in _CHOICES:
        if name.startswith(stem) and name[len(stem) : len(stem) + 1].isupper():
            for other in [
                e for e in body if e != name and e.startswith(stem) and e[len(stem) : len(stem) + 1].isupper()
            ]:
                del body[other]
            return


def rename(value: Any, renamed: Mapping[str, str]) -> Any:
    """The same tree with every `reference` that is a key of `renamed` replaced."""
    if isinstance(value, dict):
        return {
            name: renamed.get(child, child)
            if name == "reference" and isinstance(child, str)
            else rename(child, renamed)
            for name, child in value.items()
        }
    if isinstance(value, list):
        return [rename(child, renamed) for child in value]
    return value


def _ordered(body: Body) -> Body:
    first = {name: body[name] for name in ("resourceType", "id", "meta") if name in body}
    return first | {name: body[name] for name in sorted(body) if name not in first}
