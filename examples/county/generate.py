"""A day of the county's messages: seeded, so that the same seed gives the same bytes in the same order."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path

from examples.county.desk import Desk, Sent
from examples.county.dirty import soil
from examples.county.timeline import tell

SEED = 20261121
DIRTY_SHARE = 0.06
"""One dirty message for about twenty."""


def day(seed: int = SEED, scale: float = 1.0) -> list[Sent]:
    """The messages in the order they are sent; `scale` multiplies how often each story happens."""
    desk = Desk(seed)
    tell(desk, scale)
    soil(desk, round(len(desk.sent) * DIRTY_SHARE))
    return sorted(desk.sent, key=lambda message: message.due)


def facts(message: Sent) -> dict[str, object]:
    """What the manifest says about a message, its bytes left out."""
    return {
        "site": message.site,
        "due": message.due.isoformat(),
        "label": message.label,
        "control": message.control,
        "answer": message.answer,
        "issue": message.issue,
        "case": message.case,
    }


def write_folder(messages: Iterable[Sent], folder: Path) -> int:
    """One `.hl7` file a message, byte for byte, and `.manifest.jsonl`; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, message in enumerate(messages, 1):
        name = f"{number:04d}-{message.site}.hl7"
        (folder / name).write_bytes(message.raw)
        lines.append(json.dumps({"file": name, **facts(message)}, ensure_ascii=False))
    (folder / ".manifest.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return len(lines)


def write_jsonl(messages: Iterable[Sent], path: Path) -> int:
    """One JSON object a line, the bytes in base64 under `message`; returns how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({**facts(message), "message": base64.b64encode(message.raw).decode("ascii")}, ensure_ascii=False)
        for message in messages
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return len(lines)
