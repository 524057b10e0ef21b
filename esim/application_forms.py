"""The steps of an application for a SIM card, as forms."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from esim.models import Outlet, SimApplication
from portal.lib.public_ids import is_public_id
from portal.lib.uploads import ACCEPT

LONGEST_VALIDITY = timedelta(days=366 * 50)
PHONE = RegexValidator(r"^\+?[0-9][0-9 ()./-]{4,28}$", _("Write a phone number in digits, with its country code."))


def _with_capitals(choices: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [(value, capfirst(label)) for value, label in choices]


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class PersonForm(forms.Form):
    full_name = forms.CharField(
        label=_("Full name"),
        max_length=120,
        help_text=_("As the document says it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    document_type = forms.ChoiceField(
        label=_("Identity document"), choices=_with_capitals(SimApplication.DocumentType.choices)
    )
    document_number = forms.CharField(
        label=_("Number of the document"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    document_expires_on = forms.DateField(label=_("Valid until"), widget=DateInput())

    def clean_document_expires_on(self) -> Any:
        day = self.cleaned_data["document_expires_on"]
        today = timezone.localdate()
        if day < today:
            raise forms.ValidationError(_("This document is no longer valid. Use another one."))
        if day > today + LONGEST_VALIDITY:
            raise forms.ValidationError(_("Look at the year again."))
        return day


class BusinessForm(forms.Form):
    company_name = forms.CharField(
        label=_("Name of the business"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    registration_number = forms.CharField(
        label=_("Registration number"),
        max_length=40,
        help_text=_("The number on the business licence."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    contact_name = forms.CharField(
        label=_("Who we may ask"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    contact_phone = forms.CharField(
        label=_("Their phone number"),
        max_length=30,
        validators=[PHONE],
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )


class PaperForm(forms.Form):
    """Only draws the field: the file itself is read by portal.lib.uploads."""

    file = forms.FileField(
        label=_("Picture or PDF"),
        help_text=_("JPEG, PNG, WebP or PDF, at most 12 MB and 10 pages."),
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
    )


class DeliveryForm(forms.Form):
    delivery = forms.ChoiceField(
        label=_("How do you want to get the card?"),
        choices=_with_capitals(SimApplication.Delivery.choices),
        widget=forms.RadioSelect,
    )
    outlet = forms.ModelChoiceField(
        label=_("Outlet"),
        queryset=Outlet.objects.none(),
        to_field_name="public_id",
        required=False,
        empty_label=_("Choose an outlet"),
        help_text=_("Where you pick it up. For posting, leave it empty."),
    )
    address = forms.CharField(
        label=_("Postal address"),
        required=False,
        max_length=300,
        help_text=_("Name, street, city, postal code and country. For picking up, leave it empty."),
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "street-address"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outlet = self.fields["outlet"]
        if isinstance(outlet, forms.ModelChoiceField):
            outlet.queryset = Outlet.objects.for_pick_up()

    def clean_address(self) -> str:
        return str(self.cleaned_data["address"]).replace("\r\n", "\n")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("delivery") == SimApplication.Delivery.PICKUP:
            values["address"] = ""
            if not values.get("outlet") and "outlet" not in self.errors:
                self.add_error("outlet", _("Choose where you pick the card up."))
        elif values.get("delivery") == SimApplication.Delivery.POST:
            values["outlet"] = None
            if not values.get("address"):
                self.add_error("address", _("Write the address that the card is sent to."))
        return values


def details_form(application: SimApplication, data: Any = None) -> forms.Form:
    """Return the form of a person or a business, filled in with what was saved."""
    form_class = BusinessForm if application.is_business else PersonForm
    saved = {name: getattr(application, name) for name in form_class.base_fields}
    return form_class(data, initial=saved)


def chosen_outlet(public_id: str) -> Outlet | None:
    """Return the outlet that an address names, where cards are picked up."""
    return Outlet.objects.for_pick_up().filter(public_id=public_id).first() if is_public_id(public_id) else None


def delivery_form(application: SimApplication, *, outlet: str = "", data: Any = None) -> DeliveryForm:
    """Return the form with what was saved; `outlet` is one that was chosen on the page of outlets."""
    chosen = chosen_outlet(outlet)
    saved: dict[str, Any] = {"delivery": application.delivery or None, "address": application.address}
    saved["outlet"] = application.outlet.public_id if application.outlet else None
    if chosen is not None:
        saved |= {"delivery": SimApplication.Delivery.PICKUP, "outlet": chosen.public_id}
    return DeliveryForm(data, initial=saved)
