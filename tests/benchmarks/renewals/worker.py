"""The way into a worker process: see `working`."""

import django

if __name__ == "__main__":
    django.setup()
    from tests.benchmarks.renewals import working

    working.main()
