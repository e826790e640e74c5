"""A number for each site and way of delimiting, under which `mappers.memory` keeps what it learnt of their texts.

Law: a number never means another site, not even after the site is gone. Source: none but speed.
"""

from __future__ import annotations

from itertools import count

from mappers.message import Delimiters
from mappers.site import Site

_MOST = 512
_NEXT = count()
_SITES: dict[tuple[int, Delimiters], tuple[Site, int]] = {}


def number_of(site: Site, delimiters: Delimiters) -> int:
    """The number of this very site, and of texts so delimited."""
    known = _SITES.get((id(site), delimiters))
    if known is not None and known[0] is site:
        return known[1]
    if len(_SITES) >= _MOST:
        _SITES.clear()
    number = next(_NEXT)
    _SITES[id(site), delimiters] = site, number
    return number
