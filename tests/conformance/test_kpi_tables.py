"""The tables of the indicators have the shape the program relies on."""

from __future__ import annotations

from conformance.kpi.definition import definitions, limits
from conformance.kpi.measures import known
from conformance.labels import label, order


def test_every_indicator_stands_once() -> None:
    ids = [one.id for one in definitions()]
    assert len(ids) == len(set(ids))


def test_exactly_the_computable_indicators_have_a_measure() -> None:
    assert {one.id for one in definitions() if one.computable} == known()


def test_what_cannot_be_computed_says_why_in_both_languages_and_nothing_else_does() -> None:
    for one in definitions():
        assert bool(one.why_not.zh) is bool(one.why_not.en) is (not one.computable), one.id


def test_every_indicator_is_named_in_both_languages_and_says_what_it_divides() -> None:
    for one in definitions():
        assert all((one.title.zh, one.title.en, one.numerator.zh, one.numerator.en)), one.id
        assert bool(one.denominator.zh) is bool(one.denominator.en), one.id
        assert one.basis in ("received", "clinical"), one.id
        assert one.where in ("both", "whole"), one.id


def test_every_group_has_a_name() -> None:
    assert {one.group for one in definitions()} <= set(order("group"))
    assert label("group")("safety").zh == "医疗安全"


def test_every_limit_the_measures_use_is_there() -> None:
    assert {"referral-stat", "referral-routine", "result-ecg", "result-imaging", "critical-receipt"} <= set(limits())
