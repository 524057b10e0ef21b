"""What must not run, said before anybody is served.

Django runs system checks for commands only; `refuse_misconfiguration` holds web and worker
processes to the same rules.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import phonenumbers
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from esim.opening_hours import BadHours, parse_exceptions, parse_week
from plans.countries import country_names
from portal.lib.crypto import check_keys
from portal.lib.money import CURRENCIES

DEMO_ADDRESSES = (
    "demo@example.com",
    "stranger@example.com",
    "family@example.com",
    "business@example.com",
    "staff@example.com",
)
IF_DEMO = "If this is a demo, set PORTAL_DEMO=1."
OUR_OWN_PATH = re.compile(r"/(?!/)\S*")


def stand_ins() -> list[Error]:
    """Refuse everything that only pretends, unless this is a demo."""
    if settings.PLAYGROUND:
        return []
    outbox = settings.SMS_BACKEND == "outbox" or settings.EMAIL_BACKEND.startswith("accounts.outbox.")
    found = {
        "portal.E001": settings.PAYMENT_GATEWAY == "sandbox" and "PAYMENT_GATEWAY=sandbox takes no real money.",
        "portal.E002": settings.CARRIER == "simulated" and "CARRIER=simulated makes no real line work.",
        "portal.E003": outbox and "EMAIL_BACKEND or SMS_BACKEND keeps messages in the outbox, for anybody to read.",
    }
    return [Error(text, hint=IF_DEMO, id=code) for code, text in found.items() if text]


def base_url() -> list[Error]:
    """Links in mails lead to PORTAL_BASE_URL, so it must be an address, and a safe one."""
    parts = urlsplit(settings.PORTAL_BASE_URL)
    schemes = {"https"} if settings.HTTPS else {"http", "https"}
    if parts.scheme in schemes and parts.hostname and not (parts.path or parts.query or parts.fragment):
        return []
    example = "https://portal.example.com" if settings.HTTPS else "http://localhost:8000"
    return [Error(f"PORTAL_BASE_URL={settings.PORTAL_BASE_URL!r}: expected such as {example}.", id="portal.E005")]


def currencies() -> list[Error]:
    """Prices are entered and shown in these; a wrong code would surface as a broken page."""
    unknown = [code for code in settings.PORTAL_CURRENCIES if code not in CURRENCIES]
    twice = len(set(settings.PORTAL_CURRENCIES)) != len(settings.PORTAL_CURRENCIES)
    if unknown or twice or not settings.PORTAL_CURRENCIES:
        what = f"unknown: {' '.join(unknown)}" if unknown else "one is named twice" if twice else "none is named"
        return [Error(f"PORTAL_CURRENCIES: {what}.", hint="ISO 4217 codes, such as USD EUR CNY.", id="portal.E006")]
    return []


def look_and_region() -> list[Error]:
    """Catch what would break silently: a logo the content policy blocks, a region no number has."""
    found = []
    if settings.PORTAL_BRAND_LOGO and not OUR_OWN_PATH.fullmatch(settings.PORTAL_BRAND_LOGO):
        text = f"PORTAL_BRAND_LOGO={settings.PORTAL_BRAND_LOGO!r}: pages load nothing from other hosts."
        found.append(Error(text, hint="A path on this host, such as /static/img/logo.svg.", id="portal.E007"))
    if not 0 <= settings.PORTAL_BRAND_HUE <= 360:  # noqa: PLR2004 - degrees
        found.append(Error("PORTAL_BRAND_HUE is an angle from 0 to 360.", id="portal.E008"))
    if settings.PORTAL_DEFAULT_REGION not in phonenumbers.SUPPORTED_REGIONS:
        text = f"PORTAL_DEFAULT_REGION={settings.PORTAL_DEFAULT_REGION!r}: expected an ISO 3166 code, such as US."
        found.append(Error(text, id="portal.E009"))
    return found


known_zones = cache(available_timezones)
"""It reads a directory of six hundred files."""


def operator() -> list[CheckMessage]:
    """Invoices are legal papers: the clock and the country they go by must exist, and a sender is expected on them."""
    found: list[CheckMessage] = []
    if settings.PORTAL_OPERATOR_COUNTRY not in country_names("en"):
        text = f"PORTAL_OPERATOR_COUNTRY={settings.PORTAL_OPERATOR_COUNTRY!r}: expected an ISO 3166 code, such as DE."
        found.append(Error(text, id="portal.E010"))
    if settings.PORTAL_OPERATOR_TIME_ZONE not in known_zones():
        text = f"PORTAL_OPERATOR_TIME_ZONE={settings.PORTAL_OPERATOR_TIME_ZONE!r}: expected such as Europe/Berlin."
        found.append(Error(text, id="portal.E011"))
    if not settings.PORTAL_OPERATOR_ADDRESS and not settings.PLAYGROUND:
        text = "PORTAL_OPERATOR_ADDRESS is empty: invoices do not say where they come from."
        found.append(checks.Warning(text, hint="Its lines with | between.", id="portal.W002"))
    return found


def hotline() -> list[Error]:
    """Pages say when somebody answers the phone: hours that cannot be read would be told wrongly, or not at all."""
    found = []
    for name, parse in (("PORTAL_SUPPORT_HOURS", parse_week), ("PORTAL_SUPPORT_HOLIDAYS", parse_exceptions)):
        try:
            parse(getattr(settings, name))
        except BadHours as error:
            found.append(Error(f"{name}: {error}", id="portal.E012"))
    if settings.PORTAL_SUPPORT_TIME_ZONE not in known_zones():
        text = f"PORTAL_SUPPORT_TIME_ZONE={settings.PORTAL_SUPPORT_TIME_ZONE!r}: expected such as Asia/Taipei."
        found.append(Error(text, id="portal.E013"))
    return found


def keys() -> list[Error]:
    """Without its keys nothing that is sealed or found by a hash would be read, and only then it would be noticed."""
    try:
        check_keys()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="portal.E014")]
    return []


def proxies() -> list[CheckMessage]:
    """HTTPS ends at a proxy, and without its count every client has the proxy's address."""
    if not settings.HTTPS or hasattr(settings, "ALLAUTH_TRUSTED_PROXY_COUNT"):
        return []
    text = "HTTPS is on and TRUSTED_PROXY_COUNT is 0: all clients share one address, and its rate limits."
    return [checks.Warning(text, hint="Set TRUSTED_PROXY_COUNT to the number of proxies in front.", id="portal.W001")]


