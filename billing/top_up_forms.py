"""What a subscriber wants bought, or added, when it runs low: from when on, paid by what, up to which limits."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.credit_amounts import amounts_in
from billing.paying_forms import AmountField, PayingForm, TimesField
from portal.lib.money import Money, format_money

PERCENTS = (5, 10, 20, 30)


class TopUpForm(PayingForm):
    """What both kinds of rule ask for."""

    max_times = TimesField(label=_("Times a month, at most"), initial=3)
    max_amount = AmountField(
        label=_("Money a month, at most"),
        required=False,
        help_text=_("Left empty, it is the price times the number above."),
    )

    def most_a_month(self, price: Money) -> Money | None:
        """Return the bound for a month, with the price times the number where none was written.

        None, and an error beside the field, where nothing could ever be bought within it.
        """
        written = self.money_in("max_amount")
        most = price * int(self.cleaned_data["max_times"]) if written is None else written
        if most < price:
            sentence = _("This is less than one purchase costs: write %(price)s or more.")
            self.add_error("max_amount", sentence % {"price": self._words(price)})
            return None
        return most

    def _words(self, money: Money) -> str:
        return format_money(money, get_language() or "en")


class LowDataForm(TopUpForm):
    """Which pack, bought when how much is left."""

    plan = forms.CharField(max_length=40)
    low_percent = forms.TypedChoiceField(
        label=_("When this much is left"),
        coerce=int,
        choices=[(percent, f"{percent}%") for percent in PERCENTS],
        initial=20,
        help_text=_("Of all data that runs on the line."),
    )


class LowBalanceForm(TopUpForm):
    """How much is added when the balance falls below which mark; a balance is not filled from itself."""

    takes_balance = False

    low_mark = AmountField(label=_("When less is left than"))
    amount = AmountField(label=_("Add"))

    def __init__(self, *args: Any, owner: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, owner=owner, now=now, **kwargs)
        self.limits = amounts_in(owner.currency)
        self.fields["amount"].help_text = self._between(_("Between %(minimum)s and %(maximum)s."))
        self.fields["amount"].initial = f"{self.limits.preferred.decimal}"
        self.fields["low_mark"].initial = f"{self.limits.minimum.decimal}"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        amount = self.money_in("amount")
        if amount is not None and amount != amount.in_whole_steps():
            self.add_error("amount", self._between(_("Cards are charged in steps of %(step)s.")))
        elif amount is not None and not self.limits.minimum <= amount <= self.limits.maximum:
            self.add_error("amount", self._between(_("Choose between %(minimum)s and %(maximum)s.")))
        return cleaned

    def _between(self, sentence: Promise) -> str:
        limits = {name: self._words(getattr(self.limits, name)) for name in ("minimum", "maximum", "step")}
        return str(sentence) % limits
