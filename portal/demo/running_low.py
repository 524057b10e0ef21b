"""What the demo's subscriber has bought by itself when it runs low; in the demo's first weeks nothing does."""

from datetime import datetime

from django.utils import translation

from accounts.models import User
from billing import top_up_rules, top_up_terms
from billing.models import PaymentMethod
from esim.models import Line
from plans.models import Plan

PACK = "europe-1gb-more"


def agree_to_top_ups(owner: User, line: Line, *, ip: str, at: datetime) -> None:
    """Have a pack bought at a tenth left, and money added below five dollars: with the card kept, twice a month."""
    card = PaymentMethod.objects.owned_by(owner).usable().get(is_default=True)
    paying = {"source": card.public_id, "max_times": "2"}
    pack = {"plan": Plan.objects.get(code=PACK).public_id, "low_percent": "10", **paying}
    money = {"low_mark": "5.00", "amount": "20.00", **paying}
    with translation.override(owner.language):
        agreed = [
            top_up_terms.data_terms(line=line, user=owner, wishes=pack, now=at),
            top_up_terms.balance_terms(user=owner, wishes=money, now=at),
        ]
    for terms in agreed:
        top_up_rules.turn_on(consent=terms.consent(ip=ip), actor=owner, now=at)
