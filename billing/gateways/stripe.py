"""Payments through Stripe: hosted Checkout, and kept cards charged in two steps.

`payment_id` is a checkout session's id where a page was opened, and a payment intent's where a kept card is charged;
`transaction_id` is always the payment intent's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.utils import timezone

from billing.gateways import stripe_afterwards as afterwards
from billing.gateways import stripe_customers as customers
from billing.gateways import stripe_events as events
from billing.gateways import stripe_intents as intents
from billing.gateways import stripe_pages as pages
from billing.gateways.base import (
    CardPageRequest,
    DisputeReport,
    GatewayNotice,
    GatewayRefused,
    KeptCard,
    Movement,
    Notices,
    OutcomeUnknown,
    Page,
    PageRequest,
    PaymentResult,
    PaymentState,
    RefundRequest,
    RefundResult,
    SavedCharge,
)
from billing.gateways.stripe_client import KeyTaken, Refused, SessionParams, StripeData, api_of
from billing.gateways.stripe_methods import offered_in
from billing.gateways.stripe_money import check_chargeable, smallest_in
from billing.gateways.stripe_results import card_of, result_of_intent, result_of_page
from billing.gateways.stripe_settings import STRIPE, StripeSettings
from portal.lib.money import Money

PAGE = "cs_"
CARD_GONE = "card_gone"
CLOCKS_DIFFER = timedelta(minutes=5)
KEYS_KEPT = timedelta(hours=25)


class StripeGateway:
    name = STRIPE
    in_process = False

    def __init__(self, settings: StripeSettings) -> None:
        self._settings = settings
        self._api = api_of(settings)

    @property
    def page_origin(self) -> str:
        return self._settings.page_origin

    def kinds_of_means(self, currency: str) -> Sequence[str]:
        return offered_in(currency, chosen=self._settings.methods_by_currency)

    def smallest_charge(self, currency: str) -> Money:
        return smallest_in(currency)

    def open_page(self, request: PageRequest) -> Page:
        check_chargeable(request.money)
        now = timezone.now()

        def wishes(customer: str) -> SessionParams:
            return pages.payment_page(request, customer=customer, settings=self._settings, now=now)

        page: StripeData | None
        try:
            page = self._open(request, wishes)
        except KeyTaken as taken:
            # Asked for again in other words, such as another language: the first answer stands.
            page = self._page_of(request.key, customer=request.customer, since=now - KEYS_KEPT)
            if page is None:
                raise OutcomeUnknown(str(taken)) from taken
        if page["status"] != "open":
            raise GatewayRefused(f"The page of {request.key} is {page['status']}.")
        return Page(payment_id=page["id"], url=page["url"])

    def prepare(self, charge: SavedCharge) -> str:
        check_chargeable(charge.money)
        customer = charge.customer_reference or customers.ensure(self._api, charge.customer, email="")
        suffix = self._settings.statement_descriptor_suffix
        try:
            return str(intents.prepare(self._api, charge, customer=customer, suffix=suffix)["id"])
        except KeyTaken as taken:
            since = timezone.now() - KEYS_KEPT
            found = intents.find_by_key(self._api, charge.key, customer=customer, since=since)
            if found is None:
                raise OutcomeUnknown(str(taken)) from taken
            return str(found["id"])

    def charge_saved(self, charge: SavedCharge) -> PaymentResult:
        known = {charge.customer_reference: charge.customer} if charge.customer_reference else {}
        try:
            return self._intent_result(intents.confirm(self._api, charge), known=known)
        except intents.CardGone as gone:
            no = self._intent_result(gone.intent, known=known)
            return replace(no, state=PaymentState.DECLINED, decline_code=CARD_GONE)

    def look_up(
        self, *, payment_id: str, key: str, customer: str = "", since: datetime | None = None
    ) -> PaymentResult | None:
        if payment_id.startswith(PAGE):
            page = pages.retrieve(self._api, payment_id)
            return self._page_result(page) if page else None
        if payment_id:
            return self._look_up_intent(payment_id)
        if not customer and since is None:
            raise ValueError("Stripe is asked for a key among the payments of a customer, or of nobody since a moment.")
        return self._look_up_key(key, customer=customer, since=since or timezone.now() - KEYS_KEPT)

    def close_page(self, payment_id: str) -> PaymentResult:
        try:
            if payment_id.startswith(PAGE):
                return self._page_result(pages.expire(self._api, payment_id))
            return self._intent_result(intents.cancel(self._api, payment_id))
        except Refused as refusal:
            # Too late: it was paid, declined or closed before.
            result = self.look_up(payment_id=payment_id, key="")
            if result is None:
                raise OutcomeUnknown(
                    f"Stripe does not know {payment_id}: of which account is STRIPE_API_KEY?"
                ) from refusal
            return result

    def save_card_page(self, request: CardPageRequest) -> Page:
        page = self._open(request, lambda customer: pages.card_page(request, customer=customer))
        return Page(payment_id=page["id"], url=page["url"])

    def look_up_card(self, page_id: str) -> KeptCard | None:
        intent = pages.card_intent(self._api, page_id, is_page=page_id.startswith(PAGE))
        if intent is None or intent["status"] != "succeeded":
            return None
        return card_of(intent["payment_method"], subscriber=customers.subscriber_of(intent))

    def kept_card(self, reference: str) -> KeptCard | None:
        method = self._api.find(lambda stripe: stripe.v1.payment_methods.retrieve(reference))
        return card_of(method, subscriber=customers.subscriber_of(method)) if method else None

    def forget_card(self, reference: str) -> None:
        try:
            self._api.ask(lambda stripe: stripe.v1.payment_methods.detach(reference))
        except Refused:
            if self.kept_card(reference) is not None:
                raise

    def read_event(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayNotice:
        return events.read(body=body, headers=headers, settings=self._settings, now=now)

    def notices_since(self, cursor: str, *, now: datetime) -> Notices:
        return events.since(self._api, cursor, now=now)

    def movements(self, *, since: datetime, until: datetime) -> Iterator[Movement]:
        return afterwards.movements(self._api, since=since, until=until)

    def refund(self, request: RefundRequest) -> RefundResult:
        return afterwards.refund(self._api, request)

    def look_up_refund(self, *, refund_id: str, key: str, transaction_id: str) -> RefundResult | None:
        return afterwards.look_up_refund(self._api, refund_id=refund_id, key=key, transaction_id=transaction_id)

    def look_up_dispute(self, dispute_id: str) -> DisputeReport | None:
        return afterwards.look_up_dispute(self._api, dispute_id)

    def _open(self, request: PageRequest | CardPageRequest, wishes: Callable[[str], SessionParams]) -> StripeData:
        """Open a page for a customer, whom Stripe may have to be told of, again if it was deleted there."""
        if not request.customer:
            return pages.create(self._api, wishes(""), key=f"{request.key}:page")
        customer = customers.ensure(self._api, request.customer, email=request.customer_email)
        try:
            return pages.create(self._api, wishes(customer), key=f"{request.key}:page")
        except Refused as refusal:
            if not refusal.says_missing or refusal.param != "customer":
                raise
        customers.forget(request.customer, reference=customer)
        customer = customers.ensure(self._api, request.customer, email=request.customer_email)
        # Another key: under the first one the refusal may be kept.
        return pages.create(self._api, wishes(customer), key=f"{request.key}:page:again")

    def _page_of(self, key: str, *, customer: str, since: datetime) -> StripeData | None:
        reference = customers.reference_of(customer) if customer else ""
        if customer and not reference:
            return None
        return pages.find_by_key(self._api, key, customer=reference, since=since - CLOCKS_DIFFER)

    def _look_up_intent(self, intent_id: str) -> PaymentResult | None:
        intent = intents.retrieve(self._api, intent_id)
        if intent is None:
            return None
        if intent["metadata"].get("page"):
            # On a page, a refused payer tries again: only the page knows whether that is still open.
            page = pages.find_by_intent(self._api, intent_id)
            if page is not None:
                return self._page_result(page)
        return self._intent_result(intent)

    def _look_up_key(self, key: str, *, customer: str, since: datetime) -> PaymentResult | None:
        page = self._page_of(key, customer=customer, since=since)
        if page is not None:
            return self._page_result(page)
        # Who is no customer here pays on pages only.
        reference = customers.reference_of(customer) if customer else ""
        if not reference:
            return None
        intent = intents.find_by_key(self._api, key, customer=reference, since=since - CLOCKS_DIFFER)
        return self._intent_result(intent) if intent else None

    def _page_result(self, page: StripeData) -> PaymentResult:
        return result_of_page(page, live=self._settings.is_live)

    def _intent_result(self, intent: StripeData, *, known: Mapping[str, str] | None = None) -> PaymentResult:
        return result_of_intent(intent, live=self._settings.is_live, known=known or {})
