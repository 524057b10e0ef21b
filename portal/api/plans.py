"""What is sold, and for how much (TM Forum 620: ProductOffering)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.crypto import salted_hmac
from ninja import Query, Router
from pydantic import Field, TypeAdapter

from plans import catalogue
from plans.catalogue import PlanRow, Snapshot
from plans.promoting import PromotionRow, best_promotion, can_add_to_plans
from portal.api.door import ApiRequest, Needs
from portal.api.refusals import not_found
from portal.api.shapes import Amount, Quantity, Shape, Wish, href, page_url, problems
from portal.lib.money import Money

router = Router(tags=["plans"], by_alias=True, auth=Needs())

FRESH = "private, max-age=60"


class OfferingPrice(Shape):
    """The price in one currency (TM Forum: ProductOfferingPrice), for the whole of the plan's time.

    `price` is what is asked today, with the `promotion` that runs; `listPrice` is without it.
    """

    price_type: Literal["oneTime"] = "oneTime"
    price: Amount
    list_price: Amount
    promotion: str | None


class Offering(Shape):
    """A plan, or a data pack, that is on sale now."""

    id: str
    href: str
    code: str
    name: str
    description: str
    kind: str
    lifecycle_status: Literal["active"] = "active"
    is_sellable: Literal[True] = True
    category: str
    place: list[str]
    product_offering_term: Quantity
    product_offering_price: list[OfferingPrice]
    data: Quantity | None
    daily_cap: Quantity | None
    throttled_kbps: int | None
    voice: Quantity
    sms: Quantity
    page: str

    @classmethod
    def of(cls, row: PlanRow, *, prices: list[OfferingPrice]) -> "Offering":
        terms = row.terms
        return cls(
            id=row.public_id,
            href=href("plan", row.public_id),
            code=terms.code,
            name=terms.label,
            description=row.fair_use_text,
            kind=terms.kind,
            category=terms.region,
            place=terms.countries,
            product_offering_term=Quantity(amount=terms.period_count, units=terms.period_unit),
            product_offering_price=prices,
            data=_bytes(terms.data_bytes),
            daily_cap=_bytes(terms.daily_cap_bytes),
            throttled_kbps=terms.throttled_kbps,
            voice=Quantity(amount=terms.voice_minutes, units="minute"),
            sms=Quantity(amount=terms.sms_count, units="sms"),
            page=page_url("plans:plan", row.public_id),
        )


class Chosen(Wish):
    """Which plans are wished for."""

    kind: Literal["plan", "data_pack"] | None = None
    country: Annotated[str | None, Field(pattern=r"^[A-Z]{2}$", description="An ISO 3166 code, such as FR.")] = None


@router.get("", response={200: list[Offering], 304: None, **problems(422)}, url_name="plans")
def list_plans(request: ApiRequest, wish: Annotated[Chosen, Query()]) -> Any:
    """Return what is on sale, in the order staff arranged it."""
    now = timezone.now()
    sold = _on_sale(now)
    rows = [
        _offering(row, sold, now=now)
        for row in sold.rows
        if wish.kind in (None, row.terms.kind) and wish.country in (None, *row.terms.countries)
    ]
    return _conditional(request, rows)


@router.get("/{plan_id}", response={200: Offering, 304: None, **problems(404, 422)}, url_name="plan")
def get_plan(request: ApiRequest, plan_id: str) -> Any:
    """Return one plan that is on sale."""
    now = timezone.now()
    sold = _on_sale(now)
    for row in sold.rows:
        if row.public_id == plan_id:
            return _conditional(request, _offering(row, sold, now=now))
    raise not_found()


def _on_sale(now: datetime) -> Snapshot:
    return catalogue.snapshot(version=catalogue.version(), now=now)


def _offering(row: PlanRow, sold: Snapshot, *, now: datetime) -> Offering:
    listed = [Money(row.prices[currency], currency) for currency in sorted(row.prices)]
    return Offering.of(row, prices=[_price(row, price, sold.promotions, now=now) for price in listed])


def _price(row: PlanRow, price: Money, promotions: list[PromotionRow], *, now: datetime) -> OfferingPrice:
    found = best_promotion(promotions, terms=row.terms, price=price, can_add=can_add_to_plans(), now=now)
    return OfferingPrice(
        price=Amount.of(price - found.effect.off if found else price),
        list_price=Amount.of(price),
        promotion=found.row.label if found else None,
    )


def _conditional(request: HttpRequest, answer: Offering | list[Offering]) -> HttpResponse:
    """Answer with an entity tag, and with 304 where the asker has it already."""
    body = TypeAdapter(type(answer) if isinstance(answer, Offering) else list[Offering]).dump_json(
        answer, by_alias=True
    )
    tag = f'"{salted_hmac("api.plans", body).hexdigest()[:32]}"'
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    told = get_conditional_response(request, etag=tag, response=response) or response
    told.headers["ETag"] = tag
    told.headers["Cache-Control"] = FRESH
    return told


def _bytes(n: int | None) -> Quantity | None:
    return None if n is None else Quantity(amount=n, units="byte")
