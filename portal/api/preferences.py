"""The settings of an account: name, language, clock, money, where notices go and when they wait."""

from datetime import time
from http import HTTPStatus
from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from accounts.api_tokens import ACCOUNT_READ, ACCOUNT_WRITE
from accounts.models import User
from accounts.preferences import PreferencesForm
from portal.api.door import ApiRequest, Needs
from portal.api.refusals import refused, refused_form
from portal.api.shapes import Shape, Wish, problems

router = Router(tags=["account"], by_alias=True)

Hour = Annotated[
    str | None, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["22:00"], description="By the own clock.")
]


class SettingsShape(Shape):
    """What somebody chose about themselves."""

    email: str
    full_name: str
    language: str
    time_zone: str
    currency: str
    notify_by_email: bool
    notify_by_sms: bool
    can_get_sms: Annotated[bool, Field(description="Whether a mobile number is confirmed.")]
    quiet_from: str | None
    quiet_until: str | None


class SettingsWish(Wish):
    """What is to change; what is left out stays. Quiet hours have both ends, or, with null, none."""

    full_name: Annotated[str, Field(max_length=120)] = ""
    language: Annotated[str, Field(max_length=10, examples=["en", "zh-hans"])] = ""
    time_zone: Annotated[str, Field(max_length=64, examples=["Asia/Taipei"])] = ""
    currency: Annotated[str, Field(max_length=3)] = ""
    notify_by_email: bool = True
    notify_by_sms: bool = False
    quiet_from: Hour = None
    quiet_until: Hour = None


@router.get("/settings", response={200: SettingsShape, **problems(422)}, auth=Needs(ACCOUNT_READ), url_name="settings")
def get_settings(request: ApiRequest) -> Any:
    """Return your settings. How you sign in is for the pages."""
    return _settings_of(request.owner)


@router.patch("/settings", response={200: SettingsShape, **problems(400, 409, 422)}, auth=Needs(ACCOUNT_WRITE))
def change_settings(request: ApiRequest, wish: SettingsWish) -> Any:
    """Change your settings: name, language, time zone, currency, where notices go, and quiet hours."""
    user = User.objects.get(pk=request.owner.pk)
    wished = wish.model_dump(exclude_unset=True)
    before = PreferencesForm(instance=user)
    if wished.get("notify_by_sms") and not before.can_get_sms:
        raise refused(HTTPStatus.CONFLICT, "cannot-save", "SMS needs a mobile number that is confirmed.")
    form = PreferencesForm({**before.initial, **wished}, instance=user)
    if not form.is_valid():
        raise refused_form(form, "cannot-save")
    form.save()
    return _settings_of(User.objects.get(pk=user.pk))


def _settings_of(user: User) -> SettingsShape:
    return SettingsShape(
        email=user.email,
        full_name=user.full_name,
        language=user.language,
        time_zone=user.time_zone,
        currency=user.currency,
        notify_by_email=user.notify_by_email,
        notify_by_sms=user.notify_by_sms,
        can_get_sms=PreferencesForm(instance=user).can_get_sms,
        quiet_from=_written(user.quiet_from),
        quiet_until=_written(user.quiet_until),
    )


def _written(hour: time | None) -> str | None:
    return hour.strftime("%H:%M") if hour else None
