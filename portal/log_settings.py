"""Where log lines go and in which form."""

from typing import Any

TEXT, JSON = "text", "json"
FORMS = (TEXT, JSON)


def logging_settings(*, level: str, form: str) -> dict[str, Any]:
    """Return Django's LOGGING: everything to standard error, in one form."""
    formatters = {TEXT: "portal.logs.TextLines", JSON: "portal.logs.JsonLines"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"subjects": {"()": "portal.logs.Subjects"}},
        "formatters": {name: {"()": path} for name, path in formatters.items()},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": form, "filters": ["subjects"]}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # At DEBUG it would write text messages into the log, one-time codes included.
            "apprise": {"level": "WARNING"},
            # At INFO it writes a line a request, at DEBUG what is sent, e-mail addresses included.
            "stripe": {"level": "WARNING"},
            # At INFO it tells which letters a document has.
            "fontTools": {"level": "WARNING"},
        },
    }
