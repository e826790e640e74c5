"""The kinds of jobs on one screen: which function does the slices, which one renders the end.

Named as `module:function` and loaded when the first job of the kind is worked on, so that start-up pays for none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """`step` is a `fhir_server.jobs.job.Step`; `answer` takes (Job, Call) and gives the Answer of a finished job.

    Without `answer` the result is the answer: a resource, or plain JSON.
    """

    step: str
    answer: str = ""


KINDS: dict[str, Kind] = {
    "export": Kind("fhir_server.bulk.export_step:step", "fhir_server.bulk.manifest:answer"),
    "reindex": Kind("fhir_server.jobs.reindex:step"),
    "import": Kind("fhir_server.bulk.import_step:step", "fhir_server.bulk.import_answer:answer"),
}


@cache
def loaded(name: str) -> Any:
    """The function a `module:function` names."""
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)
