"""`POST /_control/<name>` with a JSON object: calls the control of that name and answers with what it returns."""

import json
import random

from tests.fakes.stripe import deliveries
from tests.fakes.stripe.account import Asker
from tests.fakes.stripe.controls import Controls
from tests.fakes.stripe.problems import Problem
from tests.fakes.stripe.service import Answer

NAMES = {name for name in vars(Controls) if not name.startswith("_")}


class ControlDesk:
    def __init__(self, service):
        self._account = service.account
        self._controls = Controls(service)

    def answer(self, call):
        name = call.path.removeprefix("/_control/")
        arguments = json.loads(call.body or "{}")
        try:
            if name == "deliver":
                result = self._deliver(**arguments)
            elif name in NAMES:
                with self._account.lock:
                    self._account.asker = Asker()
                    result = getattr(self._controls, name)(**arguments)
            else:
                return Answer(404, json.dumps({"error": {"message": f"No control {name}"}}).encode())
        except Problem as problem:
            return Answer(409, json.dumps(problem.body()).encode())
        return Answer(200, json.dumps(result).encode())

    def _deliver(self, *, to, secrets, events=None, copies=1, shuffled=None, at_once=1, at=None):
        """Post events (all, oldest first, unless named) and return the statuses answered; the account is not locked meanwhile."""
        with self._account.lock:
            named = list(self._account.tables["event"]) if events is None else events
            letters = self._controls.letters(named, secrets, at)
        letters = [one for one in letters for _ in range(copies)]
        if shuffled is not None:
            random.Random(shuffled).shuffle(letters)  # noqa: S311 - repeatable, not secret
        return deliveries.post_all(to, letters, at_once=at_once)
