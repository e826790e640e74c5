"""Our verdicts beside those of the official Java validator: `python -m benchmarks.oracle [--module M] [--show] [ID…]`.

Reads `../shared/oracles/validator` beside the repository: each check names a resource, a mode, a profile and what to
load, and the issues that Java reported. Agreement means: errors on both sides, or on neither. Prints, by module, the
checks, the agreement, false rejects (we say invalid, Java valid), misses (the other way round), and how often the count
of errors is the same. It reads files only, and changes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from profiles import validate
from profiles.issue import Issue
from profiles.packages import load, read
from profiles.registry import CORE

Json = dict[str, Any]
ORACLES = Path(__file__).parents[2] / "shared" / "oracles"
LIMIT = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Result:
    """One check: what Java and we found."""

    case: Json
    issues: tuple[Issue, ...]

    @property
    def errors(self) -> int:
        return sum(1 for issue in self.issues if issue.refuses)

    @property
    def agrees(self) -> bool:
        return (self.errors == 0) == (self.case["errors"] == 0)

    @property
    def false_reject(self) -> bool:
        return self.errors > 0 and self.case["errors"] == 0

    @property
    def missed(self) -> bool:
        return self.errors == 0 and self.case["errors"] > 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make oracle ARGS=…")
    parser.add_argument("ids", nargs="*", help="only checks whose id contains one of these")
    parser.add_argument("--module", action="append", help="only checks of this module")
    parser.add_argument("--show", action="store_true", help="show the issues of both sides where they disagree")
    parser.add_argument("--all", action="store_true", help="show the issues of all checks")
    parser.add_argument("--examples", action="store_true", help="the official examples, too")
    chosen = parser.parse_args(arguments)
    folder = ORACLES / "validator"
    if not folder.is_dir():
        print(f"{folder} is not there: nothing to compare with", file=sys.stderr)
        return 3
    cases = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    cases = [case for case in cases if not chosen.module or str(case["module"]) in chosen.module]
    cases = [case for case in cases if not chosen.ids or any(part in case["id"] for part in chosen.ids)]
    results = [Result(case, _found(case, folder / "files")) for case in cases]
    for result in results:
        if chosen.all or (chosen.show and not result.agrees):
            _show(result)
    _table(results)
    if chosen.examples:
        _examples()
    return 0


def _found(case: Json, folder: Path) -> tuple[Issue, ...]:
    file = folder / case["file"]
    resource, issues = read(file.read_bytes(), limit=LIMIT)
    if resource is None:
        return issues
    options = case["opts"]
    names = [*case["supporting"], *options.get("supporting5", ()), *([case["profile"]] if case["profile"] else [])]
    names = [name for name in dict.fromkeys(names) if (folder / name).is_file()]
    registry = load([folder / name for name in names])[0] if names else CORE
    profile = None
    if case["profile"]:
        definition = read((folder / case["profile"]).read_bytes(), limit=LIMIT)[0] or {}
        profile = str(definition.get("url"))
    fetch = _fetcher(folder) if str(options.get("validateReference", "")).startswith("CHECK") else None
    return issues + validate(resource, profile=profile, registry=registry, fetch=fetch, rigour="strict")


def _fetcher(folder: Path) -> Callable[[str], Json | None]:
    """Resources of the suite by `Type/id`: the file is named by one or both."""

    def fetch(reference: str) -> Json | None:
        kind, _, name = reference.partition("/")
        for stem in (name, f"{kind.lower()}-{name}", reference.replace("/", "-").lower()):
            for suffix in (".json", ".xml"):
                if stem and "/" not in stem and (folder / (stem + suffix)).is_file():
                    return read((folder / (stem + suffix)).read_bytes(), limit=LIMIT)[0]
        return _by_id(folder).get(reference)

    return fetch


_KNOWN: dict[Path, dict[str, Json]] = {}


def _by_id(folder: Path) -> dict[str, Json]:
    if folder not in _KNOWN:
        found: dict[str, Json] = {}
        for file in sorted((*folder.glob("*.json"), *folder.glob("*.xml"))):
            resource = read(file.read_bytes(), limit=LIMIT)[0]
            if resource is not None and type(resource.get("id")) is str:
                found.setdefault(f"{resource['resourceType']}/{resource['id']}", resource)
        _KNOWN[folder] = found
    return _KNOWN[folder]


def _show(result: Result) -> None:
    case = result.case
    verdict = "FALSE REJECT" if result.false_reject else "missed" if result.missed else "agrees"
    print(f"\n## {case['id']} [{case['module']}] {case['file']} {verdict}: Java {case['errors']}, we {result.errors}")
    print(f"   profile {case['profile']}, with {case['supporting']}, {case['opts']}")
    for issue in case["issues"]:
        if issue["sev"] in ("error", "fatal"):
            print(f"   java {issue['expr']} {issue['text'][:200]}")
    for ours in result.issues:
        if ours.refuses:
            print(f"   ours {ours.expression or ours.location} {ours.code}: {ours.text()[:200]}")


def _table(results: list[Result]) -> None:
    modules: dict[str, list[Result]] = {}
    for result in results:
        modules.setdefault(str(result.case["module"]), []).append(result)
    heads = f"{'module':16}{'checks':>7}{'agree':>8}{'%':>7}{'false rejects':>15}{'of valid':>10}"
    print(f"\n{heads}{'misses':>8}{'exact %':>9}")
    for name, rows in [*sorted(modules.items(), key=lambda one: -len(one[1])), ("all", results)]:
        if rows:
            print(_row(name, rows))


def _row(name: str, rows: list[Result]) -> str:
    agree = sum(row.agrees for row in rows)
    valid = sum(row.case["errors"] == 0 for row in rows)
    exact = sum(row.errors == row.case["errors"] for row in rows)
    return (
        f"{name:16}{len(rows):7}{agree:8}{100 * agree / len(rows):7.1f}{sum(row.false_reject for row in rows):15}"
        f"{valid:10}{sum(row.missed for row in rows):8}{100 * exact / len(rows):9.1f}"
    )


def _examples() -> None:
    """The 717 examples of R4: which we refuse, and why."""
    refused, count = [], 0
    for name, data in _example_files():
        count += 1
        resource, issues = read(data, limit=LIMIT)
        issues = issues if resource is None else validate(resource)
        if any(issue.refuses for issue in issues):
            refused.append((name, [issue for issue in issues if issue.refuses]))
    print(f"\n{count} official examples, {len(refused)} refused")
    for name, found in refused:
        print(f"   {name}: " + "; ".join(f"{one.expression} {one.text()}" for one in found[:3]))


def _example_files() -> Iterator[tuple[str, bytes]]:
    with tarfile.open(ORACLES / "r4-examples.tar.xz") as archive:
        for member in archive:
            stream = archive.extractfile(member)
            if stream is not None:
                yield Path(member.name).name, stream.read()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
