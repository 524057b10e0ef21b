"""What forms that let something be charged by itself ask alike: what pays, and amounts of money as people write them."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.credit_amounts import example
from billing.forms import BALANCE
from billing.models import PaymentMethod, Subscription
from billing.ways_to_pay import BOTH
from portal.lib.money import Money

MOST_TIMES = 31


class AmountField(forms.CharField):
    """Money as people write it, in a currency that the form knows; `money_in` reads it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(max_length=20, widget=widget, **kwargs)


class TimesField(forms.IntegerField):
    """How often a calendar month, at most."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
        super().__init__(min_value=1, max_value=MOST_TIMES, widget=widget, **kwargs)


class PayingForm(forms.Form):
    """Sent as a link first, so that the terms can be read, then with the consent.

    `pay_from` and `method` are what was chosen in the field `source`, looked up among the payer's own `cards`.
    """

    source = forms.CharField(max_length=60, error_messages={"required": _("Choose what pays.")})

    takes_balance = True

    def __init__(self, *args: Any, owner: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner = owner
        kept = PaymentMethod.objects.owned_by(owner).chargeable(now.date()).order_by("-is_default", "-pk")
        self.cards = {card.public_id: card for card in kept}

    def clean_source(self) -> str:
        source: str = self.cleaned_data["source"]
        if source.removeprefix(BOTH) in self.cards or (self.takes_balance and source == BALANCE):
            return source
        raise forms.ValidationError(self.fields["source"].error_messages["required"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, field in self.fields.items():
            if isinstance(field, AmountField) and cleaned.get(name) and self.money_in(name) is None:
                sentence = _("Write an amount like %(example)s.")
                self.add_error(name, sentence % {"example": example(self.owner.currency)})
        return cleaned

    @property
    def pay_from(self) -> Subscription.PayFrom:
        source = self.cleaned_data["source"]
        if source == BALANCE:
            return Subscription.PayFrom.WALLET
        both = source.startswith(BOTH)
        return Subscription.PayFrom.WALLET_THEN_METHOD if both else Subscription.PayFrom.METHOD

    @property
    def method(self) -> PaymentMethod | None:
        return self.cards.get(self.cleaned_data["source"].removeprefix(BOTH))

    @property
    def chosen(self) -> dict[str, str]:
        """What was wished for, to be sent again with the consent."""
        return {name: str(self.cleaned_data.get(name) or "") for name in self.fields}

    def money_in(self, name: str) -> Money | None:
        """Read an amount; None where nothing, or nothing readable, was written."""
        try:
            money = Money.parse(self.cleaned_data.get(name) or "", self.owner.currency)
        except ValueError:
            return None
        return money if money.minor > 0 else None
