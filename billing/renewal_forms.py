"""How a subscriber wants a line to renew: with which plan and card, by itself or after a question, up to which limits."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.consenting import Limits
from billing.models import PaymentMethod, Subscription
from billing.paying_forms import AmountField, PayingForm, TimesField
from billing.ways_to_pay import BOTH


class WishesForm(PayingForm):
    """What is wished for one auto-renewal, `backup_method` and `limits` among it; what is wrong is said beside the field."""

    plan = forms.CharField(max_length=40)
    source = forms.CharField(
        max_length=60,
        error_messages={"required": _("Choose what pays for auto-renewal: a saved card, your balance, or both.")},
    )
    mode = forms.ChoiceField(choices=[(mode.value, mode.label) for mode in Subscription.Mode], required=False)
    backup = forms.ChoiceField(
        label=_("If that card is declined"),
        required=False,
        help_text=_("A second card is tried at once, and the line goes on."),
    )
    max_times = TimesField(label=_("Renewals a month, at most"), required=False)
    max_amount = AmountField(
        label=_("Money a month, at most"),
        required=False,
        help_text=_("What would pass a limit waits for the next month, and you are told. Leave empty for none."),
    )

    def __init__(self, *args: Any, owner: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, owner=owner, now=now, **kwargs)
        others = [(public_id, str(card)) for public_id, card in self.cards.items()]
        field = self.fields["backup"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", _("Try no other card")), *others]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("backup") and cleaned["backup"] == str(cleaned.get("source", "")).removeprefix(BOTH):
            self.add_error("backup", _("Choose another card than the first one."))
        return cleaned

    @property
    def mode_chosen(self) -> Subscription.Mode:
        """The mode wished for; a link without one, or with "off", means the usual one."""
        asks = self.cleaned_data["mode"] == Subscription.Mode.ASK
        return Subscription.Mode.ASK if asks else Subscription.Mode.AUTOMATIC

    @property
    def backup_method(self) -> PaymentMethod | None:
        return self.cards.get(self.cleaned_data["backup"]) if self.method else None

    @property
    def limits(self) -> Limits:
        return Limits(max_times=self.cleaned_data["max_times"], max_amount=self.money_in("max_amount"))
