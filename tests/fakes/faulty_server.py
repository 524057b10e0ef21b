"""HTTP on a free port of the loopback interface, with an answer that fails when told to.

Faults: `drop_before` closes the connection and has done nothing, `drop_after` has done it; `429` and `503` answer so and
have done nothing, `503_after` has done it; `garbage` has done it and answers what is no JSON; `slow` has done it, and
answers later than anybody waits. Any other fault is the desk's own.
"""

import ssl
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

DONE_FIRST = frozenset({"drop_after", "503_after", "garbage", "slow"})


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str
    headers: dict
    body: bytes
    query: str = ""


class FaultyServer(ThreadingHTTPServer):
    """Hands each call to `desk(call, fault) -> (status, headers, body)`, one at a time; `calls` are all of them."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, desk, *, tls=None):
        super().__init__(("127.0.0.1", 0), _Connection)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_address[1]}"
        self.desk = desk
        self.tls = tls
        self.calls = []
        self.faults = {}
        self.released = threading.Event()
        self.lock = threading.Lock()

    def fail(self, part, *kinds):
        """Let the next calls with this in "METHOD /path" meet these faults."""
        self.faults.setdefault(part, deque()).extend(kinds)

    def fault_of(self, call):
        line = f"{call.method} {call.path}"
        return next((kinds.popleft() for part, kinds in self.faults.items() if part in line and kinds), "")

    def paths(self):
        """Return the last part of the path of each call, in order."""
        return [call.path.rpartition("/")[2] for call in self.calls]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self.released.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """Say nothing of clients that hang up, or show no certificate."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        if self.server.tls:
            # Here, in a thread of its own: a client that never shakes hands must not stop the others.
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self):
        with suppress(OSError, ssl.SSLError):
            super().finish()
        if self.server.tls:
            self.request.close()

    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        url = urlsplit(self.path)
        call = Call(self.command, url.path, dict(self.headers.items()), self.rfile.read(length), url.query)
        server = self.server
        with server.lock:
            server.calls.append(call)
            fault = server.fault_of(call)
            is_done = fault in DONE_FIRST or fault not in {"drop_before", "429", "503"}
            status, headers, body = server.desk(call, fault) if is_done else (0, {}, b"")
        if fault in {"drop_before", "drop_after"}:
            self.close_connection = True
            return
        if fault == "slow":
            server.released.wait(10)
        if fault in {"429", "503", "503_after"}:
            status, headers, body = int(fault[:3]), {"Retry-After": "0"}, b"Try later."
        if fault == "garbage":
            body = b"<html>Bad Gateway</html>"
        self._send(status, headers, body)

    def _send(self, status, headers, body):
        with suppress(OSError):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

    def log_message(self, *_args):
        """Keep quiet."""
