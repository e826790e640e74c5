"""Runs mutants: a pytest plugin that collects the tests once and forks a process a mutant.

The mappers remember what they have read (tables, codes, times), so that a test run before a mutant would hide it: the
process that forks has run no test. First each test runs alone, on the code as it is, and tells which functions it
reaches; then each mutant meets the tests that reach its function, the quickest first, until one fails.

What runs when a module is imported (the functions that fill a registry) has run when the tests are collected: a mutant
of such a function is given a process that begins anew, and all tests until one fails.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

_FAILED, _FORKED = 1, 0
_SLACK = 5
"""Seconds of CPU that a mutant may take beyond ten times what its tests take."""
_ANEW = 900
"""Seconds of CPU for all tests in a process that begins anew."""


class _Failures:
    """Ends the process at the first test that fails."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os._exit(_FAILED)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    from mutmut.state import state

    plan = json.loads(Path(os.environ["QIAO_MUTATION_PLAN"]).read_text(encoding="utf-8"))
    imported = frozenset(state()._stats)
    state()._stats.clear()
    gc.collect()
    gc.freeze()
    reach, seconds = _reach(session.items, plan["jobs"])
    outcomes = _outcomes(plan["mutants"], reach, seconds, plan["jobs"])
    begun = [name for name in plan["mutants"] if outcomes[name] == "no tests" and _function(name) in imported]
    outcomes |= _anew(begun, plan["tests"], plan["jobs"])
    Path(plan["outcomes"]).write_text(json.dumps(outcomes), encoding="utf-8")
    return True


def _in_processes(
    works: Iterable[tuple[str, Callable[[], None]]], jobs: int, ended: Callable[[str, int], None]
) -> None:
    """Does each work in a process of its own, `jobs` at a time."""
    running: dict[int, str] = {}

    def reap() -> None:
        process, status = os.wait()
        ended(running.pop(process), status)

    for name, work in works:
        if len(running) >= jobs:
            reap()
        process = os.fork()
        if process == _FORKED:
            _silence()
            work()
            os._exit(0)
        running[process] = name
    while running:
        reap()


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _run(items: list[pytest.Item]) -> None:
    items[0].config.pluginmanager.register(_Failures())
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _reach(items: list[pytest.Item], jobs: int) -> tuple[dict[str, list[pytest.Item]], dict[str, float]]:
    """The tests by function (mutmut's name), the quickest first; the seconds of each test."""
    from mutmut.state import state

    folder = Path(os.environ["QIAO_MUTATION_PLAN"]).parent / "reach"
    folder.mkdir()

    def work(number: int, item: pytest.Item) -> Callable[[], None]:
        def noted() -> None:
            os.environ["MUTANT_UNDER_TEST"] = "stats"
            start = time.process_time()
            _run([item])
            found = {"seconds": time.process_time() - start, "functions": sorted(state()._stats)}
            (folder / str(number)).write_text(json.dumps(found), encoding="utf-8")

        return noted

    def ended(name: str, status: int) -> None:
        if status != 0:
            sys.stderr.write(f"left out, it fails on the code as it is: {name}\n")

    _in_processes(((item.nodeid, work(number, item)) for number, item in enumerate(items)), jobs, ended)
    seconds: dict[str, float] = {}
    reach: dict[str, list[pytest.Item]] = defaultdict(list)
    for number, item in enumerate(items):
        if not (folder / str(number)).exists():
            continue
        found = json.loads((folder / str(number)).read_text(encoding="utf-8"))
        seconds[item.nodeid] = found["seconds"]
        for function in found["functions"]:
            reach[function].append(item)
    for tests in reach.values():
        tests.sort(key=lambda item: seconds[item.nodeid])
    return reach, seconds


def _outcomes(
    names: list[str], reach: dict[str, list[pytest.Item]], seconds: dict[str, float], jobs: int
) -> dict[str, str]:
    outcomes = dict.fromkeys(names, "no tests")

    def work(name: str, tests: list[pytest.Item]) -> Callable[[], None]:
        def tried() -> None:
            limit = int(10 * sum(seconds[test.nodeid] for test in tests) + time.process_time()) + _SLACK
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
            os.environ["MUTANT_UNDER_TEST"] = name
            _run(tests)

        return tried

    def ended(name: str, status: int) -> None:
        outcomes[name] = _outcome(status)

    works = ((name, reach.get(_function(name))) for name in names)
    _in_processes(((name, work(name, tests)) for name, tests in works if tests), jobs, ended)
    return outcomes


def _anew(names: list[str], tests: list[str], jobs: int) -> dict[str, str]:
    """The outcomes of mutants that are there from the first import on."""
    outcomes: dict[str, str] = {}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", *tests]

    def work(name: str) -> Callable[[], None]:
        def tried() -> None:
            resource.setrlimit(resource.RLIMIT_CPU, (_ANEW, _ANEW))
            os.execve(sys.executable, command, os.environ | {"MUTANT_UNDER_TEST": name})

        return tried

    def ended(name: str, status: int) -> None:
        outcomes[name] = _outcome(status)

    _in_processes(((name, work(name)) for name in names), jobs, ended)
    return outcomes


def _function(mutant: str) -> str:
    return mutant.partition("__mutmut_")[0]


def _outcome(status: int) -> str:
    exit_code = os.waitstatus_to_exitcode(status)
    return "survived" if exit_code == 0 else "failed" if exit_code > 0 else "timeout"
