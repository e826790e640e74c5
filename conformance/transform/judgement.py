"""One judgement of a pair: retention, places, soundness; as plain data for people and programs alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from conformance.transform.places import Judged, judged
from conformance.transform.presence import Presence
from conformance.transform.retention import LONG, Sought, share, sought
from conformance.transform.soundness import Soundness, soundness
from mappers.message import Message


class Judgement(NamedTuple):
    values: tuple[Sought, ...]
    rows: tuple[Judged, ...]
    soundness: Soundness

    @property
    def fine(self) -> bool:
        """Nothing lost, nothing invalid, nothing dangling."""
        lost = any(not one.form for one in self.values if len(one.value) >= LONG)
        return not (lost or self.soundness.invalid or self.soundness.dangling)


def judge(message: Message, bundle: Mapping[str, Any]) -> Judgement:
    """Holds a message and a Bundle that somebody made of it against each other and against the maps."""
    return Judgement(tuple(sought(message, Presence(bundle))), tuple(judged(message, bundle)), soundness(bundle))


def plain(judgement: Judgement) -> dict[str, Any]:
    """The judgement as JSON. Locations, never values: a report may be shown to anybody."""
    sound = judgement.soundness
    verdicts = Counter(one.verdict for one in judgement.rows)
    return {
        "retention": {
            "share": share(judgement.values),
            "share_all": share(judgement.values, least=1),
            "values": sum(1 for one in judgement.values if len(one.value) >= LONG),
            "values_all": len(judgement.values),
            "lost": [one.location for one in judgement.values if not one.form],
            "forms": dict(Counter(one.form or "lost" for one in judgement.values)),
        },
        "map": {
            "rows": len(judgement.rows),
            **{name: verdicts[name] for name in ("placed", "elsewhere", "missing")},
            "findings": [one._asdict() for one in judgement.rows if one.verdict != "placed"],
        },
        "validity": {
            "resources": sound.resources,
            "invalid": len(sound.invalid),
            "findings": [
                {"where": fault.where, "code": issue.code, "expression": issue.expression, "text": issue.text("en")}
                for fault in sound.invalid
                for issue in fault.issues
            ],
        },
        "references": {
            "total": sound.references,
            "dangling": len(sound.dangling),
            "findings": [one._asdict() for one in sound.dangling],
        },
        "fine": judgement.fine,
    }
