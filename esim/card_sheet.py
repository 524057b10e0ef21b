"""The sheet of cards: one row a card, taken into stock whole or not at all.

With a column `pin` the cards were sold elsewhere and are bound by their PIN, so every row needs one. Without it they
are eSIM profiles for sale in the portal. A PIN is hashed when its row is saved and is nowhere else afterwards.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from import_export.fields import Field
from import_export.widgets import Widget
from tablib import Dataset  # type: ignore[import-untyped]

from esim.identifiers import NotAnIccid, has_luhn_digit, normalised_iccid
from esim.models import Line, SimCard, SimProfile
from esim.pins import is_pin, set_pin
from portal.lib.sheets import SheetOptions, SheetResource, cell_text

MOST_ROWS = 2000
MSISDN = re.compile(r"\+[1-9][0-9]{6,14}")
PUK = re.compile(r"[0-9]{8}")
PAGE = 1000


class TextColumn(Widget):  # type: ignore[misc]
    """Short text; `pattern`, where given, with the sentence for what does not fit it."""

    def __init__(self, *, longest: int, pattern: re.Pattern[str] | None = None, fault: str = "") -> None:
        self.longest = longest
        self.pattern = pattern
        self.fault = fault

    def clean(self, value: object, **_kwargs: Any) -> str:
        text = cell_text(value)
        if len(text) > self.longest:
            raise ValidationError(gettext("Longer than %(count)d characters.") % {"count": self.longest})
        if text and self.pattern and not self.pattern.fullmatch(text):
            raise ValidationError(gettext(self.fault))
        return text

    def render(self, value: object, **_kwargs: Any) -> str:
        return "" if value is None else str(value)


class FormColumn(TextColumn):
    """Empty means eSIM."""

    def clean(self, value: object, **kwargs: Any) -> str:
        text = super().clean(value, **kwargs).lower() or str(Line.Form.ESIM)
        if text not in Line.Form.values:
            told = {"text": text, "allowed": ", ".join(Line.Form.values)}
            raise ValidationError(gettext("“%(text)s” is not one of: %(allowed)s.") % told)
        return text


class CarrierColumn(TextColumn):
    """Empty means the one this portal works with."""

    def clean(self, value: object, **kwargs: Any) -> str:
        return super().clean(value, **kwargs) or str(settings.CARRIER)


class SecretField(Field):  # type: ignore[misc]
    """Of a secret the preview shows that there is one."""

    def save(self, instance: SimCard, row: Any, _is_m2m: bool = False, **kwargs: Any) -> None:  # noqa: FBT001, FBT002
        instance.__dict__[f"typed_{self.column_name}"] = self.clean(row, **kwargs)

    def get_value(self, instance: SimCard) -> str:
        return "••••" if instance.__dict__.get(f"typed_{self.column_name}") else ""


class CardResource(SheetResource):
    """Takes cards into stock at `now`; never changes one that is there."""

    iccid = Field("iccid", "iccid", TextColumn(longest=40))
    pin = SecretField("pin", "pin", TextColumn(longest=20))
    msisdn = Field(
        "msisdn",
        "msisdn",
        TextColumn(longest=16, pattern=MSISDN, fault=gettext_noop("A number is written like +14155550123.")),
    )
    profile_type = Field("profile_type", "profile_type", TextColumn(longest=64))
    puk = SecretField("puk", "puk", TextColumn(longest=20, pattern=PUK, fault=gettext_noop("A PUK has 8 digits.")))
    form = Field("form", "form", FormColumn(longest=8))
    carrier = Field("carrier", "carrier", CarrierColumn(longest=20))
    batch = Field("batch", "batch", TextColumn(longest=80))

    class Meta(SheetOptions):
        model = SimCard
        exclude = tuple(field.name for field in SimCard._meta.get_fields())  # noqa: SLF001
        import_id_fields = ("iccid",)
        # The PIN is not in the model, so the library can't see that a row changes something.
        skip_unchanged = False

    def __init__(self, *, now: datetime | None = None, most_rows: int | None = MOST_ROWS, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.now = now or timezone.now()
        self.most_rows = most_rows
        self.with_pins = False
        self.taken: set[str] = set()
        self.taken_numbers: set[str] = set()
        self.lines_of_number: dict[str, list[int]] = {}

    def get_queryset(self) -> QuerySet[SimCard]:
        return SimCard.objects.none()

    def init_instance(self, _row: Any = None) -> SimCard:
        return SimCard(carrier=settings.CARRIER, imported_at=self.now)

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        super().before_import(dataset, **kwargs)
        if self.most_rows is not None and len(dataset) > self.most_rows:
            told = gettext("The sheet has %(count)d rows, and a page takes %(most)d. Load it by “import_cards FILE”.")
            raise ValidationError(told % {"count": len(dataset), "most": self.most_rows})
        self.with_pins = "pin" in dataset.headers
        iccids = [key[0] for key in self.lines]
        self.taken = _found(SimCard.objects.all(), "iccid", iccids) | _found(SimProfile.objects.all(), "iccid", iccids)
        self._look_up_numbers(dataset)

    def _look_up_numbers(self, dataset: Dataset) -> None:
        for line, row in enumerate(dataset.dict, start=2):
            if number := cell_text(row.get("msisdn")):
                self.lines_of_number.setdefault(number, []).append(line)
        numbers = list(self.lines_of_number)
        in_stock = SimCard.objects.exclude(state=SimCard.State.WITHDRAWN)
        self.taken_numbers = _found(in_stock, "msisdn", numbers) | _found(Line.objects.in_use(), "msisdn", numbers)

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Tell all that is wrong with a row at once, and never what its PIN is."""
        super().before_import_row(row, **kwargs)
        faults = {
            "iccid": self._fault_of_iccid(row),
            "pin": self._fault_of_pin(row),
            "msisdn": self._fault_of_number(row),
            "carrier": self._fault_of_carrier(row),
        }
        if told := {name: fault for name, fault in faults.items() if fault}:
            raise ValidationError(told)
        row["iccid"] = self._key(row)[0]

    def _fault_of_iccid(self, row: Any) -> str:
        key = self._key(row)[0]
        try:
            normalised_iccid(key)
        except NotAnIccid:
            return gettext("An ICCID has 19 or 20 digits; in a spreadsheet, its cells have to be text.")
        return gettext("This card is in stock already, or on a line.") if key in self.taken else ""

    def _fault_of_pin(self, row: Any) -> str:
        pin = cell_text(row.get("pin"))
        if pin and not is_pin(pin):
            return gettext("A PIN has 4 to 8 digits; in a spreadsheet, its cells have to be text.")
        if not pin and self.with_pins:
            return gettext("The PIN is missing. Cards for sale in the portal come in a sheet without the column.")
        if not pin and cell_text(row.get("form")).lower() == Line.Form.PHYSICAL:
            return gettext("A physical card is bound by its PIN, so it needs one.")
        return ""

    def _fault_of_number(self, row: Any) -> str:
        number = cell_text(row.get("msisdn"))
        if number in self.taken_numbers:
            return gettext("This number is on another card or line.")
        lines = self.lines_of_number.get(number, [])
        told = {"code": number, "lines": ", ".join(map(str, lines))}
        return gettext("“%(code)s” stands on lines %(lines)s.") % told if len(lines) > 1 else ""

    def _fault_of_carrier(self, row: Any) -> str:
        named = cell_text(row.get("carrier"))
        wrong = named and named != settings.CARRIER
        return gettext("This portal works with %(carrier)s.") % {"carrier": settings.CARRIER} if wrong else ""

    def before_save_instance(self, instance: SimCard, _row: Any, **kwargs: Any) -> None:
        instance.puk = instance.__dict__.get("typed_puk", "")
        # Thousands of slow hashes: not for a preview.
        if not kwargs.get("dry_run") and (pin := instance.__dict__.get("typed_pin")):
            set_pin(instance, pin=pin, now=self.now)

    def after_import(self, _dataset: Dataset, result: Any, **_kwargs: Any) -> None:
        """Keep of a faulty row its number only, and note whose check digit is wrong: real cards have such numbers."""
        for row in result.invalid_rows:
            row.values = row.values[:1]
        result.doubtful = [
            lines[0] for (iccid,), lines in self.lines.items() if iccid.isdigit() and not has_luhn_digit(iccid)
        ]

    def _key(self, row: Any) -> tuple[str, ...]:
        text = cell_text(row["iccid"])
        try:
            return (normalised_iccid(text),)
        except NotAnIccid:
            return (text,)


def _found(rows: QuerySet[Any], column: str, values: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(values), PAGE):
        page = values[start : start + PAGE]
        found.update(rows.filter(**{f"{column}__in": page}).values_list(column, flat=True))
    return found
