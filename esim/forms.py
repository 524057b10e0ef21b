"""What a subscriber may change about a line."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.time_zones import TimeZoneField
from esim.identifiers import NotAnIccid, normalised_iccid
from esim.models import Line
from esim.pins import is_pin
from portal.lib.forms import ChangedFieldsForm


class LineSettingsForm(ChangedFieldsForm[Line]):
    nickname = forms.CharField(
        label=_("Name of the line"),
        max_length=40,
        required=False,
        help_text=_("For example “Italy trip”. Whoever you share the line with sees it, too."),
    )
    time_zone = TimeZoneField(
        label=_("Time zone of the line"),
        help_text=_("Its days begin at midnight there, and with them the daily amount of an unlimited plan."),
    )
    hidden = forms.BooleanField(
        label=_("Hide this line on the front page"),
        required=False,
        help_text=_("It keeps working, and auto-renewal goes on as agreed."),
    )

    cost_centre = forms.CharField(
        label=_("Cost centre"),
        max_length=40,
        required=False,
        help_text=_("Stands in the costs of your business account."),
    )

    class Meta:
        model = Line
        fields = ["nickname", "cost_centre", "time_zone", "hidden"]

    def __init__(self, *args: Any, is_business: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_business:
            del self.fields["cost_centre"]


class BindCardForm(forms.Form):
    """Number and PIN of a card. The PIN is never written back into the page."""

    iccid = forms.CharField(
        label=_("Card number (ICCID)"),
        max_length=40,
        help_text=_("The 19 or 20 digits printed on the card or its cover; they begin with 89. Blanks don’t matter."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}),
    )
    pin = forms.CharField(
        label=_("PIN of the card"),
        max_length=20,
        help_text=_("4 to 8 digits, under the scratch field or in the letter. It can be used once."),
        widget=forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean_iccid(self) -> str:
        try:
            return normalised_iccid(self.cleaned_data["iccid"])
        except NotAnIccid as error:
            raise forms.ValidationError(_("A card number has 19 or 20 digits.")) from error

    def clean_pin(self) -> str:
        pin: str = self.cleaned_data["pin"].replace(" ", "")
        if not is_pin(pin):
            raise forms.ValidationError(_("A PIN has 4 to 8 digits."))
        return pin
