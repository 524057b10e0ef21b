"""Forms of signing in: one field takes an e-mail address or a mobile number, in any spelling."""

import re
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import AddEmailForm as AllauthAddEmailForm
from allauth.account.forms import ChangeEmailForm as AllauthChangeEmailForm
from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import ConfirmEmailVerificationCodeForm as AllauthConfirmEmailVerificationCodeForm
from allauth.account.forms import ConfirmLoginCodeForm as AllauthConfirmLoginCodeForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import RequestLoginCodeForm as AllauthRequestLoginCodeForm
from allauth.account.forms import ResetPasswordKeyForm as AllauthResetPasswordKeyForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.account.forms import VerifyPhoneForm as AllauthVerifyPhoneForm
from allauth.core import context, ratelimit
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.fresh_proof import let_code_stand, proved_by_code
from accounts.mailable import validate_mailable
from accounts.models import User
from accounts.phones import NotAPhoneNumber, normalise

TOO_MANY_MESSAGES = _("Too many messages were asked for. Wait a few minutes; the last one still counts.")
E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def login_field(**kwargs: Any) -> forms.CharField:
    """Return the field for whatever somebody signs in with."""
    widget = forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"})
    return forms.CharField(label=_("E-mail or mobile number"), max_length=254, widget=widget, **kwargs)


def spell_login(text: str) -> str:
    """Return an e-mail address in lower case, a phone number in E.164, anything else as it came."""
    login = text.strip()
    if "@" in login:
        return login.lower()
    try:
        return normalise(login, region=settings.PORTAL_DEFAULT_REGION)
    except NotAPhoneNumber:
        return login


class LoginForm(AllauthLoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = login_field()
        self.fields["password"].help_text = ""  # the page has its own way to a new password
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.order_fields(["login", "password"])

    def clean_login(self) -> str:
        return spell_login(self.cleaned_data["login"])


class RequestLoginCodeForm(AllauthRequestLoginCodeForm):
    """Allauth offers two fields of which one must stay empty; we tell by what is written."""

    _user: User | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields = {"login": login_field()}

    @property
    def found(self) -> User | None:
        """Whose address or number it is; None where it is nobody's."""
        return self._user

    def clean_login(self) -> str:
        login = spell_login(self.cleaned_data["login"])
        is_phone = bool(E164.fullmatch(login))
        if not is_phone:
            _refuse_what_is_no_email(login)
        self.cleaned_data["phone" if is_phone else "email"] = login
        try:
            self.clean_phone() if is_phone else self.clean_email()
        except ValidationError as error:
            # Allauth speaks of failed sign-ins, which none of these is.
            raise ValidationError(TOO_MANY_MESSAGES, code=error.code) from error
        return login


def _refuse_what_is_no_email(text: str) -> None:
    try:
        validate_mailable(text)
    except ValidationError as error:
        raise ValidationError(_("Write an e-mail address or a mobile number."), code="invalid") from error


class NoPlaceholders:
    """Leaves it to the labels to name the fields."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class SignupForm(NoPlaceholders, AllauthSignupForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail")
        self.fields["phone"].help_text = _("Lets you sign in by SMS code and get notices there.")
        # Our style hides it; allauth's inline style is refused by the content security policy.
        self.fields[settings.ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD].widget.attrs.pop("style")


class NamedEmail(NoPlaceholders):
    """Calls the field what the rest of the portal calls it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail")


class AddEmailForm(NamedEmail, AllauthAddEmailForm):
    pass


class ChangeEmailForm(NamedEmail, AllauthChangeEmailForm):
    pass


class SixDigits:
    """Brings up the keypad on a phone, and the code out of the message where the phone offers that.

    Counts guesses by a lock: allauth's own count is in the session, where requests at the same time all read the same
    number. Whoever sends many at once would have as many guesses.
    """

    fields: dict[str, forms.Field]
    expected_code: str | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        attributes = self.fields["code"].widget.attrs
        attributes.pop("placeholder", None)
        attributes.update({"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True})

    def clean_code(self) -> str:
        session: Any = context.request.session
        key = f"{session.session_key}:{self.expected_code}"
        if not ratelimit.consume(context.request, action="code_guess", key=key):
            raise get_adapter().validation_error("incorrect_code")
        return str(super().clean_code())  # type: ignore[misc]


class ConfirmLoginCodeForm(SixDigits, AllauthConfirmLoginCodeForm):
    pass


class ConfirmEmailVerificationCodeForm(SixDigits, AllauthConfirmEmailVerificationCodeForm):
    pass


class VerifyPhoneForm(SixDigits, AllauthVerifyPhoneForm):
    pass


class NewPasswordForm(NoPlaceholders, AllauthResetPasswordKeyForm):
    pass


class ChangePasswordForm(NoPlaceholders, AllauthChangePasswordForm):
    """Who just signed in with a one-time code may set a new password without the old one.

    That is how a password is reset by SMS: allauth resets by e-mail only. The trail calls it a reset, too.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if proved_by_code(context.request, self.user):
            del self.fields["oldpassword"]
            let_code_stand(context.request)
