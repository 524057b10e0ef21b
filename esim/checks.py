"""What `manage.py check` refuses about carriers."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's word for it
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.db.models import Q
from django.db.models.functions import Now

from esim import carriers
from esim.carriers.esimgo_settings import ESIMGO, ESIMGO_ITSELF
from plans.models import Plan

SEE = "See docs/esimgo.md."
NAMED = 10


def esimgo_settings(**_: Any) -> list[CheckMessage]:
    """Refuse settings with which eSIM Go would deliver nothing, or real eSIMs where everything else only pretends."""
    return list(_esimgo()) if settings.CARRIER == ESIMGO else []


def plans_without_product(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Name plans on sale that cannot be delivered; pages don't offer them.

    Runs with `check --deploy` only, because it reads the price list.
    """
    if "default" not in (databases or ["default"]) or not _needs_products():
        return []
    sold = Plan.objects.filter(Q(active_until=None) | Q(active_until__gt=Now()), is_active=True, active_from__lte=Now())
    missing = sold.exclude(carrier_products__carrier=settings.CARRIER).in_order()
    try:
        codes = list(missing.values_list("code", flat=True))
    except DatabaseError:
        return []
    if not codes:
        return []
    more = f" and {len(codes) - NAMED} more" if len(codes) > NAMED else ""
    text = f"No product of {settings.CARRIER} is entered for {', '.join(codes[:NAMED])}{more}."
    return [Warning(text, hint="Enter it in the admin: products of carriers.", id="carrier.W001")]


def _needs_products() -> bool:
    try:
        return carriers.chosen().capabilities.product_codes
    except ImproperlyConfigured:  # other checks name what is wrong with it
        return False


def _esimgo() -> Iterator[CheckMessage]:
    if not settings.ESIMGO_API_KEY:
        yield Error("CARRIER=esimgo without ESIMGO_API_KEY.", hint=SEE, id="esimgo.E001")
    if settings.ESIMGO_API_BASE != ESIMGO_ITSELF and not settings.PLAYGROUND:
        text = f"ESIMGO_API_BASE={settings.ESIMGO_API_BASE}: the key would be shown to somebody else."
        yield Error(text, hint="Leave it out.", id="esimgo.E002")
    if settings.ESIMGO_API_BASE == ESIMGO_ITSELF and settings.PLAYGROUND:
        text = "CARRIER=esimgo, and DEBUG or PORTAL_DEMO is on: every order for play would be paid for."
        yield Error(text, hint="eSIM Go has no sandbox. Take CARRIER=simulated.", id="esimgo.E003")
