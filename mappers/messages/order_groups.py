"""The orders of a message as groups, found by walking its segments: one OBR and all that belongs to it.

Tolerant where senders stray from the abstract message (OBR before its ORC, no ORC, SPM after OBX, OBX after SPM, NTE
anywhere), because a grammar that demands an order loses results silently. Never drops a segment: what belongs to no
group is in `loose`. A note belongs to what stands before it (HL7 v2.5.1 2.10.1).
Source: HL7 v2.5.1 4.4 and 7.3 (message structures).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mappers.message import Message, Segment


@dataclass(slots=True)
class Noted:
    """A segment and the notes that stand behind it."""

    segment: Segment
    notes: list[Segment] = field(default_factory=list)
    participants: tuple[Segment, ...] = ()


@dataclass(slots=True)
class Group:
    """One order: `shared` when its ORC stands before an earlier OBR of the same block."""

    orc: Segment | None = None
    obr: Segment | None = None
    pid: Segment | None = None
    pv1: Segment | None = None
    other: Segment | None = None
    shared: bool = False
    notes: list[Segment] = field(default_factory=list)
    timings: list[Segment] = field(default_factory=list)
    specimens: list[Noted] = field(default_factory=list)
    observations: list[Noted] = field(default_factory=list)
    diagnoses: list[Segment] = field(default_factory=list)
    studies: list[Segment] = field(default_factory=list)
    contacts: list[Segment] = field(default_factory=list)
    participants: tuple[Segment, ...] = ()

    def number(self, field_number: int) -> str:
        """The placer (2) or filler (3) number of the group, wherever it stands, `""` when nowhere."""
        for segment in (self.obr, self.orc):
            if segment is not None and (found := segment.get(field_number)):
                return found
        return ""


@dataclass(slots=True)
class Walk:
    """The groups of a message, and what belongs to none of them."""

    groups: list[Group] = field(default_factory=list)
    loose: list[Noted] = field(default_factory=list)


def walk(message: Message) -> Walk:
    """The groups of the message in its own order."""
    walker = _Walker()
    for segment in message.segments:
        walker.take(segment)
    return walker.result()


class _Walker:
    def __init__(self) -> None:
        self.walk = Walk()
        self.group: Group | None = None
        self.last: list[Segment] | None = None
        self.pid: Segment | None = None
        self.pv1: Segment | None = None
        self.leading = False
        self.ahead: list[Noted] = []
        self.early: list[Noted] = []

    def take(self, segment: Segment) -> None:
        match segment.name:
            case "ORC":
                self._orc(segment)
            case "OBR":
                self._obr(segment)
            case "NTE":
                self._note(segment)
            case "SPM":
                self._specimen(segment)
            case "OBX":
                self._noted(segment)
            case "TQ1" | "DG1" | "IPC" | "CTD":
                self._attached(segment)
            case "PRT":
                self._participant(segment)
            case "RXO" | "RXE" | "RXA" | "RXD" | "RXG" | "ODS" | "ODT" | "RQD" | "RQ1" | "BPO":
                self._other(segment)
            case "PID":
                self.pid, self.pv1, self.group, self.last = segment, None, None, None
            case "PV1":
                self.pv1, self.last = segment, None
            case _:
                pass

    def _open(self, **segments: Segment) -> Group:
        self.group = Group(**segments)  # type: ignore[arg-type]
        self.group.pid, self.group.pv1 = self.pid, self.pv1
        self.group.specimens.extend(self.ahead)
        self.group.observations.extend(self.early)
        self.early = []
        self.walk.groups.append(self.group)
        self.last = self.group.notes
        return self.group

    def _orc(self, segment: Segment) -> None:
        group = self.group
        if group is not None and group.obr is not None and group.orc is None and _before(group, segment):
            group.orc = segment
            self.last = group.notes
            return
        self._open(orc=segment)

    def _obr(self, segment: Segment) -> None:
        group = self.group
        if group is not None and group.obr is None:
            group.obr = segment
            self.last = group.notes
        elif group is not None and group.orc is not None and not _contradicts(group.orc, segment):
            self._open(orc=group.orc, obr=segment).shared = True
        else:
            self._open(obr=segment)

    def _other(self, segment: Segment) -> None:
        """The detail of an order for something else than a service: medicine, diet, supply, blood."""
        if self.group is not None and self.group.obr is None:
            self.group.other = segment

    def _note(self, segment: Segment) -> None:
        if self.last is not None:
            self.last.append(segment)
        else:
            self.walk.loose.append(Noted(segment))

    def _specimen(self, segment: Segment) -> None:
        noted = Noted(segment)
        self.last = noted.notes
        if self.group is None or self.leading:
            # OUL^R22: the specimen stands before the orders made on it.
            self.leading, self.group = True, None
            self.ahead = [noted]
        else:
            self.group.specimens.append(noted)

    def _noted(self, segment: Segment) -> None:
        noted = Noted(segment)
        self.last = noted.notes
        if self.group is not None:
            self.group.observations.append(noted)
        elif self.leading:
            self.early.append(noted)
        else:
            self.walk.loose.append(noted)

    def _participant(self, segment: Segment) -> None:
        """PRT belongs to the result right before it, else to the order; before any order to the patient."""
        group = self.group
        if group is None:
            return
        seen = group.observations
        if seen and self.last is seen[-1].notes:
            seen[-1].participants += (segment,)
        else:
            group.participants += (segment,)

    def _attached(self, segment: Segment) -> None:
        group = self.group
        self.last = group.notes if group else None
        if group is None:
            self.walk.loose.append(Noted(segment))
            return
        target = {"TQ1": group.timings, "DG1": group.diagnoses, "IPC": group.studies, "CTD": group.contacts}[
            segment.name
        ]
        target.append(segment)

    def result(self) -> Walk:
        self.walk.loose.extend(self.early)
        if not self.walk.groups:
            self.walk.loose.extend(self.ahead)
        return self.walk


def _before(group: Group, orc: Segment) -> bool:
    """True when this ORC belongs to the OBR that stands before it."""
    return not group.observations and group.obr is not None and not _contradicts(orc, group.obr)


def _contradicts(orc: Segment, obr: Segment) -> bool:
    """True when both carry a placer (or filler) number and the numbers differ."""
    return any((one := orc.get(n)) and (other := obr.get(n)) and one != other for n in (2, 3))
