"""By which addresses, numbers and accounts people can tell us from those who pretend to be us."""

import re
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Account:
    """One official account; `href` is empty where its name has to be looked for in an app."""

    service: str
    name: str
    href: str


@dataclass(frozen=True, slots=True)
class Channels:
    domains: list[str]
    email_senders: list[str]
    sms_senders: list[str]
    accounts: list[Account]


def channels() -> Channels:
    """Return the channels as the settings name them."""
    domains = [urlsplit(settings.PORTAL_BASE_URL).hostname or "", *settings.PORTAL_OFFICIAL_DOMAINS]
    senders = [
        parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        settings.PORTAL_SUPPORT_EMAIL,
        *settings.PORTAL_EMAIL_SENDERS,
    ]
    return Channels(
        domains=_each_once(domains),
        email_senders=_each_once(senders),
        sms_senders=_each_once(_parts(settings.PORTAL_SMS_SENDERS)),
        accounts=[_account(entry) for entry in _parts(settings.PORTAL_SOCIAL_ACCOUNTS)],
    )


def _account(entry: str) -> Account:
    service, _equals, address = (part.strip() for part in entry.partition("="))
    is_link = urlsplit(address).scheme == "https"
    name = re.sub(r"^https://(www\.)?", "", address) if is_link else address
    return Account(service=service, name=name, href=address if is_link else "")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _each_once(entries: list[str]) -> list[str]:
    return list(dict.fromkeys(entry for entry in entries if entry))
