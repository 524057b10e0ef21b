"""What must not be configured, said at start instead of in the first incident."""

from typing import Any

import phonenumbers
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from accounts import sms

OUTBOX_EMAIL = "accounts.outbox.OutboxEmailBackend"


@register(Tags.security)
def outbox_belongs_to_the_demo(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse the outbox outside a demo: it keeps one-time codes where a page shows them."""
    if settings.PLAYGROUND:
        return []
    errors: list[CheckMessage] = []
    if settings.EMAIL_BACKEND == OUTBOX_EMAIL:
        errors.append(
            Error(
                "EMAIL_BACKEND is the demo's outbox: nobody would get an e-mail.",
                hint="Leave EMAIL_BACKEND out and set EMAIL_HOST, or set PORTAL_DEMO=1.",
                id="accounts.E001",
            )
        )
    if settings.SMS_BACKEND == sms.OUTBOX:
        errors.append(
            Error(
                "SMS_BACKEND is the demo's outbox: nobody would get a text message.",
                hint="Set SMS_BACKEND to an Apprise URL, leave it empty for no SMS, or set PORTAL_DEMO=1.",
                id="accounts.E002",
            )
        )
    return errors


@register(Tags.security)
def sms_backend_is_known(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse an SMS_BACKEND that could never send, without repeating the secrets in it."""
    if settings.SMS_BACKEND in {"", sms.OUTBOX} or sms.is_known(settings.SMS_BACKEND):
        return []
    return [
        Error(
            "SMS_BACKEND is neither 'outbox' nor the URL of a provider that Apprise knows.",
            hint="Such as twilio://ACCOUNT:TOKEN@+14155550100, without recipients.",
            id="accounts.E003",
        )
    ]


@register(Tags.security)
def default_region_is_known(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse a region in which no phone number could be read."""
    if settings.PORTAL_DEFAULT_REGION in phonenumbers.SUPPORTED_REGIONS:
        return []
    return [
        Error(
            f"PORTAL_DEFAULT_REGION={settings.PORTAL_DEFAULT_REGION!r} is no country.",
            hint="Two capital letters, such as TW.",
            id="accounts.E004",
        )
    ]
