"""A real HTTP server that takes what rest-hooks send, and can be told to refuse."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Taken:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value


@dataclass
class Receiver:
    """`answers` are the status codes of the next calls; then 200."""

    url: str = ""
    taken: list[Taken] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    def wait(self, count: int, seconds: float = 15, of: Callable[[Taken], bool] = lambda _: True) -> list[Taken]:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            found = [one for one in self.taken if of(one)]
            if len(found) >= count:
                return found
            time.sleep(0.01)
        raise AssertionError(f"{len([one for one in self.taken if of(one)])} of {count} came")


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            state.under_way += 1
            state.most_under_way = max(state.most_under_way, state.under_way)
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            code = state.answers.pop(0) if state.answers else 200
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.taken.append(Taken(self.command, self.path, headers, body))
            self.send_response(code)
            if code in (301, 302, 307):
                self.send_header("location", state.url + "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()
            state.under_way -= 1

        do_POST = do_PUT = do_GET = _take

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
