"""What somebody ticks while trying a SIM."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models.tickets import MESSAGE_LENGTH
from accounts.ticket_forms import ReplyForm
from esim.self_test import Check, Outcome


class SelfTestForm(ReplyForm):
    """An outcome for each check that was tried; `send` is the button that asks support."""

    text = forms.CharField(
        label=_("What else do you see?"),
        required=False,
        max_length=MESSAGE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Such as the model of the phone, and where you are."),
    )
    send = forms.CharField(required=False, max_length=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outcomes = [(outcome.value, capfirst(outcome.label)) for outcome in Outcome]
        for check in Check:
            self.fields[check] = forms.ChoiceField(
                label=check.label, choices=outcomes, required=False, widget=forms.RadioSelect
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not any(cleaned.get(check) for check in Check):
            raise forms.ValidationError(_("Tick what you have tried."))
        return cleaned

    @property
    def outcomes(self) -> dict[str, str]:
        return {check.value: self.cleaned_data.get(check, "") for check in Check}

    @property
    def is_for_support(self) -> bool:
        return bool(self.cleaned_data["send"])

    @property
    def all_work(self) -> bool:
        return set(self.outcomes.values()) == {Outcome.WORKS.value}

    def failed(self, check: str) -> bool:
        return bool(getattr(self, "cleaned_data", {}).get(check) == Outcome.FAILS)

    @property
    def some_failed(self) -> bool:
        return any(self.failed(check) for check in Check)
