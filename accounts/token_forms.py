"""What a subscriber says about a token for a program of theirs."""

from datetime import datetime, timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.api_tokens import PERSONAL_SCOPES

LASTS = {"30": _("30 days"), "90": _("90 days"), "365": _("1 year")}


class PersonalTokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("So that you tell your tokens apart, for example “Home server”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("The program may"),
        choices=list(PERSONAL_SCOPES.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one thing that the program may do.")},
    )
    lasts = forms.ChoiceField(label=_("It ends after"), choices=list(LASTS.items()), initial="90")

    def expires_at(self, *, now: datetime) -> datetime:
        return now + timedelta(days=int(self.cleaned_data["lasts"]))
