"""The way into a worker process: see `working`."""

import django

if __name__ == "__main__":
    django.setup()
    from portal.lib.long_lived import spare_the_collector
    from tests.benchmarks.renewals import working

    spare_the_collector()  # as a worker of ours does
    working.main()
