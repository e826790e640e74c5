"""A package is checked before it is installed; what does not belong here is refused by name."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from profiles import package_files
from profiles.installed import beside, candidate, definitions, install, installed, remove, shelves
from profiles.registry import OWN, Registry
from profiles.shelf import GUIDE, Shelves
from profiles.systems import CANONICAL_BASE
from tests.profiles.profile_maker import profile

Json = dict[str, Any]
FACTS: Json = {"name": "cn.example.lab", "version": "1.0.0", "fhirVersions": ["4.0.1"]}
COLOUR: Json = {
    "resourceType": "CodeSystem", "id": "colour", "url": "http://example.cn/colour", "version": "1.0.0",
    "status": "active", "content": "complete", "concept": [{"code": "red", "display": "Red"}],
}  # fmt: skip
NAMED = {**profile("named", "Patient", {"id": "Patient.name", "min": 1}), "version": "1.0.0"}
Pack = Callable[..., Path]


def packed(path: Path, files: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return path


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    def made(*resources: Json, files: dict[str, bytes] | None = None, **facts: Any) -> Path:
        named = {f"package/{one['resourceType']}-{n}.json": json.dumps(one).encode() for n, one in enumerate(resources)}
        told = json.dumps({**FACTS, **facts}).encode()
        return packed(tmp_path / "one.tgz", {"package/package.json": told, **named, **(files or {})})

    return made


def codes(path: Path) -> list[str]:
    return [issue.code for issue in candidate(path)[1]]


def test_a_package_is_written_whole_and_found_again(pack: Pack, tmp_path: Path) -> None:
    one, issues = candidate(pack(NAMED, COLOUR, title="Lab"))
    assert one is not None and issues == ()
    written = install(one, tmp_path / "packages")
    (found,) = installed(tmp_path / "packages")
    assert found == written
    assert (found.label, found.title, found.counts) == (
        "cn.example.lab#1.0.0",
        "Lab",
        {"CodeSystem": 1, "StructureDefinition": 1},
    )
    assert {row["url"] for row in definitions(found)} == {NAMED["url"], COLOUR["url"]}
    assert [path.name for path in (tmp_path / "packages").iterdir()] == ["cn.example.lab#1.0.0"]
    remove(found)
    assert installed(tmp_path / "packages") == ()


def test_what_is_installed_is_known_beside_the_guide_and_r4(pack: Pack, tmp_path: Path) -> None:
    one, _ = candidate(pack(NAMED, COLOUR))
    assert one is not None
    install(one, tmp_path)
    registry = Registry(shelf=Shelves((*shelves(tmp_path), GUIDE)))
    assert registry.structure(NAMED["url"]) is not None
    assert registry.system(COLOUR["url"]) is not None
    assert registry.structure(f"{CANONICAL_BASE}/StructureDefinition/cmc-patient") is not None
    assert registry.structure("Patient") is not None


@pytest.fixture
def own() -> Iterator[Registry]:
    yield OWN
    OWN.put(())


def test_the_registry_of_a_process_takes_packages_and_gives_them_back(
    own: Registry, pack: Pack, tmp_path: Path
) -> None:
    one, _ = candidate(pack(NAMED))
    assert one is not None
    install(one, tmp_path)
    assert own.structure(NAMED["url"]) is None
    own.put(shelves(tmp_path))
    assert own.structure(NAMED["url"]) is not None
    own.put(())
    assert own.structure(NAMED["url"]) is None


def test_decimals_and_xml_like_texts_are_kept_as_they_are(pack: Pack, tmp_path: Path) -> None:
    concept = {"code": "a", "property": [{"code": "p", "valueDecimal": 1}]}
    raw = json.dumps({**COLOUR, "concept": [concept]}).replace('"valueDecimal": 1', '"valueDecimal": 1.10').encode()
    one, _ = candidate(pack(files={"package/CodeSystem-x.json": raw}))
    assert one is not None
    place = install(one, tmp_path).folder / "package" / "CodeSystem-colour.json"
    assert b"1.10" in place.read_bytes()


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"name": "../evil"}, "package-name"), ({"name": ""}, "package-name"), ({"name": "Upper.Case"}, "package-name"),
        ({"version": "1/../2"}, "package-version"), ({"version": None}, "package-version"),
        ({"fhirVersions": ["4.3.0"]}, "package-fhir-version"),
        ({"fhirVersions": ["5.0.0", "3.0.2"]}, "package-fhir-version"),
        ({"name": "hl7.fhir.r4.core"}, "package-built-in"), ({"name": "qiao.fhir.cmc"}, "package-built-in"),
    ],
)  # fmt: skip
def test_a_package_that_does_not_belong_here_is_refused(pack: Pack, facts: Json, code: str) -> None:
    assert codes(pack(NAMED, **facts)) == [code]


@pytest.mark.parametrize(
    "name", ["../outside.json", "/etc/outside.json", "package/../../x.json", "C:/x.json", "package\\..\\x"]
)
def test_a_path_that_leads_out_of_the_archive_is_refused(pack: Pack, name: str) -> None:
    assert codes(pack(NAMED, files={name: b"{}"})) == ["package-path"]


def test_links_in_an_archive_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(COLOUR), encoding="utf-8")
    files = {"package/package.json": json.dumps(FACTS).encode(), "package/a.json": json.dumps(NAMED).encode()}
    one, issues = candidate(packed(tmp_path / "l.tgz", files, {"package/link.json": str(secret)}))
    assert one is not None and issues == ()
    assert [each["url"] for each in one.resources] == [NAMED["url"]]


def test_an_archive_that_would_grow_too_large_is_refused_before_it_is_read(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_files, "MOST_BYTES", 1000)
    one, (issue,) = candidate(pack(files={"package/big.json": b" " * 2000}))
    assert one is None and issue.code == "file-unreadable" and "more than" in issue.text()


def test_what_is_no_package_is_said(tmp_path: Path) -> None:
    (tmp_path / "text.tgz").write_bytes(b"no archive")
    (tmp_path / "empty").mkdir()
    assert codes(tmp_path / "text.tgz") == ["file-unreadable"]
    assert codes(tmp_path / "absent.tgz") == ["file-unreadable"]
    assert codes(tmp_path / "empty") == ["package-facts"]
    assert codes(packed(tmp_path / "none.tgz", {"package/a.json": b"{}"})) == ["package-facts"]


def test_a_package_without_definitions_is_none(pack: Pack) -> None:
    patient = b'{"resourceType": "Patient", "id": "p"}'
    assert codes(pack(files={"package/example/Patient-p.json": patient, "package/Patient-p.json": patient})) == [
        "package-empty"
    ]


def test_a_file_that_cannot_be_read_and_a_definition_that_stands_twice_are_named(pack: Pack) -> None:
    _, issues = candidate(pack(NAMED, NAMED, files={"package/broken.json": b"{"}))
    assert [(issue.code, issue.location) for issue in issues] == [
        ("file-unreadable", "package/broken.json"), ("package-repeated", ""),
    ]  # fmt: skip
    assert NAMED["url"] in issues[1].text()


def test_what_a_package_needs_and_what_others_define_too_is_said(pack: Pack, tmp_path: Path) -> None:
    needs = {"hl7.fhir.r4.core": "4.0.1", "qiao.fhir.cmc": "0.1.x", "cn.other": "2.0.0"}
    one, _ = candidate(pack(NAMED, dependencies=needs))
    assert one is not None
    assert [issue.text() for issue in beside(one, ())] == ["The package needs cn.other 2.0.0 and it is not installed"]
    install(one, tmp_path)
    again, _ = candidate(pack(NAMED, version="1.0.1"))
    assert again is not None
    (shared,) = beside(again, installed(tmp_path))
    assert (shared.code, shared.refuses) == ("package-duplicate", False)
    assert [issue.code for issue in beside(one, installed(tmp_path))] == ["package-there"]


def test_a_broken_installation_is_left_aside(tmp_path: Path) -> None:
    (tmp_path / "a#1" / "package").mkdir(parents=True)
    (tmp_path / "a#1" / "package" / "package.json").write_text("{", encoding="utf-8")
    (tmp_path / "a#1" / "package" / ".index.json").write_text("{", encoding="utf-8")
    assert installed(tmp_path) == ()
    assert installed(tmp_path / "nowhere") == ()
