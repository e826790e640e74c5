"""Meta: tags, labels and profiles are sets, so one that stands there twice says nothing more.

Source: http://hl7.org/fhir/R4/resource.html#Meta.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from profiles.issue import Issue
from profiles.validator.place import Place


def tagged_once(meta: dict[str, Any], place: Place) -> Iterator[Issue]:
    """A profile that is claimed twice."""
    claimed = meta.get("profile", ())
    if len(claimed) < 2:
        return
    for index, url in enumerate(claimed):
        if url is not None and url in claimed[:index]:
            yield place.issue("element-repeated", f".profile[{index}]", name="profile")


def labelled_once(meta: dict[str, Any], place: Place) -> Iterable[Issue]:
    """A security label that is said twice."""
    labels = meta.get("security", ())
    if len(labels) < 2:
        return ()
    pairs = [(label.get("system"), label.get("code")) for label in labels]
    return [
        place.issue("security-label-repeated", f".security[{index}]")
        for index, pair in enumerate(pairs)
        if pair in pairs[:index]
    ]
