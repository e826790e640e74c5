"""CP, MO -> Money. Without a currency code of ISO 4217 the amount stands alone, as the sender wrote it.

Source: HL7 v2.5.1 2.A.13 (CP), 2.A.41 (MO); FHIR R4 datatypes.html#Money.
"""

from __future__ import annotations

from typing import Any

from mappers.datatypes.number import decimal
from mappers.message import NULL
from mappers.use import Repetition, Use

_CURRENCIES = frozenset(
    [
        "CNY",
        "HKD",
        "MOP",
        "TWD",
        "USD",
        "EUR",
        "GBP",
        "JPY",
        "KRW",
        "CHF",
        "CAD",
        "AUD",
        "NZD",
        "SGD",
        "RUB",
        "INR",
        "THB",
        "MYR",
        "VND",
        "PHP",
        "IDR",
    ]
)
"""Of ISO 4217, those that are met; another one is carried with its amount beside it."""


def money(value: Repetition, use: Use) -> dict[str, Any] | None:
    """CP[Money]: amount and currency are the sub-components of component 1."""
    text = value.get(1)
    amount = decimal(text) if text and text != NULL else None
    if amount is None:
        return None
    use.leaf(1, "value")
    found: dict[str, Any] = {"value": amount}
    currency = value.get(1, 2)
    if currency in _CURRENCIES:
        found["currency"] = currency
        use.leaf(1, "currency", 2)
    return found
