"""A server that takes the call and never says a word: worse than one that is gone."""

import socket
from contextlib import contextmanager


@contextmanager
def silent_server():
    """Listen on a port of this machine; connections are accepted by the system and never answered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield listener.getsockname()[1]


@contextmanager
def nobody():
    """Name a port where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    yield port
