"""What a business says of itself, and looks for."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import BillingDetails
from portal.lib.forms import ChangedFieldsForm


class BusinessForm(ChangedFieldsForm[BillingDetails]):
    """Company and tax number go into the billing details, where invoices take them from."""

    class Meta:
        model = BillingDetails
        fields = ["name", "tax_id"]
        labels = {"name": _("Company"), "tax_id": _("Tax number")}
        help_texts = {
            "name": _("Your invoices are made out to it from now on."),
            "tax_id": _("If it has one, such as DE123456789."),
        }
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "organization"}),
            "tax_id": forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True


class LinesForm(forms.Form):
    q = forms.CharField(label=_("Search"), max_length=80, required=False)
