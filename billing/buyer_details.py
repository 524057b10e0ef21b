"""What subscribers want to read on their invoices."""

from typing import Any, cast

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models import BillingDetails
from plans.countries import country_names
from portal.lib.forms import ChangedFieldsForm

ADDRESS_LINES = 6


class BillingDetailsForm(ChangedFieldsForm[BillingDetails]):
    country = forms.ChoiceField(
        label=_("Country"),
        required=False,
        help_text=_("It decides which tax the invoice shows."),
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )

    class Meta:
        model = BillingDetails
        fields = ["name", "address", "country", "tax_id", "attach_to_mails"]
        labels = {
            "name": _("Name or company"),
            "address": _("Address"),
            "tax_id": _("Tax number"),
            "attach_to_mails": _("Attach the invoice or receipt to every payment mail"),
        }
        help_texts = {
            "name": _("Without it, the name of your account."),
            "tax_id": _("For companies, such as DE123456789."),
        }
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "organization"}),
            "address": forms.Textarea(attrs={"rows": 4, "autocomplete": "street-address"}),
            "tax_id": forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = country_names(get_language() or "en")
        cast("forms.ChoiceField", self.fields["country"]).choices = [("", _("Not given")), *named.items()]

    def clean_address(self) -> str:
        lines = [line.strip() for line in self.cleaned_data["address"].splitlines()]
        kept = [line for line in lines if line]
        if len(kept) > ADDRESS_LINES:
            raise forms.ValidationError(_("Write the address in at most %(count)d lines.") % {"count": ADDRESS_LINES})
        return "\n".join(kept)


def details_of(user: User, *, to_change: bool = False) -> BillingDetails:
    """Return what the person wants on invoices; the first time it is stored only where it is `to_change`."""
    if to_change:
        return BillingDetails.objects.get_or_create(owner=user)[0]
    return BillingDetails.objects.owned_by(user).first() or BillingDetails(owner=user)
