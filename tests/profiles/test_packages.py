"""A package is an archive, a folder or one file; the latest version counts unless another is named."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from profiles.packages import load
from profiles.registry import Registry
from tests.profiles.profile_maker import profile

PROFILE = profile("named", "Patient", {"id": "Patient.name", "min": 1})
XML = """<ValueSet xmlns="http://hl7.org/fhir"><url value="http://example.org/v"/><status value="draft"/></ValueSet>"""


def archive(path: Path) -> Path:
    with tarfile.open(path, "w:gz") as packed:
        for name, data in {
            "package/package.json": b'{"name": "x"}',
            "package/StructureDefinition-named.json": json.dumps(PROFILE).encode(),
            "package/example/Patient-1.json": b'{"resourceType": "Patient", "id": "1"}',
        }.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            packed.addfile(entry, io.BytesIO(data))
    return path


def test_an_archive_a_folder_and_single_files_are_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "folder" / "package"
    folder.mkdir(parents=True)
    (folder / "sd.json").write_text(json.dumps(profile("second", "Patient")), encoding="utf-8")
    (folder / "package.json").write_text("{}", encoding="utf-8")
    single = tmp_path / "v.xml"
    single.write_text(XML, encoding="utf-8")
    registry, issues = load([archive(tmp_path / "p.tgz"), folder.parent, single])
    assert issues == ()
    assert registry.structure("http://example.org/named") is not None
    assert registry.structure("http://example.org/second") is not None
    assert registry.value_set("http://example.org/v") is not None
    assert registry.literal("Patient/1") is None  # examples are not definitions


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "broken.tgz").write_bytes(b"no archive")
    _, issues = load([tmp_path / "broken.json", tmp_path / "broken.tgz", tmp_path / "absent.json"])
    assert [issue.code for issue in issues] == ["file-unreadable"] * 3


@pytest.mark.parametrize(("wanted", "version"), [("", "1.10.0"), ("|1.9.0", "1.9.0"), ("|7.0.0", "1.10.0")])
def test_the_latest_version_counts_unless_another_is_named(wanted: str, version: str) -> None:
    registry = Registry([{**PROFILE, "version": one} for one in ("1.2.0", "1.10.0", "1.9.0")])
    found = registry.structure(PROFILE["url"] + wanted)
    assert found is not None
    assert found["version"] == version


def test_a_package_comes_before_the_core() -> None:
    url = "http://hl7.org/fhir/ValueSet/administrative-gender"
    system = "http://hl7.org/fhir/administrative-gender"
    own = {
        "resourceType": "ValueSet",
        "url": url,
        "compose": {"include": [{"system": system, "concept": [{"code": "x"}]}]},
    }
    members = Registry([own]).members(url)
    assert members is not None
    assert members.codes == {"x"}
