"""The outlet sheet: one row an outlet, found by its code. Exported and imported again it changes nothing."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from import_export.fields import Field

from accounts.time_zones import offered_zones
from esim.models import Outlet
from esim.opening_hours import BadHours, exceptions_text, parse_exceptions, parse_week, week_text
from plans.columns import FlagColumn, TextColumn
from plans.countries import country_names
from portal.lib.sheets import SheetOptions, SheetResource


class DegreesColumn(TextColumn):
    """Degrees with up to six decimals."""

    def clean(self, value: object, **kwargs: Any) -> Any:
        text = super().clean(value, **kwargs)
        try:
            degrees = Decimal(text)
        except InvalidOperation:
            degrees = Decimal("NaN")
        if not degrees.is_finite():
            raise ValidationError(gettext("“%(text)s” is no number of degrees.") % {"text": text[:40]})
        return round(degrees, 6)


class CountryColumn(TextColumn):
    def clean(self, value: object, **kwargs: Any) -> Any:
        code = super().clean(value, **kwargs).upper()
        if code not in country_names("en"):
            raise ValidationError(
                gettext("Not codes of countries: %(codes)s. Write them like FR DE.") % {"codes": code[:20]}
            )
        return code


class ZoneColumn(TextColumn):
    def clean(self, value: object, **kwargs: Any) -> Any:
        name = super().clean(value, **kwargs) or "UTC"
        if name not in offered_zones():
            raise ValidationError(
                gettext("No time zone is called “%(text)s”. Write it like Asia/Taipei.") % {"text": name[:40]}
            )
        return name


class HoursColumn(TextColumn):
    """Opening hours in one cell: a day or span of days a line, or with semicolons between."""

    def __init__(self, *, read: Any, write: Any) -> None:
        self.read, self.write = read, write

    def clean(self, value: object, **kwargs: Any) -> Any:
        try:
            return self.read(super().clean(value, **kwargs))
        except BadHours as error:
            raise ValidationError(str(error)) from error

    def render(self, value: object, **_kwargs: Any) -> str:
        return str(self.write(value)).replace("\n", "; ") if isinstance(value, dict) else ""


class OutletResource(SheetResource):
    code = Field("code", "code", TextColumn())
    name = Field("name", "name", TextColumn())
    name_zh_hans = Field("name_zh_hans", "name_zh_hans", TextColumn())
    name_zh_hant = Field("name_zh_hant", "name_zh_hant", TextColumn())
    city = Field("city", "city", TextColumn())
    city_zh_hans = Field("city_zh_hans", "city_zh_hans", TextColumn())
    city_zh_hant = Field("city_zh_hant", "city_zh_hant", TextColumn())
    address = Field("address", "address", TextColumn())
    address_zh_hans = Field("address_zh_hans", "address_zh_hans", TextColumn())
    address_zh_hant = Field("address_zh_hant", "address_zh_hant", TextColumn())
    country = Field("country", "country", CountryColumn())
    latitude = Field("latitude", "latitude", DegreesColumn())
    longitude = Field("longitude", "longitude", DegreesColumn())
    phone = Field("phone", "phone", TextColumn())
    time_zone = Field("time_zone", "time_zone", ZoneColumn())
    weekly_hours = Field("weekly_hours", "weekly_hours", HoursColumn(read=parse_week, write=week_text))
    exceptions = Field("exceptions", "exceptions", HoursColumn(read=parse_exceptions, write=exceptions_text))
    gives_sims = Field("gives_sims", "gives_sims", FlagColumn())
    checks_identity = Field("checks_identity", "checks_identity", FlagColumn())
    takes_payment = Field("takes_payment", "takes_payment", FlagColumn())
    is_active = Field("is_active", "is_active", FlagColumn())

    class Meta(SheetOptions):
        model = Outlet
        exclude = ("id", "public_id")
        import_id_fields = ("code",)
