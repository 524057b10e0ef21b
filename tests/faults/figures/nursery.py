"""`python -m tests.faults.figures.nursery`: forks workers and schedulers on demand, so that killing one costs no second.

Reads a wish a line from standard input (see `children.Wish`), answers with the process id, and ends with its input.
"""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable

import celery.bin.celery  # noqa: F401 - a quarter of a second that each child would need
import django

PR_SET_PDEATHSIG = 1


def main() -> None:
    django.setup()
    from tests.faults.figures import children  # noqa: PLC0415 - needs the settings

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        wish = children.Wish(**json.loads(line))
        child = os.fork()
        if child == 0:
            run(wish.grant)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


def run(child: Callable[[], object]) -> None:
    """Be the child, in a session of its own, and leave nothing of the parent's to be done twice."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    try:
        child()
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
