"""Profiles, tags and security labels as the sets they are (FHIR R4 resource.html#Meta, #tag-updates).

The identity of a tag or label is system and code, that of a profile its whole URL.
"""

from __future__ import annotations

from typing import Any

Meta = dict[str, Any]
SETS = ("profile", "security", "tag")


def labels(meta: Meta) -> Meta:
    """The three sets of a Meta and nothing else."""
    return {name: meta[name] for name in SETS if meta.get(name)}


def merged(meta: Meta, more: Meta) -> Meta:
    """The Meta with what `more` names; what is there already stays as it is."""
    result = dict(meta)
    for name in SETS:
        known = {_identity(one) for one in meta.get(name, ())}
        new = {_identity(one): one for one in reversed(more.get(name, ())) if _identity(one) not in known}
        if new:
            result[name] = [*meta.get(name, ()), *reversed(new.values())]
    return result


def without(meta: Meta, less: Meta) -> Meta:
    """The Meta without what `less` names; what is not there is no matter."""
    result = dict(meta)
    for name in SETS:
        gone = {_identity(one) for one in less.get(name, ())}
        kept = [one for one in meta.get(name, ()) if _identity(one) not in gone]
        if kept:
            result[name] = kept
        else:
            result.pop(name, None)
    return result


def _identity(one: Any) -> tuple[str, str]:
    return (one.get("system", ""), one.get("code", "")) if isinstance(one, dict) else ("", str(one))
