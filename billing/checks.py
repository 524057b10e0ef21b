"""What `manage.py check` refuses about money."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error


def sandbox_takes_no_real_money(**_: Any) -> list[CheckMessage]:
    """Refuse to sell for play money where neither DEBUG nor PORTAL_DEMO says that it is play."""
    if settings.PAYMENT_GATEWAY == "sandbox" and not settings.PLAYGROUND:
        return [
            Error(
                "PAYMENT_GATEWAY=sandbox takes no real money: everybody would get everything for nothing.",
                hint="Choose a real gateway, or set PORTAL_DEMO=1 if this is a demonstration.",
                id="billing.E001",
            )
        ]
    return []
