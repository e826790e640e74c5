"""The settings of a server: command line over `QIAO_*` environment over `qiao.toml` over defaults.

An unknown key in the file is refused, and the message names the keys there are.
"""

from __future__ import annotations

import secrets
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsError(ValueError):
    """The settings cannot be used; the message says which key, and what to do."""


class Settings(BaseSettings):
    """Every setting is documented in docs/reference/settings.md; a test keeps the two together."""

    model_config = SettingsConfigDict(env_prefix="QIAO_", extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="address the HTTP server listens on")
    port: int = Field(default=8080, ge=0, le=65535, description="port of the HTTP server; 0 takes a free one")
    mllp_host: str = Field(default="127.0.0.1", description="address the MLLP listener listens on")
    mllp_port: int = Field(
        default=2575, ge=-1, le=65535, description="port of the MLLP listener; 0 a free one, -1 none"
    )
    database: str = Field(default="sqlite:///qiao.db", description="sqlite:///path.db or postgresql://user@host/name")
    base_url: str = Field(
        default="", description="public base of the FHIR API, e.g. https://fhir.example.cn/fhir; empty: as asked"
    )
    trust_forwarded: bool = Field(
        default=False,
        description="links follow Forwarded and X-Forwarded-* headers: only behind a proxy that sets them itself",
    )
    cors_origins: str = Field(
        default="", description="web origins whose pages may call the API, by commas; * for all; empty: none"
    )
    body_limit: int = Field(default=32 * 1024 * 1024, ge=1024, description="largest request body in bytes")
    page_size: int = Field(default=20, ge=1, le=10_000, description="matches on a page when _count is not given")
    page_most: int = Field(default=1000, ge=1, le=10_000, description="greatest _count")
    delete_most: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="resources one conditional delete may take; 1 refuses several matches",
    )
    referential_integrity: bool = Field(
        default=True,
        description="REST writes may not refer to what is not there, nor delete what is referred to; never v2 messages",
    )
    threads: int = Field(default=8, ge=1, le=256, description="threads that read from the database")
    cursor_key: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_hex(32)),
        description="secret that signs page links; the same for all servers of one store; default: a new one at start",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is logged"
    )
    unknown_senders: Literal["accept", "refuse"] = Field(
        default="accept",
        description="MLLP messages of senders no site registers: kept apart as an institution each, or AR",
    )
    mllp_limit: int = Field(default=16 * 1024 * 1024, ge=1024, description="largest MLLP frame in bytes")
    mllp_certificate: Path | None = Field(default=None, description="PEM certificate chain: MLLP over TLS")
    mllp_key: Path | None = Field(default=None, description="PEM key of the certificate")
    mllp_client_authorities: Path | None = Field(
        default=None, description="PEM authorities: clients must show a certificate"
    )
    translators: int = Field(
        default=1, ge=0, le=16, description="processes that translate messages beside the one that writes; 0: none"
    )
    drop_folder: Path | None = Field(default=None, description="folder where senders drop message files")
    http_messages: bool = Field(
        default=True, description="HL7 messages are taken over HTTP too: /v2/messages, /v2/soap, /v3"
    )
    soap_namespace: str = Field(default="urn:hl7-org:v3", description="XML namespace of the SOAP service")
    soap_operation: str = Field(default="HIPMessageServer", description="name of the operation of the SOAP service")
    soap_parameter: str = Field(default="message", description="element of a SOAP request that holds the message")
    soap_result: str = Field(default="payload", description="element of a SOAP answer that holds the acknowledgement")
    language: Literal["zh", "en"] = Field(default="zh", description="language of the texts in acknowledgements")
    data_folder: Path | None = Field(
        default=None,
        description="folder for the files of exports and imports, shared by all servers of one store;"
        " default: qiao-data beside an SQLite file, or in the working directory",
    )
    job_hours: int = Field(default=24, ge=1, le=8760, description="hours the result of an export or import is kept")
    export_file: int = Field(
        default=16 * 1024 * 1024, ge=1024, description="size in bytes at which an export begins its next file"
    )
    import_folder: Path | None = Field(
        default=None, description="folder whose NDJSON files $import may name; none: only bodies that are sent"
    )
    import_limit: int = Field(
        default=1024 * 1024 * 1024, ge=1024, description="largest NDJSON body of $import in bytes"
    )
    subscription_endpoints: list[str] = Field(
        default_factory=list,
        description='addresses that rest-hook Subscriptions may call, as URL prefixes; ["*"]: any; none: rest-hooks'
        " are refused",
    )
    sites: Path | None = Field(default=None, description="folder with the institutions' site.toml and codes.csv")

    @model_validator(mode="after")
    def _whole_tls(self) -> Settings:
        """Half a TLS setting would silently mean plain MLLP."""
        if bool(self.mllp_certificate) != bool(self.mllp_key):
            raise ValueError("mllp_certificate and mllp_key are given together")
        if self.mllp_client_authorities and not self.mllp_certificate:
            raise ValueError("mllp_client_authorities needs mllp_certificate and mllp_key")
        return self


def load(config: Path | None = None, **given: Any) -> Settings:
    """The settings; `given` are command-line values, None meaning not given. Raises SettingsError."""
    values = _file(config) if config is not None else {}
    values |= _environment_keys(values)
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**values)
    except ValueError as error:
        raise SettingsError(_explained(error)) from None


def _file(config: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(config.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{config} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{config} is not valid TOML: {error}") from None
    unknown = sorted(set(values) - set(Settings.model_fields))
    if unknown:
        raise SettingsError(
            f"{config}: unknown key {', '.join(unknown)}. Valid keys: {', '.join(Settings.model_fields)}"
        )
    return values


def _environment_keys(values: dict[str, Any]) -> dict[str, Any]:
    """What the environment says about keys of the file: there the environment wins."""
    import os

    return {name: os.environ[f"QIAO_{name.upper()}"] for name in values if f"QIAO_{name.upper()}" in os.environ}


def _explained(error: ValueError) -> str:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False)]
    return "; ".join(lines)
