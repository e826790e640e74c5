"""`python -m examples.county DIR` writes the day as files, `--jsonl FILE` as one JSONL file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from examples.county.generate import SEED, day, write_folder, write_jsonl


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.county", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="write one .hl7 file a message and .manifest.jsonl here")
    parser.add_argument("--jsonl", type=Path, metavar="FILE", help="write one JSON object a line here")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--scale", type=float, default=1.0, help="how many such days' worth of patients (default 1)")
    chosen = parser.parse_args()
    if chosen.folder is None and chosen.jsonl is None:
        parser.error("name a folder, or a file with --jsonl")
    messages = day(chosen.seed, chosen.scale)
    if chosen.folder:
        write_folder(messages, chosen.folder)
    if chosen.jsonl:
        write_jsonl(messages, chosen.jsonl)
    print(f"{len(messages)} messages", file=sys.stderr)


if __name__ == "__main__":
    main()
