"""qiao search: a FHIR search from the command line, on a store or on a server."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def command(
    query: Annotated[
        str, typer.Argument(help='"Observation?patient=X&_sort=-date", or "journal?site=X&status=refused".')
    ],
    database: Annotated[str | None, typer.Option(help="sqlite:///path.db or postgresql://…")] = None,
    server: Annotated[str | None, typer.Option(help="Base URL of any FHIR server, instead of a database.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the Bundle.")] = False,
) -> None:
    """Search the store (or a FHIR server) with a FHIR search; lists what matches, --json prints the Bundle."""
    from fhir_server.commands.output import Exit, fail, say, show_bytes
    from fhir_server.commands.sources import from_database, from_server
    from fhir_server.store.body import parse

    kind, _, asked = query.strip().lstrip("/").partition("?")
    if kind == "journal":
        from fhir_server.commands.journal_search import search_journal

        search_journal(asked, database, as_json=json)
        return
    status, body = from_server(server, query) if server else from_database(database, query)
    if json:
        show_bytes(body)
    if status >= 400:
        if not json:
            for issue in parse(body).get("issue", []):
                say(f"{issue['severity']}: {issue.get('diagnostics', issue['code'])}")
        fail("the search was refused", Exit.USAGE, "See the search parameters of the type at /fhir/metadata.")
    if not json:
        _list(parse(body))


def _list(bundle: dict[str, Any]) -> None:
    from fhir_server.commands.output import say

    for entry in bundle.get("entry", []):
        resource = entry.get("resource", {})
        meta = resource.get("meta", {})
        mark = "" if entry.get("search", {}).get("mode") == "match" else "  (included)"
        name = f"{resource.get('resourceType')}/{resource.get('id')}"
        print(f"{name}  v{meta.get('versionId', '?')}  {meta.get('lastUpdated', '')}{mark}")
    following = next((link["url"] for link in bundle.get("link", []) if link["relation"] == "next"), "")
    total = bundle.get("total")
    say(f"{'many' if total is None else total} match" + (f"; next page: {following}" if following else ""))
