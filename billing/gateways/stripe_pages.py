"""Stripe's hosted pages: what is asked of them, and the page that a key has opened."""

from datetime import datetime, timedelta

from billing.gateways.base import CardPageRequest, PageRequest
from billing.gateways.stripe_client import SessionListParams, SessionParams, StripeApi, StripeData
from billing.gateways.stripe_methods import offered_in
from billing.gateways.stripe_money import code_of
from billing.gateways.stripe_settings import StripeSettings

WITH_MONEY = ["payment_intent.payment_method"]
WITH_CARD = ["setup_intent.payment_method"]
SHORTEST_LIFE = timedelta(minutes=31)
"""Stripe opens no page that would close within 30 minutes, by its clock."""
LOCALES = {"en": "en", "zh-hans": "zh", "zh-hant": "zh-TW"}
BATCH = 100


def payment_page(request: PageRequest, *, customer: str, settings: StripeSettings, now: datetime) -> SessionParams:
    """Return what opens a page on which an order is paid.

    A card is kept by an option of the card: asked for on the whole page, it would hide the means that cannot be kept.
    """
    metadata = {"charge": request.key, **({"customer": request.customer} if request.customer else {})}
    params: SessionParams = {
        "mode": "payment",
        "client_reference_id": request.key,
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": code_of(request.money),
                    "unit_amount": request.money.minor,
                    "product_data": {"name": request.description},
                },
            }
        ],
        "allowed_payment_method_types": list(offered_in(request.money.currency, chosen=settings.methods_by_currency)),
        "payment_intent_data": {"description": request.description, "metadata": {**metadata, "page": "1"}},
        "metadata": metadata,
        "success_url": request.return_url,
        "cancel_url": request.return_url,
        "locale": _locale(request.locale),
        "expires_at": int(max(request.expires_at, now + SHORTEST_LIFE).timestamp()),
        "expand": WITH_MONEY,
    }
    if customer:
        params["customer"] = customer
    if settings.statement_descriptor_suffix:
        params["payment_intent_data"]["statement_descriptor_suffix"] = settings.statement_descriptor_suffix
    if request.keep_card:
        params["payment_method_options"] = {"card": {"setup_future_usage": "off_session"}}
    return params


def card_page(request: CardPageRequest, *, customer: str) -> SessionParams:
    """Return what opens a page that keeps a card and takes no money."""
    metadata = {"customer": request.customer}
    return {
        "mode": "setup",
        "client_reference_id": request.key,
        "customer": customer,
        "allowed_payment_method_types": ["card"],
        "setup_intent_data": {"metadata": metadata},
        "metadata": metadata,
        "success_url": request.return_url,
        "cancel_url": request.return_url,
        "locale": _locale(request.locale),
    }


def create(api: StripeApi, params: SessionParams, *, key: str) -> StripeData:
    """Open a page, or return the one that this key opened."""
    return api.ask(lambda stripe: stripe.v1.checkout.sessions.create(params, {"idempotency_key": key}))


def expire(api: StripeApi, session_id: str) -> StripeData:
    """Let nobody pay on a page any more; raises Refused where it is too late."""
    return api.ask(lambda stripe: stripe.v1.checkout.sessions.expire(session_id, {"expand": WITH_MONEY}))


def card_intent(api: StripeApi, one: str, *, is_page: bool) -> StripeData | None:
    """Return the keeping of a card, by its page or by itself, with the card in it."""
    if not is_page:
        return api.find(lambda stripe: stripe.v1.setup_intents.retrieve(one, {"expand": ["payment_method"]}))
    page = api.find(lambda stripe: stripe.v1.checkout.sessions.retrieve(one, {"expand": WITH_CARD}))
    return page["setup_intent"] if page else None


def retrieve(api: StripeApi, session_id: str) -> StripeData | None:
    """Return a page with the payment on it, None where Stripe doesn't know it."""
    return api.find(lambda stripe: stripe.v1.checkout.sessions.retrieve(session_id, {"expand": WITH_MONEY}))


def find_by_key(api: StripeApi, key: str, *, customer: str, since: datetime) -> StripeData | None:
    """Return the page that a key has opened, found in a list: Stripe's search lags, its lists don't.

    Without a customer, whose pages are few, those of everybody that were opened since are walked.
    """
    wanted: SessionListParams = {"created": {"gte": int(since.timestamp())}, "limit": BATCH}
    if customer:
        wanted["customer"] = customer
    pages = api.walk(lambda stripe: stripe.v1.checkout.sessions.list(wanted))
    found = next((page for page in pages if page["client_reference_id"] == key), None)
    return retrieve(api, found["id"]) if found else None


def find_by_intent(api: StripeApi, intent_id: str) -> StripeData | None:
    """Return the page on which this payment is made."""
    pages = api.walk(lambda stripe: stripe.v1.checkout.sessions.list({"payment_intent": intent_id, "limit": 1}))
    found = next(pages, None)
    return retrieve(api, found["id"]) if found else None


def _locale(tag: str) -> str:
    return LOCALES.get(tag, "auto")
