"""Which plans are offered at all: those that the carrier of this installation can deliver."""

from django.conf import settings
from django.db.models import Q

from esim import carriers
from esim.models import CarrierProduct
from plans.models import Plan


def deliverable() -> Q:
    """Return what PLANS_DELIVERABLE asks for; empty where the carrier delivers whatever staff put on sale."""
    able = carriers.chosen().capabilities
    limits = Q()
    if not able.data_packs:
        limits &= ~Q(kind=Plan.Kind.DATA_PACK)
    if able.product_codes:
        limits &= Q(pk__in=CarrierProduct.objects.filter(carrier=settings.CARRIER).values("plan"))
    return limits


def sells_data_packs() -> bool:
    """Tell whether data can be added to a running plan."""
    return carriers.chosen().capabilities.data_packs
