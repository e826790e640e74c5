"""How v2 becomes FHIR: pure functions and tables; no I/O, no clock, no random, no look-ups."""

from mappers.mapped import Mapped, Merge, Statement, Weight
from mappers.message import Message
from mappers.messages.dispatch import map_message
from mappers.site import Context, Institution, Site

__all__ = ["Context", "Institution", "Mapped", "Merge", "Message", "Site", "Statement", "Weight", "map_message"]
