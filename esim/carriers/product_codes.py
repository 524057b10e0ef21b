"""What a carrier calls our plans."""

from collections.abc import Iterable

from esim.carriers.base import CarrierRefused
from esim.models import CarrierProduct

NO_PRODUCT = "no_product_for_this_plan"


def code_of(*, carrier: str, plan_code: str) -> str:
    """Return what the carrier calls the plan; raise CarrierRefused where staff entered nothing."""
    code = codes_of(carrier=carrier, plan_codes=[plan_code]).get(plan_code)
    if code is None:
        raise CarrierRefused(NO_PRODUCT)
    return code


def codes_of(*, carrier: str, plan_codes: Iterable[str]) -> dict[str, str]:
    """Return what the carrier calls these plans, as far as staff entered it. One query."""
    entered = CarrierProduct.objects.filter(carrier=carrier, plan__code__in=set(plan_codes))
    return dict(entered.values_list("plan__code", "code"))
