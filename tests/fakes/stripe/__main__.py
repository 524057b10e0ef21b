"""`python -m tests.fakes.stripe --port 12111`: the fake in a process of its own; says its address once it listens."""

import argparse
import sys
import threading

from tests.fakes.stripe.openapi import document
from tests.fakes.stripe.server import StripeServer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--until-input-ends", action="store_true", help="stop when standard input is closed")
    asked = parser.parse_args()
    with StripeServer(asked.port) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        threading.Thread(target=document().warm_up, daemon=True).start()
        if asked.until_input_ends:
            threading.Thread(target=stop_with_input, args=(server,), daemon=True).start()
        server.serve_forever(poll_interval=0.05)


def stop_with_input(server):
    """Stop when whoever started the server is gone, however that happened."""
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
