"""What allauth asks of us: where phone numbers live, how messages leave, how seeds are kept."""

import logging
from ipaddress import ip_address
from smtplib import SMTPException
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from accounts import forwarding, sms
from accounts.letter_html import html_of
from accounts.letters import one_line
from accounts.locks import refuse_if_locked
from accounts.mailable import validate_mailable
from accounts.models import User
from accounts.phones import PhoneField
from accounts.second_factors import current_context
from accounts.security_events import record_asked_for_link, record_event, record_failed_sign_in
from portal.lib import letter_marks
from portal.lib.brand import brand
from portal.lib.crypto import decrypt, encrypt

if TYPE_CHECKING:
    from allauth.account.models import EmailAddress
    from allauth.usersessions.models import UserSession

logger = logging.getLogger(__name__)

WRONG_CREDENTIALS = _("This e-mail address or mobile number and this password do not belong together.")
NOT_SENT = _("The message could not be sent just now. Wait a minute, then ask for it again.")
TOLD_BY_SMS = {
    "account/email/password_reset": "password_reset",
    "account/email/email_changed": "email_changed",
}


class AccountAdapter(DefaultAccountAdapter):
    """Phone numbers live on the user; only a verified one says who somebody is."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        # One sentence for all, so that it tells nobody what kind of account there is.
        "email_password_mismatch": WRONG_CREDENTIALS,
        "phone_password_mismatch": WRONG_CREDENTIALS,
        "username_password_mismatch": WRONG_CREDENTIALS,
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return an IPv4 address as one, also where a proxy that listens on IPv6 wrote it as `::ffff:192.0.2.1`.

        Limits count networks of IPv6: all visitors with such an address would share one. Raises PermissionDenied.
        """
        cut_short = forwarding.is_cut_short(request)
        told = forwarding.nearest_address(request) if cut_short else super().get_client_ip(request)
        try:
            address = ip_address(told)
        except ValueError as error:
            raise PermissionDenied from error
        return str(getattr(address, "ipv4_mapped", None) or address)

    def clean_email(self, email: str) -> str:
        """Refuse an address that no letter can be sent to; raises ValidationError."""
        cleaned: str = super().clean_email(email)
        validate_mailable(cleaned)
        return cleaned

    def new_user(self, request: HttpRequest) -> User:
        """Return an unsaved user who reads the language of the browser."""
        return User(language=get_language() or settings.LANGUAGE_CODE, currency=settings.PORTAL_CURRENCIES[0])

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in, and keep the language that was chosen on the way here."""
        super().login(request, user)
        if language := request.session.pop("language_chosen", ""):
            user.language = language
            user.save(update_fields=["language"])

    def confirm_email(self, request: HttpRequest, email_address: "EmailAddress") -> bool:
        """Confirm an address; raises AccountLocked also where the change was begun before the account was locked."""
        refuse_if_locked(email_address.user)
        confirmed: bool = super().confirm_email(request, email_address)
        return confirmed

    def set_password(self, user: User, password: str) -> None:
        """Write the password alone: the rest of the row may have changed meanwhile, such as by a lock."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return where the link to a new password leads: the portal as the operator calls it, not as a request did."""
        return f"{settings.PORTAL_BASE_URL}{reverse('accounts:new_password', args=key.split('-', 1))}"

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Send the link in the language of its reader: whoever asked may be somebody else."""
        record_asked_for_link(allauth_context.request, user)
        with override(user.language):
            minutes = settings.PASSWORD_RESET_TIMEOUT // 60
            super().send_password_reset_mail(user, email, {**context, "minutes": minutes})

    def phone_form_field(self, **kwargs: Any) -> PhoneField:
        # Allauth calls it "Phone"; we send codes there.
        return PhoneField(required=kwargs.get("required", True))

    def set_phone(self, user: User, phone: str, verified: bool) -> None:  # noqa: FBT001 - allauth's signature
        user.phone, user.phone_verified = phone, verified
        user.save(update_fields=["phone", "phone_verified"])

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        return (user.phone, user.phone_verified) if user.phone else None

    def set_phone_verified(self, user: User, phone: str) -> None:
        """Let a number say who the user is; raises AccountLocked where it did not say so before."""
        former = user.phone if user.phone_verified else ""
        if former == phone:
            return
        refuse_if_locked(user)
        self.set_phone(user, phone, True)  # noqa: FBT003 - allauth's signature
        record_event(allauth_context.request, user, "account.phone_changed", after=phone)
        if user.last_login:
            self.send_notification_mail("account/email/phone_changed", user, {"number": phone})
        if former:
            self._send_sms("phone_changed", former)

    def get_user_by_phone(self, phone: str) -> User | None:
        """Return who proved to hold the number; anybody can type a number that is not theirs."""
        return User.objects.filter(phone=phone, phone_verified=True).first()

    def send_verification_code_sms(self, phone: str, code: str, **kwargs: Any) -> None:
        self._send_sms("code", phone, code=code)

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        self._send_sms("unknown_account", phone)

    def send_account_already_exists_sms(self, phone: str) -> None:
        self._send_sms("account_exists", phone)

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, Any]]:
        """Return the ways to prove who one is: allauth's, and a one-time code to a confirmed address."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if user.is_authenticated:
            url = reverse("accounts:confirm_by_code")
            methods.append({"id": "confirm_by_code", "description": _("Use a one-time code"), "url": url})
        return methods

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell the mailbox of a change, and the number of one that whoever has the mailbox can make alone."""
        super().send_notification_mail(template_prefix, user, context, email)
        if user.phone_verified and (name := TOLD_BY_SMS.get(template_prefix)):
            with override(user.language):
                self._send_sms(name, user.phone)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send an e-mail of allauth's; a mail server that is down costs a message, not the page."""
        ours = {name: letter_marks.link(value) for name, value in context.items() if name.endswith("_url")}
        about = {"brand": brand(), "base_url": letter_marks.link(settings.PORTAL_BASE_URL)}
        try:
            super().send_mail(template_prefix, email, {**about, **context, **ours})
        except (SMTPException, OSError, UnicodeError):
            logger.exception("E-mail %s not sent", template_prefix)
            messages.error(self.request, NOT_SENT)

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """Add the HTML; every link shows where it leads, for these letters are about who has the account."""
        message: EmailMultiAlternatives = super().render_mail(template_prefix, email, context, headers)
        html = html_of(str(message.body), subject=str(message.subject), spells_out=True)
        message.body = letter_marks.plain(str(message.body))
        message.attach_alternative(html, "text/html")
        return message

    def format_email_subject(self, subject: str) -> str:
        return one_line(subject)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        record_failed_sign_in(request, credentials)

    def _send_sms(self, name: str, phone: str, **values: str) -> None:
        text = one_line(render_to_string(f"account/sms/{name}.txt", {"brand": brand(), **values}))
        try:
            sms.chosen().send(to=phone, text=text)
        except sms.SmsNotSent:
            logger.exception("SMS %s not sent", name)
            messages.error(allauth_context.request, NOT_SENT)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count failed sign-ins by phone number, too: allauth counts all of them as one person's."""
        if phone := credentials.get("phone"):
            credentials = {"email": phone}
        key: str = super()._get_login_attempts_cache_key(request, **credentials)
        return key


class MFAAdapter(DefaultMFAAdapter):
    """Keeps seeds and recovery codes encrypted and bound to their owner: a copied database is no second factor."""

    def encrypt(self, text: str) -> str:
        return encrypt(text, context=current_context())

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text, context=current_context())


class SessionsAdapter(DefaultUserSessionsAdapter):
    """Leaves a trace of signing out everywhere else."""

    def end_sessions(self, sessions: "list[UserSession]") -> None:
        super().end_sessions(sessions)
        if sessions:
            request = allauth_context.request
            record_event(request, request.user, "account.sessions_ended", count=len(sessions))
