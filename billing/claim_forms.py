"""Which order of another account somebody claims, and the code that was sent there."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.claim_codes import DIGITS

LONGEST_EMAIL = 254
ORDER_NUMBER = re.compile(r"ord_[0-9a-z]+")
TYPED = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class ClaimForm(forms.Form):
    order_number = forms.CharField(
        label=_("Order number"),
        max_length=200,
        help_text=_("It begins with ord_. You find it on the receipt and in the link of the letter about the order."),
        widget=forms.TextInput(attrs=TYPED),
    )
    email = forms.EmailField(
        label=_("E-mail address the order was made with"),
        max_length=LONGEST_EMAIL,
        help_text=_("We send a code there, and tell them your e-mail address."),
        widget=forms.EmailInput(attrs={"inputmode": "email", **TYPED}),
    )

    def clean_order_number(self) -> str:
        """Take it out of a whole address, too: that is where letters have it."""
        typed = str(self.cleaned_data["order_number"]).strip().lower()
        found = ORDER_NUMBER.search(typed)
        return found[0] if found else typed

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()


class ClaimCodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        help_text=_("The six digits in the letter."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )

    def clean_code(self) -> str:
        return "".join(str(self.cleaned_data["code"]).split())[: DIGITS + 1]
