"""What a subscriber says about moving a line to another device."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from esim.identifiers import NotAnEid, normalised_eid
from esim.models import Replacement

Reason = Replacement.Reason


class ReasonForm(forms.Form):
    reason = forms.ChoiceField(label=_("What happened?"), choices=Reason.choices)


class ReplaceForm(ReasonForm):
    """`suspend`: where the old device is lost, nobody else should use the line meanwhile."""

    reason = forms.ChoiceField(choices=Reason.choices, widget=forms.HiddenInput)
    eid = forms.CharField(
        label=_("EID of the new device"),
        required=False,
        max_length=60,
        help_text=_("32 digits; the device shows them when you dial *#06#. Then the code works on this device only."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    suspend = forms.BooleanField(
        label=_("Suspend the line until the new device is online"),
        required=False,
        help_text=_("Calls, SMS and data are off at once, also on the lost device."),
    )

    def __init__(self, *args: Any, can_suspend: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not can_suspend:
            del self.fields["suspend"]

    def clean_eid(self) -> str:
        text = str(self.cleaned_data["eid"])
        if not text.strip():
            return ""
        try:
            return normalised_eid(text)
        except NotAnEid as error:
            raise forms.ValidationError(error.sentence) from error


class TerminateForm(forms.Form):
    """Asks for the end of the number, so that nobody ends a line by a slip."""

    typed = forms.CharField(max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected
        self.fields["typed"].label = _("To go on, type %(text)s") % {"text": expected}

    def clean_typed(self) -> str:
        typed = str(self.cleaned_data["typed"]).strip()
        if typed != self.expected:
            raise forms.ValidationError(_("That is not what is asked for. Nothing was changed."))
        return typed
