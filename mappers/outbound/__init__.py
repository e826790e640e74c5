"""FHIR resources -> HL7 v2: the rows of the inbound maps read backwards."""

from mappers.outbound.pool import Pool, of_bundle
from mappers.outbound.receiver import Envelope, Receiver
from mappers.outbound.render import Rendered, Unfit, focus_of, kinds, render
from mappers.outbound.tree import versions

__all__ = ["Envelope", "Pool", "Receiver", "Rendered", "Unfit", "focus_of", "kinds", "of_bundle", "render", "versions"]
