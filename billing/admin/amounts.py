"""Amounts as staff type them."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.lib.money import Money


def amount_of(text: str, currency: str) -> Money:
    """Return what somebody typed, or say what is wrong with it (ValidationError)."""
    try:
        money = Money.parse(text, currency)
    except ValueError as error:
        raise forms.ValidationError(_("Write an amount such as 14.90.")) from error
    if money <= Money.zero(money.currency):
        raise forms.ValidationError(_("Write an amount above zero."))
    return money
