"""What subscribers fill in to pay."""

import uuid
from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.credit_amounts import CreditAmounts, example
from billing.models import PaymentMethod
from portal.lib.kept_sql import KeptQuery, Slot
from portal.lib.money import Money, format_money

NEW_METHOD = "new"
BALANCE = "balance"

KEPT_CARD = KeptQuery(lambda: PaymentMethod.objects.usable().filter(owner=Slot("owner"), public_id=Slot("public_id")))


class PayWithField(forms.CharField):
    """The public id of a kept card, NEW_METHOD or BALANCE; radio buttons are drawn by the page."""

    default_error_messages = {"required": _("Choose how to pay.")}


class PayForm(forms.Form):
    """How to pay: a kept card, a new one on the gateway's page, or the balance.

    `method` is the kept card that was chosen, looked up among the payer's own: one query, and none otherwise.
    """

    pay_with = PayWithField(max_length=40)
    keep_card = forms.BooleanField(required=False)

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner = owner
        self.method: PaymentMethod | None = None

    def clean_pay_with(self) -> str:
        chosen: str = self.cleaned_data["pay_with"]
        if chosen not in ("", NEW_METHOD, BALANCE):
            kept = KEPT_CARD.first(owner=self.owner.pk, public_id=chosen)
            if kept is None or kept.last_day < timezone.localdate():
                raise forms.ValidationError(_("This card can't be used any more. Choose another way to pay."))
            self.method = kept
        return chosen

    @property
    def from_balance_only(self) -> bool:
        return bool(self.cleaned_data["pay_with"] == BALANCE)


class PurchaseForm(PayForm):
    """The check page: pays for one plan at the price the buyer saw.

    `form_key` is minted when the page is rendered: the same form sent twice is one order. What is free asks for no
    way to pay.
    """

    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    price_seen = forms.CharField(max_length=80)
    use_balance = forms.BooleanField(required=False)
    nickname = forms.CharField(
        label=_("Name of the line"),
        max_length=40,
        required=False,
        help_text=_("For example “Italy trip”. Whoever you share the line with sees it, too."),
    )

    def __init__(self, *args: Any, is_free: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pay_with"].required = not is_free

    @classmethod
    def asked_again(cls, sent: Mapping[str, str], *, owner: User) -> "PurchaseForm":
        """Return a fresh form with the choices of one that was sent: another form is another order."""
        kept = {name: sent[name] for name in ("pay_with", "use_balance", "keep_card", "nickname") if name in sent}
        return cls(owner=owner, initial=kept)

    @property
    def uses_what_we_keep(self) -> bool:
        """Whether money moves without the payer giving a card: from a kept one, or out of the balance."""
        return self.method is not None or self.from_balance_only or bool(self.cleaned_data["use_balance"])

    def saw(self, token: str) -> bool:
        """Tell whether this is what the buyer agreed to: the token of a price, or of a quote."""
        return bool(self.cleaned_data["price_seen"] == token)


def price_token(price: Money) -> str:
    return f"{price.currency}:{price.minor}"


class AmountForm(forms.Form):
    """How much to add to the balance: one of the offered amounts, or one's own, which counts where it is filled in."""

    amount = forms.CharField(max_length=20, required=False)
    own_amount = forms.CharField(
        label=_("Another amount"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, amounts: CreditAmounts, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.amounts = amounts
        self.fields["own_amount"].help_text = _("Between %(minimum)s and %(maximum)s.") % self._limits()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        text = cleaned.get("own_amount") or cleaned.get("amount") or ""
        try:
            money = Money.parse(text, self.amounts.minimum.currency)
        except ValueError:
            raise self._wrong(_("Write an amount like %(example)s.")) from None
        if money != money.in_whole_steps():
            raise self._wrong(_("Cards are charged in steps of %(step)s."))
        if not self.amounts.minimum <= money <= self.amounts.maximum:
            raise self._wrong(_("Choose between %(minimum)s and %(maximum)s."))
        return {**cleaned, "money": money}

    def _wrong(self, sentence: Promise) -> forms.ValidationError:
        currency = self.amounts.minimum.currency
        return forms.ValidationError({"own_amount": sentence % {**self._limits(), "example": example(currency)}})

    def _limits(self) -> dict[str, str]:
        language = get_language() or "en"
        return {
            "minimum": format_money(self.amounts.minimum, language),
            "maximum": format_money(self.amounts.maximum, language),
            "step": format_money(self.amounts.step, language),
        }


class ConsentForm(forms.Form):
    """Agreeing to auto-renewal: the box, and the very sentence that stood beside it."""

    agreed = forms.BooleanField(error_messages={"required": _("Auto-renewal needs your agreement: tick the box.")})
    sentence_seen = forms.CharField(max_length=2000)

    def __init__(self, *args: Any, sentence: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sentence = sentence

    def clean_sentence_seen(self) -> str:
        seen: str = self.cleaned_data["sentence_seen"]
        if seen != self.sentence:
            raise forms.ValidationError(_("The terms have changed since you opened this page. Read them again."))
        return seen


class PayLinkForm(forms.Form):
    """What whoever pays by a link reads of for whom it is: one of these names, or nothing."""

    shown_as = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, names: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ChoiceField", self.fields["shown_as"]).choices = [("", ""), *((name, name) for name in names)]


class ReceiptForm(forms.Form):
    email = forms.EmailField(
        label=_("Receipt to"),
        required=False,
        max_length=254,  # what the column holds
        help_text=_("Your e-mail address, if you want a receipt. We use it for nothing else."),
        widget=forms.EmailInput(attrs={"inputmode": "email", "autocomplete": "email"}),
    )

    def __init__(self, *args: Any, receipt_to: str = "", **kwargs: Any) -> None:
        """Say where the receipt goes if nothing is typed: `receipt_to`, an address as its owner recognises it."""
        super().__init__(*args, **kwargs)
        if receipt_to:
            told = _("The receipt goes to %(address)s. To change that, type another address.")
            self.fields["email"].help_text = told % {"address": receipt_to}
