"""The end of a translation: the Provenance is completed, sheets become statements, every leaf is accounted for."""

from __future__ import annotations

from collections.abc import Iterable

from mappers.contradiction import settle
from mappers.draft import Draft, Sheet
from mappers.mapped import Mapped, Merge
from mappers.provenance import account, conclude


def finish(
    draft: Draft, event_time: str = "", patient: str = "", order_key: str = "", merges: Iterable[Merge] = ()
) -> Mapped:
    """The statements, in order of creation, the Provenance last."""
    moment = event_time or draft.event_time
    sheets: list[Sheet] = []
    settle(draft)
    if any(not sheet.empty for sheet in draft.sheets.values()):
        conclude(draft, moment)
        sheets = [*(sheet for sheet in draft.sheets.values() if not sheet.empty), draft.provenance]
    account(draft, draft.provenance if sheets else None)
    return Mapped(
        statements=tuple(sheet.statement() for sheet in sheets),
        ledger=draft.ledger,
        issues=tuple(draft.issues),
        event_time=moment,
        patient=patient,
        order_key=order_key,
        merges=tuple(merges),
        unmapped=draft.worklist,
    )
