"""Results as one HTML page that needs nothing else, in the look of the conformance report: two languages, one shown.

Law: everything a script or a server said is escaped by the template engine; the page's policy allows no script and only
the style sheet it carries.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from conformance.count import Text
from conformance.testscript.advice import theme
from conformance.testscript.result import Phase, ScriptResult

Language = Literal["zh", "en"]
_HERE = Path(__file__).parent / "templates"
_REPORT = Path(__file__).parent.parent / "templates" / "report.css"


@dataclass(frozen=True, slots=True)
class Theme:
    """The scripts of one folder."""

    name: str
    results: tuple[ScriptResult, ...]

    @property
    def text(self) -> Text:
        return theme(self.name)

    @property
    def passed(self) -> int:
        return sum(one.passed for one in self.results)


def page(results: Sequence[ScriptResult], language: Language = "zh") -> str:
    """The page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = _REPORT.read_text(encoding="utf-8") + (_HERE / "testscript.css").read_text(encoding="utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    tests = [test for one in results for test in one.tests]
    return environment.get_template("testscript.html").render(
        language=language,
        style=Markup(style),  # noqa: S704 - our own files, and they must reach the browser as they were hashed
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        server=results[0].server if results else "",
        issued=results[0].issued if results else "",
        themes=_themes(results),
        scripts=len(results),
        passed=sum(one.passed for one in results),
        tests=len(tests),
        good=sum(one.result in ("pass", "warning") for one in tests),
        warnings=sum(_warned(one) for one in tests),
        seconds=sum(one.seconds for one in results),
    )


def _themes(results: Sequence[ScriptResult]) -> tuple[Theme, ...]:
    names = dict.fromkeys(one.script.file.parent.name for one in results)
    return tuple(Theme(name, tuple(one for one in results if one.script.file.parent.name == name)) for name in names)


def _warned(test: Phase) -> bool:
    return any(one.result == "warning" for one in test.outcomes)
