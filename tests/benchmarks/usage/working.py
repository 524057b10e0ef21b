"""One worker process reads a file of records, counts them, and says what each took."""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from django.db import connection

from esim.intake import take_in
from esim.intake_formats import from_file, pieces
from esim.rating import rate_due
from tests.benchmarks.measures import Watch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--now", type=datetime.fromisoformat, required=True)
    asked = parser.parse_args()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [backend] = cursor.fetchone() or (0,)
    watch = Watch(backend)
    with asked.file.open("rb") as file:
        counts = take_in(records=from_file(pieces(file.read)), source="core", now=asked.now)
    taken = watch.stop(counts.new)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    watch = Watch(backend)
    count = rate_due(now=asked.now)
    rated = watch.stop(count)
    json.dump(
        {"taken": asdict(taken), "rated": asdict(rated), "counts": [counts.repeated, counts.put_aside]}, sys.stdout
    )
