"""One write of a job with the resources it is about: what the plan hands to the job."""

from __future__ import annotations

from typing import Any, NamedTuple

from fhir_server.store.unit import Key
from fhir_server.store.write import Write, Written

Resource = dict[str, Any]


class Step(NamedTuple):
    """`keys` has one key; none for a delete without a match, several for a delete of all matches.

    `resource` is what is to be stored; None for a delete, and for a conditional create that found its resource.
    """

    write: Write
    entry: int
    keys: tuple[Key, ...]
    resource: Resource | None = None

    @property
    def found(self) -> bool:
        """A conditional create whose resource is there: nothing is to be done."""
        return self.write.method == "POST" and self.resource is None


def told(step: Step, of: Written) -> Step:
    """A Provenance of the version that was written."""
    assert step.resource is not None
    _, *others = step.resource["target"]
    own = {"reference": f"{of.type}/{of.id}/_history/{of.version}"}
    return step._replace(resource=step.resource | {"target": [own, *others]})
