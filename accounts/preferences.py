"""What subscribers choose about themselves."""

from datetime import time
from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts import sms
from accounts.models import User
from accounts.time_zones import TimeZoneField
from portal.lib.forms import ChangedFieldsForm


class PreferencesForm(ChangedFieldsForm[User]):
    """Name, language, clock, money, where notices go and when they wait."""

    time_zone = TimeZoneField(
        label=_("Time zone"), help_text=_("Type a city. Dates and times follow it."), max_length=64
    )
    currency = forms.ChoiceField(label=_("Currency"), help_text=_("Prices are shown in it where we have them."))

    class Meta:
        model = User
        fields = [
            "full_name",
            "language",
            "time_zone",
            "currency",
            "notify_by_email",
            "notify_by_sms",
            "quiet_from",
            "quiet_until",
        ]
        widgets = {
            "full_name": forms.TextInput(attrs={"autocomplete": "name"}),
            "quiet_from": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
            "quiet_until": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        }
        labels = {
            "notify_by_email": _("By e-mail"),
            "notify_by_sms": _("By SMS"),
            "quiet_from": _("From"),
            "quiet_until": _("Until"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ChoiceField", self.fields["currency"]).choices = self._currencies()
        if not self.can_get_sms:
            self.fields["notify_by_sms"].disabled = True
            self.initial["notify_by_sms"] = False

    @property
    def can_get_sms(self) -> bool:
        return sms.is_configured() and self.instance.phone_verified

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not (cleaned.get("notify_by_email") or cleaned.get("notify_by_sms")):
            self.add_error(
                "notify_by_email", _("Keep at least one way: we must be able to tell you when a payment fails.")
            )
        self._check_quiet_hours(cleaned.get("quiet_from"), cleaned.get("quiet_until"))
        return cleaned

    def _check_quiet_hours(self, begins: time | None, ends: time | None) -> None:
        if self.has_error("quiet_from") or self.has_error("quiet_until"):
            return
        if (begins is None) != (ends is None):
            missing = "quiet_from" if begins is None else "quiet_until"
            self.add_error(missing, _("Quiet hours have a beginning and an end. Give both, or leave both empty."))
        elif begins is not None and begins == ends:
            self.add_error("quiet_until", _("Quiet hours must end at another time than they begin."))

    def _currencies(self) -> list[tuple[str, str]]:
        """Offer what the operator sells in, and what the person has already."""
        return [(code, code) for code in dict.fromkeys([*settings.PORTAL_CURRENCIES, self.instance.currency])]
