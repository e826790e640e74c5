"""Patterns of a value set: only those that cannot take long are matched."""

from __future__ import annotations

import time

import pytest

from profiles.filters import harmless


@pytest.mark.parametrize("text", ["[A-Z]{3}", r"\d+-\d+", "(?:ab|cd)", "a?b*", "(x{2}){3}", ""])
def test_plain_patterns_are_matched(text: str) -> None:
    assert harmless(text) is not None


@pytest.mark.parametrize(
    "text", ["(a+)+", "(a|aa)*", r"(a)\1", "a*a*a*a*b", "(?:a+){9}", "((a?)*)*", "(", "a" * 201, "(?:a|b|ab)+c"]
)
def test_patterns_that_may_never_end_are_not(text: str) -> None:
    assert harmless(text) is None


def test_the_slowest_pattern_that_is_matched_is_fast() -> None:
    pattern = harmless(".*.*.*x")
    assert pattern is not None
    started = time.process_time()
    assert pattern.fullmatch("a" * 200) is None
    assert time.process_time() - started < 0.5
