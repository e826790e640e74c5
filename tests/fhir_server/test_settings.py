"""What a setting makes of texts of the environment, of TOML values, and of what does not fit."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from fhir_server.security.secret import Secret
from fhir_server.settings import Settings, SettingsError, load, meanings, names


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("port", "8081", 8081),
        ("mllp_port", "-1", -1),
        ("trust_forwarded", "true", True),
        ("http_messages", "0", False),
        ("referential_integrity", "False", False),
        ("sites", "/etc/qiao/sites", Path("/etc/qiao/sites")),
        ("language", "en", "en"),
        ("cursor_key", "k", Secret("k")),
        (
            "subscription_endpoints",
            '["https://a.example/", "https://b.example/"]',
            ("https://a.example/", "https://b.example/"),
        ),
    ],
)
def test_a_text_of_the_environment_becomes_a_value(
    name: str, text: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"QIAO_{name.upper()}", text)
    assert getattr(load(), name) == value


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("port", "65536", "port: Expected `int` <= 65535"),
        ("mllp_port", "-2", "mllp_port: Expected `int` >= -1"),
        ("port", "80.5", "port: Expected `int`, got `str`"),
        ("port", "", "port: Expected `int`, got `str`"),
        ("trust_forwarded", "perhaps", "trust_forwarded: Expected `bool`, got `str`"),
        ("log_level", "loud", "log_level: Invalid enum value"),
        ("subscription_endpoints", "https://a.example/", "subscription_endpoints: JSON is malformed"),
        ("subscription_endpoints", "[1]", "subscription_endpoints: Expected `str`, got `int`"),
    ],
)
def test_a_text_that_does_not_fit_is_refused_with_the_name_and_what_it_has_to_be(
    name: str, text: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"QIAO_{name.upper()}", text)
    with pytest.raises(SettingsError, match=complaint):
        load()


@pytest.mark.parametrize(
    ("toml", "name", "value"),
    [
        ("http_messages = false", "http_messages", False),
        ('subscription_endpoints = ["*"]', "subscription_endpoints", ("*",)),
        ('drop_folder = "in"', "drop_folder", Path("in")),
    ],
)
def test_a_file_gives_values_of_its_own_types(toml: str, name: str, value: object, tmp_path: Path) -> None:
    file = tmp_path / "qiao.toml"
    file.write_text(toml)
    assert getattr(load(file), name) == value


@pytest.mark.parametrize(
    "given", [{"port": True}, {"port": 80.5}, {"host": 1}, {"http_messages": 2}, {"sites": 1}, {"cursor_key": 1}]
)
def test_a_value_of_another_type_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(given))):
        Settings(**given)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(SettingsError, match=r"^port: .*; page_size: .*; language: "):
        Settings(port=-1, page_size=0, language="fr")  # type: ignore[arg-type]


def test_a_refusal_does_not_repeat_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIAO_PORT", "hunter2")
    with pytest.raises(SettingsError) as refused:
        load()
    assert "hunter2" not in str(refused.value)


def test_half_a_tls_setting_is_refused() -> None:
    with pytest.raises(SettingsError, match="are given together"):
        Settings(mllp_certificate=Path("c.pem"))
    with pytest.raises(SettingsError, match="needs mllp_certificate"):
        Settings(mllp_client_authorities=Path("a.pem"))


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


def test_every_default_fits_and_every_setting_says_what_it_is_for() -> None:
    assert all(meanings()[name] for name in names())
    assert Settings().port == 8080


def test_a_secret_is_written_as_stars() -> None:
    assert "hunter2" not in f"{Secret('hunter2')} {Secret('hunter2')!r}"
    assert Secret("hunter2").get_secret_value() == "hunter2"
