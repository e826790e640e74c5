"""The settings of a server: command line over `QIAO_*` environment over `qiao.toml` over defaults.

An unknown key in the file is refused, and the message names the keys there are.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from fhir_server.security.secret import Secret


class SettingsError(ValueError):
    """The settings cannot be used; the message says which key, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting is documented in docs/reference/settings.md; a test keeps the two together.

    Raises SettingsError for values that do not fit.
    """

    host: Annotated[str, Meta(description="address the HTTP server listens on")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="port of the HTTP server; 0 takes a free one")] = 8080
    mllp_host: Annotated[str, Meta(description="address the MLLP listener listens on")] = "127.0.0.1"
    mllp_port: Annotated[int, Meta(ge=-1, le=65535, description="port of the MLLP listener; 0 a free one, -1 none")] = (
        2575
    )
    database: Annotated[str, Meta(description="sqlite:///path.db or postgresql://user@host/name")] = "sqlite:///qiao.db"
    base_url: Annotated[
        str, Meta(description="public base of the FHIR API, e.g. https://fhir.example.cn/fhir; empty: as asked")
    ] = ""
    trust_forwarded: Annotated[
        bool,
        Meta(description="links follow Forwarded and X-Forwarded-* headers: only behind a proxy that sets them itself"),
    ] = False
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description='addresses of proxies whose headers `trust_forwarded` follows, e.g. ["10.0.0.0/8"];'
            " none: whoever connects"
        ),
    ] = ()
    cors_origins: Annotated[
        str, Meta(description="web origins whose pages may call the API, by commas; * for all; empty: none")
    ] = ""
    body_limit: Annotated[int, Meta(ge=1024, description="largest request body in bytes")] = 32 * 1024 * 1024
    page_size: Annotated[int, Meta(ge=1, le=10_000, description="matches on a page when _count is not given")] = 20
    page_most: Annotated[int, Meta(ge=1, le=10_000, description="greatest _count")] = 1000
    delete_most: Annotated[
        int, Meta(ge=1, le=100_000, description="resources one conditional delete may take; 1 refuses several matches")
    ] = 1000
    bundle_most: Annotated[int, Meta(ge=1, le=1_000_000, description="entries a batch or a transaction may have")] = (
        20_000
    )
    referential_integrity: Annotated[
        bool,
        Meta(
            description="REST writes may not refer to what is not there, nor delete what is referred to;"
            " never v2 messages"
        ),
    ] = True
    read_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=86400,
            description="seconds a search or another read may work in the database before it is stopped; 0: no limit",
        ),
    ] = 30
    condition_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=3600,
            description="seconds the conditions of one write may work in the database, while other writes wait,"
            " before it is refused; 0: no limit",
        ),
    ] = 5
    threads: Annotated[int, Meta(ge=1, le=256, description="threads that read from the database")] = 8
    cursor_key: Annotated[
        Secret,
        Meta(
            description="secret that signs page links; the same for all servers of one store;"
            " default: a new one at start"
        ),
    ] = field(default_factory=lambda: Secret(secrets.token_hex(32)))
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="least level that is logged")
    ] = "info"
    unknown_senders: Annotated[
        Literal["accept", "refuse"],
        Meta(description="MLLP messages of senders no site registers: kept apart as an institution each, or AR"),
    ] = "accept"
    mllp_limit: Annotated[int, Meta(ge=1024, description="largest MLLP frame in bytes")] = 16 * 1024 * 1024
    mllp_certificate: Annotated[Path | None, Meta(description="PEM certificate chain: MLLP over TLS")] = None
    mllp_key: Annotated[Path | None, Meta(description="PEM key of the certificate")] = None
    mllp_client_authorities: Annotated[
        Path | None, Meta(description="PEM authorities: clients must show a certificate")
    ] = None
    translators: Annotated[
        int, Meta(ge=0, le=16, description="processes that translate messages beside the one that writes; 0: none")
    ] = 1
    drop_folder: Annotated[Path | None, Meta(description="folder where senders drop message files")] = None
    http_messages: Annotated[
        bool, Meta(description="HL7 messages are taken over HTTP too: /v2/messages, /v2/soap, /v3")
    ] = True
    soap_namespace: Annotated[str, Meta(description="XML namespace of the SOAP service")] = "urn:hl7-org:v3"
    soap_operation: Annotated[str, Meta(description="name of the operation of the SOAP service")] = "HIPMessageServer"
    soap_parameter: Annotated[str, Meta(description="element of a SOAP request that holds the message")] = "message"
    soap_result: Annotated[str, Meta(description="element of a SOAP answer that holds the acknowledgement")] = "payload"
    language: Annotated[Literal["zh", "en"], Meta(description="language of the texts in acknowledgements")] = "zh"
    data_folder: Annotated[
        Path | None,
        Meta(
            description="folder for the files of exports and imports, shared by all servers of one store;"
            " default: qiao-data beside an SQLite file, or in the working directory"
        ),
    ] = None
    job_hours: Annotated[int, Meta(ge=1, le=8760, description="hours the result of an export or import is kept")] = 24
    export_file: Annotated[int, Meta(ge=1024, description="size in bytes at which an export begins its next file")] = (
        16 * 1024 * 1024
    )
    import_folder: Annotated[
        Path | None, Meta(description="folder whose NDJSON files $import may name; none: only bodies that are sent")
    ] = None
    import_limit: Annotated[int, Meta(ge=1024, description="largest NDJSON body of $import in bytes")] = (
        1024 * 1024 * 1024
    )
    subscription_endpoints: Annotated[
        tuple[str, ...],
        Meta(
            description='addresses that rest-hook Subscriptions may call, as URL prefixes; ["*"]: any;'
            " none: rest-hooks are refused"
        ),
    ] = ()
    sites: Annotated[Path | None, Meta(description="folder with the institutions' site.toml and codes.csv")] = None

    def __post_init__(self) -> None:
        wrong = []
        for name, kind in _types().items():
            try:
                object.__setattr__(self, name, _fitted(getattr(self, name), kind))
            except msgspec.DecodeError as unfit:
                wrong.append(f"{name}: {unfit}")
        if wrong:
            raise SettingsError("; ".join(wrong))
        self._whole_tls()
        self._known_proxies()

    def _whole_tls(self) -> None:
        """Half a TLS setting would silently mean plain MLLP."""
        if bool(self.mllp_certificate) != bool(self.mllp_key):
            raise SettingsError("mllp_certificate and mllp_key are given together")
        if self.mllp_client_authorities and not self.mllp_certificate:
            raise SettingsError("mllp_client_authorities needs mllp_certificate and mllp_key")

    def _known_proxies(self) -> None:
        """A proxy that is named and not trusted would be no proxy at all."""
        if self.trusted_proxies and not self.trust_forwarded:
            raise SettingsError("trusted_proxies needs trust_forwarded")
        for text in self.trusted_proxies:
            try:
                ip_network(text)
            except ValueError:
                raise SettingsError("trusted_proxies: Expected addresses or networks such as 10.0.0.0/8") from None


@cache
def _types() -> dict[str, Any]:
    return get_type_hints(Settings, include_extras=True)


def _fitted(value: Any, kind: Any) -> Any:
    """The value as the type of the setting has it: the environment holds texts, and a list there as JSON.

    Raises msgspec.DecodeError (a ValidationError is one), which does not repeat a text: it may be a secret.
    """
    plain = get_args(kind)[0]
    if plain is Secret:
        return _made(Secret, value)
    if isinstance(value, str) and get_origin(plain) is tuple:
        return msgspec.json.decode(value.encode(), type=kind)
    return msgspec.convert(value, kind, strict=False, dec_hook=_made)


def _made(kind: type, value: Any) -> Any:
    """What msgspec has no form for: a path, a secret."""
    if isinstance(value, kind):
        return value
    if isinstance(value, str):
        return kind(value)
    raise msgspec.ValidationError(f"Expected `str`, got `{type(value).__name__}`")


def meanings() -> dict[str, str]:
    """What each setting is for, in one sentence."""
    return {name: str(get_args(kind)[1].description) for name, kind in _types().items()}


def names() -> tuple[str, ...]:
    """The keys there are."""
    return tuple(_types())


def load(config: Path | None = None, **given: Any) -> Settings:
    """The settings; `given` are command-line values, None meaning not given. Raises SettingsError."""
    values = _file(config) if config is not None else {}
    values |= _environment()
    values |= {name: value for name, value in given.items() if value is not None}
    return Settings(**values)


def _file(config: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(config.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{config} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{config} is not valid TOML: {error}") from None
    unknown = sorted(set(values) - set(names()))
    if unknown:
        raise SettingsError(f"{config}: unknown key {', '.join(unknown)}. Valid keys: {', '.join(names())}")
    return values


def _environment() -> dict[str, str]:
    variables = {name: f"QIAO_{name.upper()}" for name in names()}
    return {name: os.environ[variable] for name, variable in variables.items() if variable in os.environ}
