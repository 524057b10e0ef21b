"""`make faults`: what holds when everything else fails, in figures; exits 1 where a gate is missed or a control holds."""

import argparse
import random
import sys

import django

from tests.fakes.stripe.fixtures import running_fake
from tests.own_database import own_database

SECRET = "whsec_of_this_endpoint"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))  # noqa: S311 - repeatable, not secret
    parser.add_argument("--quick", action="store_true", help="in small numbers, for CI")
    parser.add_argument("--only", metavar="NAME", nargs="*", help="some modules of tests/faults/figures")
    asked = parser.parse_args()
    sys.stdout.write(f"seed {asked.seed}\n")
    with (
        running_fake() as stripe,
        own_database(
            "faults",
            redis_number=6,
            DJANGO_SETTINGS_MODULE="tests.faults.figures.settings",
            PAYMENT_GATEWAY="stripe",
            STRIPE_API_BASE=stripe.url,
            STRIPE_API_KEY="rk_test_portal",
            STRIPE_WEBHOOK_SECRETS=SECRET,
            STRIPE_REQUESTS_PER_SECOND="500",
            # The library would hide half of what goes wrong.
            STRIPE_MAX_RETRIES="0",
        ),
    ):
        django.setup()
        from tests.faults.figures import programme  # noqa: PLC0415 - needs the settings above

        return programme.run(stripe, secret=SECRET, seed=asked.seed, is_quick=asked.quick, only=asked.only)


if __name__ == "__main__":
    sys.exit(main())
