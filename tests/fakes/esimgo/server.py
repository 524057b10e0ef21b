"""The HTTP side; tests/fakes/faulty_server.py tells in which ways it fails when told to."""

import json

from django.utils import timezone

from tests.fakes.esimgo.endpoints import BASE, Endpoints
from tests.fakes.esimgo.organisation import Organisation, Refused
from tests.fakes.faulty_server import FaultyServer

API_KEY = "fake-esim-go-key-b6Yp0"


class EsimGoServer(FaultyServer):
    """Plays eSIM Go for one `organisation`."""

    def __init__(self, *, clock=timezone.now):
        self.organisation = Organisation(clock)
        self.endpoints = Endpoints(self.organisation, api_key=API_KEY)
        super().__init__(self._desk)
        self.base = f"{self.url}{BASE}"

    def asked(self, method, path):
        """Count the calls of this method to paths that end so."""
        return sum(call.method == method and call.path.endswith(path) for call in self.calls)

    def _desk(self, call, _fault):
        try:
            status, answer = self.endpoints.answer(call)
        except Refused as refusal:
            status, answer = refusal.status, {"message": refusal.message}
        return status, {"Content-Type": "application/json"}, json.dumps(answer).encode()
