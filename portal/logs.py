"""How log lines are written: in words or as JSON, with the ids of what they are about, and without secrets."""

import logging
import re
from datetime import UTC, datetime
from typing import Any

from celery import current_task
from pythonjsonlogger.json import JsonFormatter

from portal.lib.log_context import subjects
from portal.lib.redaction import redacted

# Everything that ends a line or moves a terminal's cursor.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]")


class Subjects(logging.Filter):
    """Gives each record, as `about`, the ids of the request, the task and the rows it is about."""

    def filter(self, record: logging.LogRecord) -> bool:
        about = dict(subjects())
        # Told of when its middleware is done.
        if name := getattr(getattr(record, "request", None), "META", {}).get("REQUEST_ID"):
            about["request"] = name
        running = getattr(current_task, "request", None)
        if running is not None and running.id:
            about |= {"task": current_task.name, "task_id": running.id}
        record.about = about
        return True


class JsonLines(JsonFormatter):
    """One JSON object a line; times are UTC."""

    def __init__(self) -> None:
        super().__init__(["levelname", "name", "message"], rename_fields={"levelname": "level", "name": "logger"})

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        # What callers pass as `extra` is left out: Django passes whole requests.
        log_data["time"] = _moment(record)
        log_data |= {"level": record.levelname, "logger": record.name, "message": redacted(record.getMessage())}
        log_data |= {name: redacted(value) for name, value in getattr(record, "about", {}).items()}
        if status := getattr(record, "status_code", None):
            log_data["status"] = status
        traces = {name: str(message_dict[name]) for name in ("exc_info", "stack_info") if name in message_dict}
        log_data |= {name: redacted(text) for name, text in traces.items()}
        log_data["process"] = record.process


class TextLines(logging.Formatter):
    """A line for people: what follows a line break is set in, so that nobody can forge a line."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name} {message}{ids}", style="{")

    def formatTime(self, record: logging.LogRecord, _datefmt: str | None = None) -> str:  # noqa: N802 - of the library
        return _moment(record)

    def format(self, record: logging.LogRecord) -> str:
        about = getattr(record, "about", {})
        record.ids = f" [{' '.join(f'{name}={value}' for name, value in about.items())}]" if about else ""
        text = _CONTROL.sub(lambda found: repr(found[0])[1:-1], super().format(record))
        return redacted(text).replace("\n", "\n    ")


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")
