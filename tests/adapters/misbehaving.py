"""A receiving system in a process of its own that answers as it is told: `python -m tests.adapters.misbehaving`.

Arguments: a file for the port, a file for the log, and what to do with the first messages, separated by commas; every
later one is answered AA. The log has a line for each message: MSH-10, PID-3.1, the number of the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

from adapters import mllp
from adapters.sender import control_id


def _ack(code: str, number: str) -> bytes:
    return mllp.encode(f"MSH|^~\\&|HIS|H|QIAO|C|1||ACK|A{number}|P|2.4\rMSA|{code}|{number}\r".encode())


async def _answer(how: str, number: str, writer: asyncio.StreamWriter) -> None:
    """Does what the plan says; raises `ConnectionError` when the connection is to be closed."""
    kind, _, seconds = how.partition(":")
    if kind == "late":
        await asyncio.sleep(float(seconds))
        writer.write(_ack("AA", number))
    elif kind == "wrong":
        writer.write(_ack("AA", f"not-{number}"))
    elif kind == "nameless":
        writer.write(_ack("AA", ""))
    elif kind in ("half", "half-close"):
        writer.write(_ack("AA", number)[:30])
        await writer.drain()
        if kind == "half-close":
            raise ConnectionError
    elif kind == "close":
        raise ConnectionError
    elif kind == "garbage":
        writer.write(b"\x00\xff no frame at all")
    elif kind != "silent":
        for code in kind.split("+"):  # CA+AA: enhanced mode
            writer.write(_ack(code, number))
    await writer.drain()


async def main(port_file: Path, log: Path, plan: list[str]) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        mine, framer = connections, mllp.Framer()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                for event in framer.feed(data):
                    if not isinstance(event, mllp.Frame):
                        continue
                    number = control_id(event.data)
                    patient = event.data.partition(b"\rPID|")[2].split(b"|")[2].partition(b"^")[0].decode()
                    with log.open("a") as file:
                        file.write(f"{number} {patient} {mine}\n")
                    await _answer(plan.pop(0) if plan else "AA", number, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    told = port_file.with_suffix(".new")
    told.write_text(str(server.sockets[0].getsockname()[1]))
    told.rename(port_file)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), [one for one in sys.argv[3].split(",") if one]))
