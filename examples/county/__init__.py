"""A synthetic county: one day of the HL7 v2 messages of its hospital, townships, village clinic and centres."""

from examples.county.desk import DATE, Sent
from examples.county.generate import day, write_folder, write_jsonl

__all__ = ["DATE", "Sent", "day", "write_folder", "write_jsonl"]
