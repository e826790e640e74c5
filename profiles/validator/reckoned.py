"""Rules of our guide that are asked of every person, as functions: the check digits of the numbers of persons and
institutions, which are long arithmetic in FHIRPath, and the numbers of mobile telephones.

Law: recognised by the whole text of the expression, so another rule is never taken for one of these; what a function
says is what the expression gives, and None where the expression must be asked.
Sources: GB 11643-1999 (MOD 11-2), GB 32100-2015 (MOD 31-3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

_PERSON_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PERSON_CHECKS = "10X98765432"
_PERSON = (
    "[1-9][0-9]{5}(18|19|20)[0-9]{2}((0[13578]|1[02])(0[1-9]|[12][0-9]|3[01])"
    "|(0[469]|11)(0[1-9]|[12][0-9]|30)|02(0[1-9]|[12][0-9]))[0-9]{3}[0-9X]"
)
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT = "[0-9A-HJ-NPQRTUWXY]{18}"
_MOBILE = "1[3-9][0-9]{9}"
_person, _credit, _mobile = (re.compile(pattern).fullmatch for pattern in (_PERSON, _CREDIT, _MOBILE))


def is_person(text: Any) -> bool | None:
    """The rule cmc-id18."""
    if type(text) is not str:
        return None
    if _person(text) is None:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _PERSON_WEIGHTS, strict=False))
    return _PERSON_CHECKS[total % 11] == text[17]


def is_credit_code(text: Any) -> bool | None:
    """The rule cmc-uscc: what has another length is not judged."""
    if type(text) is not str:
        return None
    if len(text) != 18:
        return True
    if _credit(text) is None:
        return False
    total = sum(_CREDIT_LETTERS.index(one) * weight for one, weight in zip(text, _CREDIT_WEIGHTS, strict=False))
    return _CREDIT_LETTERS[-total % 31] == text[17]


def is_mobile(contact: Any) -> bool | None:
    """The rule cmc-mobile, on a ContactPoint."""
    if type(contact) is not dict or "_value" in contact:
        return None
    if contact.get("system") != "phone" or contact.get("use") != "mobile" or "value" not in contact:
        return True
    number = contact["value"]
    return _mobile(number) is not None if type(number) is str else None


def _person_rule() -> str:
    digits = [f"$this.substring({at},1).toInteger()" for at in range(17)]
    terms = [f"({one}*{weight})" if weight > 1 else one for one, weight in zip(digits, _PERSON_WEIGHTS, strict=True)]
    reckoned = f"'{_PERSON_CHECKS}'.substring(({' + '.join(terms)}) mod 11, 1)"
    return f"$this.matches('^{_PERSON}$') and {reckoned} = $this.substring(17,1)"


def _credit_rule() -> str:
    values = [f"'{_CREDIT_LETTERS}'.indexOf($this.substring({at},1))" for at in range(17)]
    terms = [
        f"({one}*{weight})" if weight > 1 else f"({one})" for one, weight in zip(values, _CREDIT_WEIGHTS, strict=True)
    ]
    reckoned = f"'{_CREDIT_LETTERS}'.substring((31 - (({' + '.join(terms)}) mod 31)) mod 31, 1)"
    return f"$this.length() != 18 or ($this.matches('^{_CREDIT}$') and {reckoned} = $this.substring(17,1))"


Reckon: TypeAlias = "Callable[[Any], bool | None]"
RECKONED: Mapping[str, Reckon] = MappingProxyType(
    {
        _person_rule(): is_person,
        _credit_rule(): is_credit_code,
        f"where(system = 'phone' and use = 'mobile').value.all($this.matches('^{_MOBILE}$'))": is_mobile,
    }
)
"""By the text of the expression."""


def as_function(expression: str) -> Reckon | None:
    """The function of a value that stands for an expression; None where there is none."""
    return RECKONED.get(expression)
