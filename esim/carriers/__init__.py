"""Carriers, and which one this installation uses."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from esim.carriers.base import Carrier
from esim.carriers.simulated import SimulatedCarrier

__all__ = ["chosen"]


def chosen() -> Carrier:
    """Return the carrier the settings name. Only the edge asks: views, tasks, commands."""
    if SimulatedCarrier.name != settings.CARRIER:
        raise ImproperlyConfigured(f"CARRIER={settings.CARRIER!r} names no carrier.")
    if not settings.PLAYGROUND:
        # Nobody may pay for a line that no phone can use.
        raise ImproperlyConfigured("The simulated carrier runs with DEBUG or PORTAL_DEMO only.")
    return SimulatedCarrier()
