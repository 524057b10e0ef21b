"""Carriers, and which one this installation uses."""

from collections.abc import Callable, Mapping

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from esim.carriers.base import Carrier
from esim.carriers.es2plus import Es2PlusCarrier
from esim.carriers.esimgo import EsimGoCarrier
from esim.carriers.simulated import SimulatedCarrier

__all__ = ["chosen"]


def chosen() -> Carrier:
    """Return the carrier the settings name. Only the edge asks: views, tasks, commands."""
    build = BUILDERS.get(settings.CARRIER)
    if build is None:
        raise ImproperlyConfigured(f"CARRIER={settings.CARRIER!r} names no carrier.")
    return build()


def _simulated() -> Carrier:
    if not settings.PLAYGROUND:
        # Nobody may pay for a line that no phone can use.
        raise ImproperlyConfigured("The simulated carrier runs with DEBUG or PORTAL_DEMO only.")
    return SimulatedCarrier()


BUILDERS: Mapping[str, Callable[[], Carrier]] = {
    SimulatedCarrier.name: _simulated,
    Es2PlusCarrier.name: Es2PlusCarrier.from_settings,
    EsimGoCarrier.name: EsimGoCarrier.from_settings,
}
"""By the name that CARRIER and the rows of lines know them by."""
