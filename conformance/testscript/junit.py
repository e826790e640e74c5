"""Results as JUnit XML: a suite a script, a case for setup and each test.

Law: well-formed whatever a server said; a character XML cannot carry becomes U+FFFD.
Source: the format as continuous-integration servers read it (testsuites, testsuite, testcase, failure, error, skipped).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from conformance.testscript.result import Phase, ScriptResult
from conformance.testscript.script import Script
from conformance.testscript.testreport import told

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Sequence[ScriptResult]) -> str:
    """The document."""
    suites = "\n".join(_suite(one) for one in results)
    tests = sum(len(_cases(one)) for one in results)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="qiao testscript" tests="{tests}"{_counts([c for one in results for c in _cases(one)])}>\n'
        f"{suites}\n</testsuites>\n"
    )


def _cases(found: ScriptResult) -> list[Phase]:
    """Setup is a case only when it went wrong: else it would count as a test."""
    return [*([found.setup] if found.setup.trouble else []), *found.tests]


def _suite(found: ScriptResult) -> str:
    cases = _cases(found)
    head = (
        f'  <testsuite name="{_text(found.script.name)}" tests="{len(cases)}"{_counts(cases)} '
        f'time="{found.seconds:.3f}" timestamp="{_text(found.issued)}">'
    )
    return "\n".join([head, *(_case(found.script, one) for one in cases), "  </testsuite>"])


def _counts(cases: Sequence[Phase]) -> str:
    numbers = {name: sum(one.result == result for one in cases) for name, result in _NAMES}
    return "".join(f' {name}="{number}"' for name, number in numbers.items())


_NAMES = (("failures", "fail"), ("errors", "error"), ("skipped", "skip"))


def _case(script: Script, one: Phase) -> str:
    opening = f'    <testcase classname="{_text(script.name)}" name="{_text(one.name)}" time="{one.seconds:.3f}"'
    if one.result == "skip":
        return f"{opening}><skipped/></testcase>"
    trouble = one.trouble
    if trouble is None:
        return f"{opening}/>"
    kind = "failure" if one.result == "fail" else "error"
    first = trouble.message or f"expected {trouble.expected}, came {trouble.came}"
    return f'{opening}><{kind} message="{_text(first)}">{_text(told(trouble))}</{kind}></testcase>'


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text), quote=True)
