"""How many faults of the mappers its tests notice: `python -m benchmarks.mutation [--modules P…] [--sample N]`.

mutmut writes the faults (mutants): a copy of the tree is made, and each function of `mappers/` stands there in all its
variants behind a switch. A seeded sample of them is run, each against the tests that reach its function
(`benchmarks.mutation_run`). Tests with random input are left out: what they find by luck on one day is no test of a
fault.

Prints a JSON line a module and one for all. `mutants` is the sum of four: `failed` (a test fails), `timeout` (the
tests do not end within ten times their time), `survived` (every test that reaches the function passes) and `no_tests`
(no test reaches it). `killed` are the first two, and `share` is `killed` of all `mutants`, those without tests
included, with its 95 % confidence interval (Wilson). `population` is how many mutants the sample was drawn from.
"""

from __future__ import annotations

import argparse
import difflib
import fnmatch
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_LEFT_OUT = shutil.ignore_patterns(
    ".git",
    ".venv",
    ".hypothesis",
    ".mypy_cache",
    ".ruff_cache",
    "__pycache__",
    "node_modules",
    "qiao-data",
    "*.db",
    "*.db-*",
)
_TESTS = ["tests/mappers", "-m", "not shared and not slow", "-k", "not properties"]
_MARK = "__mutmut_"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: `name` is mutmut's, `change` the lines it differs in from the function as it is."""

    name: str
    module: str
    change: str


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make mutate ARGS=…")
    parser.add_argument("--modules", nargs="+", default=["mappers.*"], help="patterns of module names")
    parser.add_argument("--without", nargs="+", default=[], help="patterns of module names to leave out")
    parser.add_argument("--sample", type=int, default=300, help="how many mutants; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", action="store_true", help="show what survived")
    parser.add_argument("--only", nargs="+", default=[], help="these mutants instead of a sample")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="qiao-mutants-") as folder:
        mutants = plant(Path(folder), options.modules, options.without)
        chosen = options.only or sample(sorted(mutants), options.sample, options.seed)
        outcomes = run(Path(folder), chosen, options.jobs)
    for name, outcome in sorted(outcomes.items()):
        if options.show and outcome in ("survived", "no tests"):
            print(f"{outcome}: {name}\n{mutants[name].change}", file=sys.stderr)
    population = Counter(one.module for one in mutants.values())
    for line in report({name: mutants[name].module for name in outcomes}, outcomes):
        of = population.total() if line["module"] == "all" else population[line["module"]]
        print(json.dumps({"bench": "mutation", **line, "population": of, "seed": options.seed}), flush=True)
    return 0


def plant(folder: Path, patterns: Iterable[str], without: Iterable[str] = ()) -> dict[str, Mutant]:
    """A copy of the tree in the folder with every mutant of those modules; the mutants by name."""
    from mutmut.mutation.file_mutation import mutate_file_contents

    shutil.copytree(ROOT, folder, ignore=_LEFT_OUT, dirs_exist_ok=True)
    mutants: dict[str, Mutant] = {}
    for path in sorted((folder / "mappers").rglob("*.py")):
        module = path.relative_to(folder).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        if not _matches(module, patterns) or _matches(module, without):
            continue
        mutated = mutate_file_contents(str(path), path.read_text(encoding="utf-8"))
        if not mutated.mutant_names:
            continue
        path.write_text(mutated.code, encoding="utf-8")
        lines = mutated.code.splitlines()
        for name in mutated.mutant_names:
            change = _change(lines, mutated.line_span_by_function_name, name)
            mutants[f"{module}.{name}"] = Mutant(f"{module}.{name}", module, change)
    return mutants


def _matches(module: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatch(module, pattern) for pattern in patterns)


def _change(lines: list[str], spans: Mapping[str, Any], name: str) -> str:
    original = f"{name.partition(_MARK)[0]}{_MARK}orig"
    before, after = (lines[spans[one].start - 1 : spans[one].end] for one in (original, name))
    found = difflib.unified_diff(before, after, lineterm="", n=0)
    return "\n".join(line for line in list(found)[2:] if _MARK not in line and not line.startswith("@@"))


def sample(names: list[str], size: int, seed: int) -> list[str]:
    """The same names for the same seed; all of them when there are not more."""
    return names if size == 0 or size >= len(names) else random.Random(seed).sample(names, size)


def run(folder: Path, names: list[str], jobs: int) -> dict[str, str]:
    """The outcome by mutant: `failed`, `timeout`, `survived` or `no tests`."""
    plan, found = folder / "plan.json", folder / "outcomes.json"
    plan.write_text(
        json.dumps({"mutants": names, "tests": _TESTS, "jobs": jobs, "outcomes": str(found)}), encoding="utf-8"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "benchmarks.mutation_run", "-p", "no:xdist", *_TESTS]
    environment = os.environ | {
        "MUTANT_UNDER_TEST": "stats",
        "QIAO_MUTATION_PLAN": str(plan),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH")))),
    }
    # Every process that is forked writes its dots there.
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    outcomes: dict[str, str] = json.loads(found.read_text(encoding="utf-8"))
    return outcomes


def report(modules: Mapping[str, str], outcomes: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """A line a module, then the line of all."""
    by_module: dict[str, Counter[str]] = defaultdict(Counter)
    for name, outcome in outcomes.items():
        by_module[modules[name]][outcome] += 1
    for module in sorted(by_module):
        yield _line(module, by_module[module])
    yield _line("all", sum(by_module.values(), Counter()))


def _line(module: str, counts: Counter[str]) -> dict[str, Any]:
    total, killed = counts.total(), counts["failed"] + counts["timeout"]
    low, high = interval(killed, total)
    return {
        "module": module,
        "mutants": total,
        "killed": killed,
        "failed": counts["failed"],
        "timeout": counts["timeout"],
        "survived": counts["survived"],
        "no_tests": counts["no tests"],
        "share": round(killed / total, 3) if total else None,
        "interval_95": [round(low, 3), round(high, 3)],
    }


def interval(hits: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval of a share."""
    if total == 0:
        return 0.0, 1.0
    share, spread = hits / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / total + spread / total / 4) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
