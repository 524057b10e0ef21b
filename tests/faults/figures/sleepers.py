"""A sweep that stops in its tracks at one of its outside calls, as a machine does that runs out of everything."""

import itertools
import os
import signal
from collections.abc import Callable
from datetime import datetime

from billing import gateways, renewals
from esim import carriers


class Sleeper:
    """An outside world; whoever asks it falls asleep at the n-th step: before a call, or after it."""

    in_process = True
    """So that calls follow each other, and nothing is left half written in the meantime."""

    def __init__(self, world: object, steps: Callable[[], object]) -> None:
        self._world, self._steps = world, steps

    def __getattr__(self, name: str) -> object:
        found = getattr(self._world, name)
        if not callable(found):
            return found

        def call(*args: object, **kwargs: object) -> object:
            self._steps()
            answer = found(*args, **kwargs)
            self._steps()
            return answer

        return call


def sweep(*, step: int, now: datetime) -> None:
    """Renew what is due, and sleep at this step until somebody wakes the process."""
    numbers = itertools.count()

    def count() -> None:
        if next(numbers) == step:
            os.kill(os.getpid(), signal.SIGSTOP)

    gateway, carrier = Sleeper(gateways.chosen(), count), Sleeper(carriers.chosen(), count)
    renewals.renew_due(gateways={"stripe": gateway}, carrier=carrier, now=now)
