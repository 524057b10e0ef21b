"""What must not be configured, said at start instead of in the first incident."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from accounts import sms


@register(Tags.security)
def sms_backend_is_known(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse an SMS_BACKEND that could never send, without repeating the secrets in it."""
    if settings.SMS_BACKEND in {"", sms.OUTBOX} or sms.is_known(settings.SMS_BACKEND):
        return []
    return [
        Error(
            "SMS_BACKEND is neither 'outbox' nor the URL of a provider that Apprise knows.",
            hint="Such as twilio://ACCOUNT:TOKEN@+14155550100, without recipients.",
            id="accounts.E001",
        )
    ]
