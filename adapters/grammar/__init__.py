"""Which segments and groups a message has, per HL7 version: checks that warn, groups that never lose a segment."""

from adapters.grammar.grouping import Group, group
from adapters.grammar.rules import check
from adapters.grammar.structures import Structure, is_segment, structure_of, version_of

__all__ = ["Group", "Structure", "check", "group", "is_segment", "structure_of", "version_of"]
