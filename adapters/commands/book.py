"""The sites a command works with; what is wrong with them ends it with a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.site import SiteBook


def book_of(sites: Path | None, site: str = "") -> SiteBook:
    """The sites of a folder, else those of the package; `site` is one that must be among them."""
    from adapters.commands.said import fail
    from adapters.site import SITES, SiteError, load

    try:
        book = load(sites or SITES)
    except SiteError as error:
        fail(str(error), exit_code=2)
    if site and book.by_code(site) is None:
        fail(f"There is no site {site!r}; known are {', '.join(book.endpoints)}.", exit_code=2)
    return book
