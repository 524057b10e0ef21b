"""One worker process writes the reminders that are due, and says what that took."""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import datetime

from django.db import connection

from accounts.models import Notification
from billing import reminders
from tests.benchmarks.measures import Watch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--now", type=datetime.fromisoformat, required=True)
    asked = parser.parse_args()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [backend] = cursor.fetchone() or (0,)
    watch = Watch(backend)
    reminders.send_reminders(now=asked.now)
    spent = watch.stop(Notification.objects.count())
    json.dump(asdict(spent), sys.stdout)
