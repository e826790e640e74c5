"""Tests of tables: one test for many rows, which fails with every row that does not hold.

Law: each row is checked, also behind one that fails; the failure names them all, each with its reason; a table without
rows fails. A test for each row would say the same, and take 5 ms for a row whatever it checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Row = TypeVar("Row")


def for_each(rows: Iterable[Row], name: Callable[[Row], str] = str) -> Callable[[Callable[[Row], None]], object]:
    """Makes a check of a row a test of all rows; `name` is what a failure calls a row."""

    def test_of(check: Callable[[Row], None]) -> Callable[[], None]:
        def test() -> None:
            checked, failures = 0, list[str]()
            for row in rows:
                checked += 1
                try:
                    check(row)
                except Exception as error:
                    failures.append(f"{name(row)}: {type(error).__name__} {error}")
            assert checked, "there are no rows"
            assert not failures, f"{len(failures)} of {checked} rows fail\n" + "\n\n".join(failures)

        test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
        return test

    return test_of
