"""All scripts, as the files they become."""

from __future__ import annotations

from conformance.testscript.authoring import (
    conditional,
    formats,
    headers,
    integrity,
    interactions,
    operations,
    patches,
    search_common,
    search_modifiers,
    search_results,
    search_types,
    subscriptions,
    terminology,
    transactions,
)
from profiles.json_output import dump_pretty

_THEMES = (
    interactions,
    headers,
    formats,
    conditional,
    patches,
    transactions,
    integrity,
    search_types,
    search_modifiers,
    search_results,
    search_common,
    operations,
    terminology,
    subscriptions,
)


def files() -> dict[str, bytes]:
    """Each file's content by `theme/name.json`."""
    sources = [source for theme in _THEMES for source in theme.SCRIPTS]
    made = {f"{one.theme}/{one.name}.json": dump_pretty(one.resource) + b"\n" for one in sources}
    assert len(made) == len(sources), "two scripts have one name"
    return made
