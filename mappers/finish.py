"""The end of a translation: the Provenance is completed, sheets become statements, every leaf is accounted for."""

from __future__ import annotations

from collections.abc import Iterable

from mappers import dtm, systems
from mappers.contradiction import settle
from mappers.draft import Draft, Sheet
from mappers.mapped import Mapped, Merge
from mappers.own_segments import apply_own
from mappers.provenance import account, conclude
from mappers.site import Site


def _kind(site: Site) -> str:
    """The kind of number that the control ids of a sending system are."""
    return f"message-{site.code}"


def finish(
    draft: Draft, event_time: str = "", patient: str = "", order_key: str = "", merges: Iterable[Merge] = ()
) -> Mapped:
    """The statements, in order of creation, the Provenance last."""
    moment = event_time or draft.event_time
    sheets: list[Sheet] = []
    if draft.site.segments:
        apply_own(draft)
    settle(draft)
    if any(not sheet.empty for sheet in draft.sheets.values()):
        conclude(draft, moment)
        sheets = [*(sheet for sheet in draft.sheets.values() if not sheet.empty), draft.provenance]
    account(draft, draft.provenance if sheets else None)
    message, site = draft.message, draft.site
    number = message.control_id
    return Mapped(
        statements=tuple(sheet.statement() for sheet in sheets),
        ledger=draft.ledger,
        issues=tuple(draft.issues),
        event_time=moment,
        patient=patient,
        order_key=order_key,
        merges=tuple(merges),
        unmapped=draft.worklist,
        identifier={"system": systems.local(site.institution, _kind(site)), "value": number} if number else {},
        timestamp=dtm.instant(message.msh.get(7) or "", site.offset) or "",
    )
