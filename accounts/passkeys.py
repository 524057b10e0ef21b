"""Forms of passkeys: what the browser says about a key comes as JSON, and anybody can post any JSON."""

import json
from collections.abc import Callable
from typing import Any

from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class BoundedDecoder(json.JSONDecoder):
    """Calls JSON that Python cannot hold (a number of 5,000 digits, lists in lists) what it is: not valid."""

    def decode(self, s: str, *args: Any) -> Any:
        try:
            return super().decode(s, *args)
        except json.JSONDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            raise json.JSONDecodeError(str(error), s, 0) from error


class CredentialField(forms.JSONField):
    """A credential that `parse` understands; allauth's own parsing lets some malformed ones through as errors."""

    def __init__(self, parse: Callable[[Any], object]) -> None:
        super().__init__(decoder=BoundedDecoder, widget=forms.HiddenInput)
        self._parse = parse

    def clean(self, value: Any) -> Any:
        credential = super().clean(value)
        try:
            self._parse(credential)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value}) from error
        return credential


class AddPasskeyForm(AddWebAuthnForm):
    """A key that signs in on its own is what people come here for; allauth makes it a mere second step."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = CredentialField(auth.parse_registration_response)
        self.fields["name"].label = _("Name")
        self.fields["name"].help_text = _("So that you recognise it later, such as “My phone”.")
        self.fields["passwordless"].initial = True
        self.fields["passwordless"].label = _("Sign in with it alone")
        self.fields["passwordless"].help_text = _("Asks for your fingerprint, face or PIN in place of the password.")


class PasskeySecondStepForm(AuthenticateWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = CredentialField(auth.parse_authentication_response)


class PasskeyConfirmForm(PasskeySecondStepForm, ReauthenticateWebAuthnForm):
    pass


class PasskeySignInForm(LoginWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = CredentialField(auth.parse_authentication_response)
