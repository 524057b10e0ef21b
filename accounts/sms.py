"""Sending text messages: into the outbox of a demo, or through an Apprise address.

`SMS_BACKEND` is "outbox", empty (no SMS is sent and nobody is offered one), or an Apprise URL of a
provider without recipients, such as twilio://ACCOUNT:TOKEN@+14155550100.
"""

from typing import Protocol

import apprise
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from accounts.models import OutboxMessage
from accounts.models.notifications import Channel

OUTBOX = "outbox"


class SmsNotSent(Exception):
    """The provider did not take the message; its own log says why."""


class SmsSender(Protocol):
    def send(self, *, to: str, text: str) -> None:
        """Hand one message to the provider; raise SmsNotSent when it didn't take it."""


class OutboxSender:
    """Keeps messages for the demo's /outbox/."""

    def send(self, *, to: str, text: str) -> None:
        OutboxMessage.objects.create(channel=Channel.SMS, recipient=to, body=text)


class AppriseSender:
    """Sends through any of the providers that Apprise knows."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, *, to: str, text: str) -> None:
        provider = _provider(self._url, to=to)
        if provider is None or not provider.notify(body=text):
            raise SmsNotSent("The SMS provider did not take the message.")


class NoSender:
    """Stands where no provider is configured."""

    def send(self, **_message: str) -> None:
        raise SmsNotSent("No SMS provider is configured.")


def chosen() -> SmsSender:
    """Return the sender that SMS_BACKEND names; raise ImproperlyConfigured for one that nobody knows."""
    backend: str = settings.SMS_BACKEND
    if not backend:
        return NoSender()
    if backend == OUTBOX:
        return OutboxSender()
    if not is_known(backend):
        # Without the address: it holds the provider's password.
        raise ImproperlyConfigured("SMS_BACKEND is neither 'outbox' nor the URL of a provider that Apprise knows.")
    return AppriseSender(backend)


def is_known(url: str) -> bool:
    """Tell whether Apprise can send through the address, once a recipient is added."""
    return _provider(url, to="+14155550100") is not None


def is_configured() -> bool:
    """Tell whether text messages can be sent at all."""
    return bool(settings.SMS_BACKEND)


def _provider(url: str, *, to: str) -> apprise.NotifyBase | None:
    address, mark, options = url.partition("?")
    return apprise.Apprise.instantiate(f"{address.rstrip('/')}/{to}{mark}{options}", suppress_exceptions=True)
