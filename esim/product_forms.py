"""The form in which staff say what a carrier calls a plan."""

from typing import Any

from django import forms
from django.conf import settings
from unfold.widgets import UnfoldAdminSelectWidget

from esim import carriers
from esim.models import CarrierProduct


class ProductForm(forms.ModelForm[CarrierProduct]):
    class Meta:
        model = CarrierProduct
        fields = ("carrier", "plan", "code")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Without the lists of choices this would be a field in which a slip names no carrier.
        names = [(name, name) for name in carriers.BUILDERS]
        self.fields["carrier"] = forms.ChoiceField(
            label=self.fields["carrier"].label, choices=names, widget=UnfoldAdminSelectWidget, initial=settings.CARRIER
        )

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).strip()
