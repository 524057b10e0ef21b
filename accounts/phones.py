"""Mobile numbers: however people write them, one number has one spelling here (E.164)."""

from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class NotAPhoneNumber(ValueError):
    """The text is no number that could exist."""


def normalise(text: str, *, region: str) -> str:
    """Return the number in E.164; without a country code it is read as one of `region`."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise NotAPhoneNumber from error
    if number.extension or not phonenumbers.is_possible_number(number):
        raise NotAPhoneNumber
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class PhoneField(forms.CharField):
    """A mobile number in any spelling; blanks, brackets and dashes are the writer's business."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Mobile number"))
        kwargs.setdefault("help_text", _("With the country code, such as +1 415 555 0101."))
        kwargs.setdefault("max_length", 40)
        kwargs.setdefault("widget", forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if not text:
            return ""
        try:
            return normalise(text, region=settings.PORTAL_DEFAULT_REGION)
        except NotAPhoneNumber as error:
            raise ValidationError(
                _("This is not a mobile number. Write it with the country code, such as +1 415 555 0101."),
                code="invalid_phone",
            ) from error
