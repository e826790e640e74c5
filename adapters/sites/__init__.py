"""The sites of the demonstration county, one folder each, and the way to load them (or another county's folder)."""

from adapters.site import SITES, Endpoint, SiteBook, load
from adapters.site_file import SiteError

__all__ = ["SITES", "Endpoint", "SiteBook", "SiteError", "load"]
