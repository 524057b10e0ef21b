"""What the log lines of a piece of work are about: ids that each line written meanwhile carries."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token

_about: ContextVar[Mapping[str, str]] = ContextVar("log_about", default={})  # noqa: B039 - never changed, only replaced


class _Named:
    """A class, because it is entered for each call to a gateway, and a generator costs three times as much."""

    __slots__ = ("_before", "_named")

    def __init__(self, named: Mapping[str, str]) -> None:
        self._named = named

    def __enter__(self) -> None:
        self._before: Token[Mapping[str, str]] = _about.set({**_about.get(), **self._named})

    def __exit__(self, *_error: object) -> None:
        _about.reset(self._before)


def log_about(**subjects: object) -> AbstractContextManager[None]:
    """Add fields to every line logged inside: a row by its public id, anything else as text; None is left out."""
    return log_named({name: str(getattr(row, "public_id", row)) for name, row in subjects.items() if row is not None})


def log_named(named: Mapping[str, str]) -> AbstractContextManager[None]:
    """Add these fields to every line logged inside; for a caller in a hurry who has them as texts."""
    return _Named(named)


def subjects() -> Mapping[str, str]:
    """Return the fields in force here."""
    return _about.get()
