"""qiao show: a resource with its versions, or a message of the journal; personal values are masked unless asked for."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def command(
    what: Annotated[
        str, typer.Argument(help="Type/id, Type/id/_history/n, or the number of a message in the journal.")
    ],
    database: Annotated[str | None, typer.Option(help="sqlite:///path.db or postgresql://…")] = None,
    versions: Annotated[
        bool, typer.Option("--versions", help="All versions of the resource, the newest first.")
    ] = False,
    unmask: Annotated[bool, typer.Option("--unmask", help="Show names, identifiers and contacts as they are.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a resource, its versions, or a message of the journal; names and identifiers masked unless --unmask."""
    if what.isascii() and what.isdigit():
        _message(int(what), database, unmask=unmask, as_json=json)
    else:
        _resource(what + "/_history" if versions else what, database, unmask=unmask)


def _resource(address: str, database: str | None, *, unmask: bool) -> None:
    from fhir_server.commands.output import Exit, fail
    from fhir_server.commands.sources import from_database
    from fhir_server.masking import masked
    from fhir_server.store.body import parse
    from profiles.json_output import dump_pretty

    status, body = from_database(database, address)
    resource = parse(body)
    if status >= 400:
        why = resource["issue"][0].get("diagnostics", "")
        fail(f"{why}", Exit.FINDINGS, "`qiao search Type` lists what there is.")
    print(dump_pretty(resource if unmask else masked(resource)).decode())


def _message(number: int, database: str | None, *, unmask: bool, as_json: bool) -> None:
    from fhir_server.commands.output import Exit, fail, show
    from fhir_server.commands.sources import opened
    from fhir_server.security.scope import EVERYTHING
    from fhir_server.store.journal import entry

    with opened(database) as store, store.read() as connection:
        found = entry(connection, EVERYTHING, number)
    if found is None:
        fail(f"the journal has no message {number}", Exit.FINDINGS)
    shown = _shown(found, unmask=unmask)
    if as_json:
        show(shown)
        return
    for name, value in shown.items():
        if name not in ("raw", "answer", "issues"):
            print(f"{name:18} {value}")
    for issue in shown["issues"]:
        print(f"  {issue['severity']:11} {issue['code']} {issue['location'] or issue['expression']}")
    for name in ("raw", "answer"):
        print(f"\n{name}:\n" + shown[name].replace("\r\n", "\n").replace("\r", "\n"))


def _shown(found: Any, *, unmask: bool) -> dict[str, Any]:
    from fhir_server.masking import HIDDEN, masked_message
    from fhir_server.store.body import instant

    charset = found.charset or "utf-8"
    texts = {name: _decoded(getattr(found, name), charset) for name in ("raw", "answer")}
    return {
        "message": found.id,
        "received": instant(found.received),
        "event_time": instant(found.event_time) if found.event_time else "",
        "endpoint": found.endpoint,
        "site": found.site,
        "sender": f"{found.application}/{found.facility}",
        "control_id": found.control_id,
        "type": found.type,
        "version": found.message_version,
        "charset": f"{charset} (declared: {found.charset_declared or 'none'})",
        "status": found.status,
        "verdict": found.verdict,
        "original": found.original or "",
        "patient": found.patient_key,
        "order": found.order_key if unmask else (HIDDEN if found.order_key else ""),
        "resources": found.resources,
        "unaccounted": found.unaccounted,
        "sha256": found.sha256.hex(),
        "issues": found.issues,
        **{name: text if unmask else masked_message(text) for name, text in texts.items()},
    }


def _decoded(raw: bytes, charset: str) -> str:
    try:
        return bytes(raw).decode(charset, "replace")
    except LookupError:
        return bytes(raw).decode("latin-1")
