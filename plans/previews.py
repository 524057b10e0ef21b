"""A promotion before it is published: what it would make of each plan, for staff."""

from dataclasses import dataclass, replace
from datetime import datetime

from plans import catalogue
from plans.models import Promotion
from plans.offers import Offer, offers
from plans.promoting import PromotionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The plans that a promotion would count for as of a moment, priced in one currency; `total` are on sale then."""

    promotion: Promotion
    at: datetime
    offers: list[Offer]
    total: int


def preview_of(promotion: Promotion, *, currency: str, now: datetime) -> Preview:
    """Price what is on sale once the promotion has begun, as if it were switched on, beside those that run then."""
    at = max(now, promotion.active_from)
    row = replace(PromotionRow.of(promotion), active_from=at, active_until=None)
    others = [one for one in catalogue.promotions_at(at, now=now) if one.pk != promotion.pk]
    sold = catalogue.as_of(at, promotions=[*others, row])
    priced = offers(sold.rows, currency=currency, among=sold.rows, promotions=sold.promotions, now=at)
    changed = [one for one in priced if one.promoted and one.promoted.row.pk == promotion.pk]
    return Preview(promotion=promotion, at=at, offers=changed, total=sum(one.price is not None for one in priced))
