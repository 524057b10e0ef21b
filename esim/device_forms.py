"""What somebody may say about their device before they buy."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from esim.identifiers import NotAnEid, normalised_eid


class DeviceCheckForm(forms.Form):
    """What somebody found out on the device itself; nothing of it is required."""

    model = forms.CharField(required=False, max_length=80)
    shows_eid = forms.BooleanField(label=_("After *#06# it shows an EID"), required=False)
    is_unlocked = forms.BooleanField(label=_("It is not locked to another operator"), required=False)
    eid = forms.CharField(
        label=_("EID"),
        required=False,
        max_length=80,
        help_text=_("32 digits. We only look whether they fit together, and keep none of them."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_eid(self) -> str:
        try:
            return normalised_eid(self.cleaned_data["eid"]) if self.cleaned_data["eid"] else ""
        except NotAnEid as error:
            raise forms.ValidationError(error.sentence) from error

    @property
    def found(self) -> dict[str, Any]:
        """Say what `device_check.remember` keeps; whoever typed an EID has seen one."""
        said = self.cleaned_data
        shows_eid = said["shows_eid"] or bool(said["eid"])
        return {"model": said["model"], "shows_eid": shows_eid, "is_unlocked": said["is_unlocked"]}
