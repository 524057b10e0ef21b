"""Cells of sheets: what each may hold, for CSV (all text) and XLSX (numbers, dates, text)."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from import_export.fields import Field
from import_export.widgets import Widget

from plans.countries import country_names
from plans.gigabytes import parse_gigabytes, plain_gigabytes
from plans.models import Plan
from plans.money_text import parse_price, plain_price
from portal.lib.money import Money
from portal.lib.sheets import cell_text

YES = frozenset({"1", "true", "yes", "y"})
NO = frozenset({"0", "false", "no", "n"})


class TextColumn(Widget):  # type: ignore[misc]
    def clean(self, value: object, **_kwargs: Any) -> str:
        return cell_text(value)

    def render(self, value: object, **_kwargs: Any) -> str:
        return "" if value is None else str(value)


class ChoiceColumn(TextColumn):
    """One of a few words; the error names them all."""

    def __init__(self, allowed: Collection[str]) -> None:
        self.allowed = list(allowed)

    def clean(self, value: object, **kwargs: Any) -> str:
        text = super().clean(value, **kwargs).lower()
        if text not in self.allowed:
            told = {"text": text[:40], "allowed": ", ".join(self.allowed)}
            raise ValidationError(gettext("“%(text)s” is not one of: %(allowed)s.") % told)
        return text


class NumberColumn(TextColumn):
    """A whole number; an empty cell is `empty`."""

    def __init__(self, *, empty: int | None) -> None:
        self.empty = empty

    def clean(self, value: object, **kwargs: Any) -> Any:
        text = super().clean(value, **kwargs)
        if not text:
            return self.empty
        if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004
            raise ValidationError(gettext("“%(text)s” is not a whole number.") % {"text": text[:40]})
        return int(text)


class GigabytesColumn(TextColumn):
    def clean(self, value: object, **kwargs: Any) -> Any:
        text = super().clean(value, **kwargs)
        return parse_gigabytes(text) if text else None

    def render(self, value: object, **_kwargs: Any) -> str:
        return plain_gigabytes(value) if isinstance(value, int) else ""


class FlagColumn(TextColumn):
    def clean(self, value: object, **kwargs: Any) -> Any:
        text = super().clean(value, **kwargs).lower()
        if text not in YES | NO:
            raise ValidationError(gettext("“%(text)s” is neither yes nor no.") % {"text": text[:40]})
        return text in YES

    def render(self, value: object, **_kwargs: Any) -> str:
        return "yes" if value else "no"


class CountriesColumn(TextColumn):
    """ISO 3166 codes with spaces between."""

    def clean(self, value: object, **kwargs: Any) -> Any:
        codes = super().clean(value, **kwargs).upper().replace(",", " ").split()
        if unknown := [code for code in codes if code not in country_names("en")]:
            raise ValidationError(
                gettext("Not codes of countries: %(codes)s. Write them like FR DE.")
                % {"codes": ", ".join(unknown)[:80]}
            )
        return list(dict.fromkeys(codes))

    def render(self, value: object, **_kwargs: Any) -> str:
        return " ".join(value) if isinstance(value, list) else ""


class WordsColumn(TextColumn):
    """Some of many words, with spaces between."""

    def __init__(self, known: Callable[[], Any]) -> None:
        self.known = known

    def clean(self, value: object, **kwargs: Any) -> Any:
        words = super().clean(value, **kwargs).lower().replace(",", " ").split()
        if unknown := set(words) - set(self.known()):
            raise ValidationError(gettext("Unknown: %(names)s.") % {"names": ", ".join(sorted(unknown))[:80]})
        return sorted(set(words))

    def render(self, value: Any, **_kwargs: Any) -> str:
        return " ".join(value or [])


class MomentColumn(TextColumn):
    """An instant in ISO 8601; a date cell of a spreadsheet is taken in the site's time zone."""

    def clean(self, value: object, **kwargs: Any) -> Any:
        text = super().clean(value, **kwargs)
        if not text:
            return None
        try:
            moment = value if isinstance(value, datetime) else parse_datetime(text) or parse_datetime(f"{text}T00:00")
        except ValueError:
            moment = None
        if moment is None:
            raise ValidationError(
                gettext("“%(text)s” is not a time. Write it like 2026-12-21T10:00Z.") % {"text": text[:40]}
            )
        return timezone.make_aware(moment) if timezone.is_naive(moment) else moment

    def render(self, value: object, **_kwargs: Any) -> str:
        return value.isoformat() if isinstance(value, datetime) else ""


class PriceColumn(Field):  # type: ignore[misc]
    """The price in one currency; an empty cell leaves the price as it is."""

    def __init__(self, currency: str, *, now: datetime) -> None:
        super().__init__(attribute=f"price_{currency}", column_name=f"price_{currency}", widget=TextColumn())
        self.currency = currency
        self.now = now

    def get_value(self, instance: Plan) -> str | None:
        """Return the price about to be stored, else the one in force."""
        wanted = self.wanted(instance)
        minor = wanted.minor if wanted is not None else instance.prices_at(self.now).get(self.currency)
        return None if minor is None else plain_price(minor, self.currency)

    def wanted(self, instance: Plan) -> Money | None:
        """Return the price a sheet asks for."""
        return vars(instance).get(self.attribute)

    def save(self, instance: Plan, row: Any, *_args: Any, **_kwargs: Any) -> None:
        text = cell_text(row[self.column_name])
        if text:
            vars(instance)[self.attribute] = parse_price(text, self.currency)
