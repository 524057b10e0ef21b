"""Settings that must not go live."""

from typing import Any

from django.conf import settings
from django.core.checks import Error


def check_carrier_is_real(**_: Any) -> list[Error]:
    """Refuse the simulated carrier outside DEBUG and the demo: it would sell lines no phone can use."""
    carrier = settings.CARRIER
    if carrier != "simulated" or settings.PLAYGROUND:
        return []
    return [
        Error(
            "The simulated carrier runs with DEBUG or PORTAL_DEMO only.",
            hint="Name a real one in CARRIER, or set PORTAL_DEMO=1.",
            id="esim.E001",
        )
    ]
