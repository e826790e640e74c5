"""How each computable indicator counts: per kind of thing a row of indicator, whose it is, in which part it counts.

What is in the numerator of a rate need not be in its denominator (referrals against visits). Test patients never come
here: the caller leaves them out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from conformance.checks.critical_values import Critical
from conformance.checks.referrals import REACHED, Referral
from conformance.checks.results import ISSUED, UNKNOWN, Result
from conformance.checks.traffic import Received
from conformance.checks.visits import FirstContact, Visit
from conformance.facts import Book
from conformance.kpi.definition import limits

T = TypeVar("T")
PRIMARY = frozenset({"township", "village"})
_POOR = frozenset({"warning", "error", "fatal"})


@dataclass(frozen=True, slots=True)
class Measure(Generic[T]):
    """`whose` gives the institution the thing counts for, '' for none."""

    kpi: str
    whose: Callable[[T], str]
    numerator: Callable[[T], bool]
    denominator: Callable[[T], bool]


def _always(_: Any) -> bool:
    return True


def _never(_: Any) -> bool:
    return False


def _sender(one: Referral) -> str:
    return one.sender


def _receiver(one: Referral) -> str:
    return one.receiver


def _asked(one: Result) -> str:
    return "" if one.requester == UNKNOWN else one.requester


def _clean(one: Received) -> bool:
    return not any(severity in _POOR for _, severity in one.codes)


def _answered_in_time(one: Referral) -> bool:
    limit = limits()["referral-stat" if one.urgent == "stat" else "referral-routine"]
    return bool(one.authored and one.decided and one.decided - one.authored <= limit)


def _issued(one: Result) -> bool:
    return one.status in ISSUED


def _timed(one: Result) -> bool:
    return _issued(one) and one.delay is not None and f"result-{one.kind}" in limits()


def _in_time(one: Result) -> bool:
    return _timed(one) and one.delay is not None and one.delay <= limits()[f"result-{one.kind}"]


def _received_in_time(one: Critical) -> bool:
    return one.delay is not None and one.delay <= limits()["critical-receipt"]


MESSAGES: tuple[Measure[Received], ...] = (
    Measure("message-success", lambda one: one.institution, lambda one: one.verdict == "AA", _always),
    Measure(
        "data-quality",
        lambda one: one.institution,
        lambda one: one.status != "duplicate" and _clean(one),
        lambda one: one.status != "duplicate",
    ),
)
REFERRALS: tuple[Measure[Referral], ...] = (
    Measure("referral-up-rate", _sender, lambda one: one.direction == "up", _never),
    Measure("referral-down-rate", _sender, lambda one: one.direction == "down", _never),
    Measure("referral-timely", _receiver, _answered_in_time, _always),
    Measure(
        "referral-arrived",
        _receiver,
        lambda one: one.state in REACHED["arrived"],
        lambda one: one.state in REACHED["accepted"],
    ),
    Measure("referral-completed", _receiver, lambda one: one.state == "completed", _always),
    Measure("referral-rejected", _receiver, lambda one: one.state == "rejected", _always),
    Measure(
        "referral-rejected-reason",
        _receiver,
        lambda one: one.state == "rejected" and one.reason,
        lambda one: one.state == "rejected",
    ),
)
VISITS: tuple[Measure[Visit], ...] = (
    Measure("referral-up-rate", lambda one: one.institution, _never, _always),
    Measure("referral-down-rate", lambda one: one.institution, _never, lambda one: one.discharged),
)
RESULTS: tuple[Measure[Result], ...] = (
    Measure("remote-diagnosis", _asked, lambda one: _issued(one) and one.remote, _issued),
    Measure("diagnosis-timely", lambda one: one.centre, _in_time, _timed),
)
CRITICALS: tuple[Measure[Critical], ...] = (
    Measure("critical-received", lambda one: one.institution, lambda one: one.state == "received", _always),
    Measure("critical-timely", lambda one: one.institution, _received_in_time, _always),
    Measure(
        "critical-closed",
        lambda one: one.institution,
        lambda one: one.state == "received" and one.disposed,
        _always,
    ),
)


def contacts(levels: Callable[[str], str]) -> tuple[Measure[FirstContact], ...]:
    """The measure of first contacts; `levels` gives the level of an institution."""
    return (
        Measure(
            "primary-first-contact",
            lambda one: one.institution,
            lambda one: levels(one.institution) in PRIMARY,
            _always,
        ),
    )


def known() -> frozenset[str]:
    """Every indicator that some measure counts."""
    tables: tuple[Iterable[Measure[Any]], ...] = (MESSAGES, REFERRALS, VISITS, RESULTS, CRITICALS, contacts(str))
    return frozenset(measure.kpi for table in tables for measure in table)


def measure(one: T, source: str | int, table: Iterable[Measure[T]], book: Book) -> None:
    """Counts one thing in every indicator it belongs to, for its institution and for the consortium."""
    for row in table:
        owner = row.whose(one)
        if not owner:
            continue
        if row.numerator(one):
            book.add(owner, numerator(row.kpi), (), source)
        if row.denominator(one):
            book.add(owner, denominator(row.kpi), (), source)


def numerator(kpi: str) -> str:
    """The name of the tally of what is divided."""
    return f"{kpi}.numerator"


def denominator(kpi: str) -> str:
    """The name of the tally of what divides it."""
    return f"{kpi}.denominator"