RULES: Sequence[Callable[[], Sequence[CheckMessage]]] = (
    stand_ins,
    base_url,
    currencies,
    look_and_region,
    operator,
    hotline,
    keys,
    proxies,
)
START = "start"
"""Checks under this tag, of any app, are also made by processes that run no others."""


def settings_check(**_kwargs: Any) -> list[CheckMessage]:
    return [message for rule in RULES for message in rule()]


def demo_users_check(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Refuse accounts whose password is printed in our documentation; `migrate` runs this too."""
    if settings.PLAYGROUND or "default" not in (databases or ()):
        return []
    connection = connections["default"]
    if "accounts_user" not in connection.introspection.table_names():
        return []
    with connection.cursor() as cursor:
        marks = ", ".join(["%s"] * len(DEMO_ADDRESSES))
        cursor.execute(
            f"SELECT email FROM accounts_user WHERE is_active AND email IN ({marks})",  # noqa: S608 - only marks
            DEMO_ADDRESSES,
        )
        found = sorted(row[0] for row in cursor.fetchall())
    text = f"Demo users exist: {', '.join(found)}. Their password is public."
    return [Error(text, hint=f"Deactivate them. {IF_DEMO}", id="portal.E004")] if found else []


def refuse_misconfiguration() -> None:
    """Raise ImproperlyConfigured if a check at the start says Error; for processes that run no system checks."""
    errors = [message for message in checks.run_checks(tags=[START]) if message.is_serious()]
    if errors:
        raise ImproperlyConfigured(
            "\n".join(f"{error.id}: {error.msg} {error.hint or ''}".rstrip() for error in errors)
        )
