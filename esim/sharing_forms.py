"""Whom to let into a line, and whom to give it to."""

from django import forms
from django.utils.translation import gettext_lazy as _

from esim.models import Role

LONGEST_EMAIL = 254
"""What a column holds; the field of a form lets more through by itself."""
EMAIL = {"inputmode": "email", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class InviteForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=LONGEST_EMAIL,
        help_text=_("We send a link there. Nothing changes until it is accepted."),
        widget=forms.EmailInput(attrs=EMAIL),
    )
    role = forms.ChoiceField(
        choices=Role.choices, initial=Role.VIEWER, error_messages={"required": _("Choose what they may do.")}
    )


class GiveForm(forms.Form):
    """Gives a line away: whose it will be, typed, and that its owner knows what that means."""

    email = forms.EmailField(
        label=_("E-mail address of the new owner"),
        max_length=LONGEST_EMAIL,
        help_text=_("We ask them there whether they want it."),
        widget=forms.EmailInput(attrs=EMAIL),
    )
    understood = forms.BooleanField(
        label=_("I know that the line, its number and what is left on it will be theirs"),
        error_messages={"required": _("Confirm that you know what happens.")},
    )


class TakeForm(forms.Form):
    """Says yes to something that was sent to an address; another one than the account's is confirmed."""

    confirmed = forms.BooleanField(required=False)

    def __init__(self, *args: object, is_meant: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["confirmed"].required = not is_meant
        self.fields["confirmed"].error_messages["required"] = _("Confirm that you mean this account.")
