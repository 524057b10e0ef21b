"""The HTTP side: keep-alive, one thread a connection."""

import http
import json
import logging
import socketserver
from urllib.parse import urlsplit

from tests.fakes.stripe.control_desk import ControlDesk
from tests.fakes.stripe.hosted_pages import Pages
from tests.fakes.stripe.service import Answer, Call, Service

logger = logging.getLogger(__name__)
LONGEST_LINE = 65_536


class StripeServer(socketserver.ThreadingTCPServer):
    """Plays Stripe on `port` of the loopback interface (0: any free one)."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Connection)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.service = Service(self.url)
        self.controls = ControlDesk(self.service)
        self.pages = Pages(self.service)


class Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        try:
            while self._serve_one():
                pass
        except (TimeoutError, ConnectionError):
            self.close_connection = True

    def _serve_one(self):
        first = self.rfile.readline(LONGEST_LINE).decode("latin-1").split()
        if len(first) != 3:
            return False
        method, target, _ = first
        headers = {}
        while line := self.rfile.readline(LONGEST_LINE).decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0))).decode()
        url = urlsplit(target)
        answer = self._dispatch(Call(method, url.path, url.query, headers, body))
        if answer is None:
            return False
        self._send(answer)
        return headers.get("connection", "").lower() != "close"

    def _dispatch(self, call):
        try:
            if call.path.startswith("/v1/"):
                return self.server.service.answer(call)
            if call.path.startswith("/_control/"):
                return self.server.controls.answer(call)
            return self.server.pages.answer(call)
        except Exception as mistake:
            logger.exception("The fake failed at %s %s", call.method, call.path)
            self.server.service.wrong.append(f"{call.method} {call.path}: {mistake!r}")
            body = {"error": {"type": "api_error", "message": f"The fake failed: {mistake!r}"}}
            return Answer(500, json.dumps(body).encode(), {"Stripe-Should-Retry": "false"})

    def _send(self, answer):
        head = [f"HTTP/1.1 {answer.status} {http.HTTPStatus(answer.status).phrase}"]
        fields = {"Content-Type": answer.kind, "Content-Length": len(answer.body), **answer.headers}
        head += [f"{name}: {value}" for name, value in fields.items()]
        self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + answer.body)
