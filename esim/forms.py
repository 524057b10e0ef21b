"""What a subscriber may change about a line."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.time_zones import TimeZoneField
from esim.models import Line
from portal.lib.forms import ChangedFieldsForm


class LineSettingsForm(ChangedFieldsForm[Line]):
    nickname = forms.CharField(
        label=_("Name of the line"),
        max_length=40,
        required=False,
        help_text=_("Only you see it, for example “Italy trip”."),
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

    class Meta:
        model = Line
        fields = ["nickname", "time_zone", "hidden"]
