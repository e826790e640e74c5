"""Which function translates which message: rows of message code, event, function.

An event `*` serves every event of its message code. What is not here is refused with an issue, and kept in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from mappers.draft import Draft
from mappers.finish import finish
from mappers.mapped import Mapped
from mappers.message import Message
from mappers.messages import (
    accounts,
    administrations,
    adt,
    answers,
    appointments,
    documents,
    master_files,
    nutrition,
    orders,
    personnel,
    prescriptions,
    problems,
    referrals,
    reports,
    supplies,
)
from mappers.site import Context
from mappers.trigger import understood as under

Translate = Callable[[Draft], Mapped]

TABLE: Mapping[tuple[str, str], Translate] = MappingProxyType(
    {
        **{("ADT", event): adt.translate for event in adt.EVENTS},
        **dict.fromkeys(orders.EVENTS, orders.translate),
        **dict.fromkeys(reports.EVENTS, reports.translate),
        **dict.fromkeys(referrals.EVENTS, referrals.translate),
        **dict.fromkeys(documents.EVENTS, documents.translate),
        **dict.fromkeys(appointments.EVENTS, appointments.translate),
        **dict.fromkeys(administrations.EVENTS, administrations.translate),
        **dict.fromkeys(prescriptions.EVENTS, prescriptions.translate),
        **dict.fromkeys(accounts.EVENTS, accounts.translate),
        **dict.fromkeys(problems.EVENTS, problems.translate),
        **dict.fromkeys(master_files.EVENTS, master_files.translate),
        **dict.fromkeys(personnel.EVENTS, personnel.translate),
        **dict.fromkeys(nutrition.EVENTS, nutrition.translate),
        **dict.fromkeys(supplies.EVENTS, supplies.translate),
        **dict.fromkeys(answers.EVENTS, answers.translate),
    }
)
"""(message code, event) → function. Each module of `mappers.messages` adds its rows here."""


def understood(message: Message) -> Message:
    """The message under the trigger that its MSH-9 means (`mappers.trigger`)."""
    return under(message, TABLE)


def map_message(message: Message, context: Context) -> Mapped:
    """The translation of one message: pure, never raises for what a sender wrote."""
    message = understood(message)
    draft = Draft(message, context)
    translate = TABLE.get((message.code, message.event)) or TABLE.get((message.code, "*"))
    return translate(draft) if translate is not None else _unsupported(draft)


def _unsupported(draft: Draft) -> Mapped:
    code, event = draft.message.code, draft.message.event
    if not code:
        draft.issue("message-type-missing", "MSH-9")
    elif any(known == code for known, _ in TABLE):
        draft.issue("event-unsupported", "MSH-9.2", type=f"{code}^{event}")
    else:
        draft.issue("message-type-unsupported", "MSH-9", type=code)
    return finish(draft)
