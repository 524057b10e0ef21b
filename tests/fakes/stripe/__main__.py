"""`python -m tests.fakes.stripe --port 12111`: the fake in a process of its own; says its address once it listens."""

import argparse
import sys
import threading

from tests.fakes.stripe.openapi import document
from tests.fakes.stripe.server import StripeServer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    with StripeServer(parser.parse_args().port) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        threading.Thread(target=document().warm_up, daemon=True).start()
        server.serve_forever()


if __name__ == "__main__":
    main()
