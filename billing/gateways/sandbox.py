"""A payment gateway for trying things out: it plays the outside world on rows of its own.

It knows nothing of our orders and charges; a payer chooses on its page what the bank will say.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from billing.gateways import sandbox_bank as bank
from billing.gateways import sandbox_events
from billing.gateways import sandbox_returns as returns
from billing.gateways.base import (
    BadSignature,
    CardPageRequest,
    DisputeReport,
    GatewayNotice,
    GatewayRefused,
    KeptCard,
    Movement,
    Notices,
    Page,
    PageRequest,
    PaymentResult,
    RefundRequest,
    RefundResult,
    SavedCharge,
)
from billing.models import SandboxCard, SandboxDispute, SandboxPayment
from portal.lib import http
from portal.lib.money import Money

SIGNATURE_HEADER = "Sandbox-Signature"
CARD_GONE = "card_gone"
SMALLEST = 50
"""Minor units: like other gateways, it charges no less than half a dollar."""
FIRST_LOOK_BACK = timedelta(hours=1)
OVERLAP = timedelta(minutes=5)
State = SandboxPayment.State


class SandboxGateway:
    name = "sandbox"
    page_origin = ""
    in_process = True

    def __init__(self, *, secrets: Sequence[str]) -> None:
        self._secrets = secrets

    def kinds_of_means(self, currency: str) -> Sequence[str]:  # noqa: ARG002 - test cards know every currency
        return ["card"]

    def smallest_charge(self, currency: str) -> Money:
        return Money(SMALLEST, currency)

    def open_page(self, request: PageRequest) -> Page:
        self._check(request.money)
        payment = bank.payment_of(
            request.key,
            customer=request.customer,
            description=request.description,
            money=request.money,
            keep_card=request.keep_card,
            return_url=request.return_url,
        )
        if not payment.return_url:
            SandboxPayment.objects.filter(pk=payment.pk).update(return_url=request.return_url)
        return Page(payment_id=payment.reference, url=bank.page_url(payment))

    def prepare(self, charge: SavedCharge) -> str:
        self._check(charge.money)
        payment = bank.payment_of(
            charge.key,
            customer=charge.customer,
            description=charge.description,
            money=charge.money,
            state=State.PREPARED,
            card=SandboxCard.objects.filter(reference=charge.card_reference).first(),
        )
        return payment.reference

    def _check(self, money: Money) -> None:
        if money < self.smallest_charge(money.currency):
            raise GatewayRefused(f"{money} is less than the sandbox charges.")

    def charge_saved(self, charge: SavedCharge) -> PaymentResult:
        payment = SandboxPayment.objects.select_related("card").get(reference=charge.payment_id)
        if payment.state == State.PREPARED:
            bank.conclude(payment, payment.card.outcome if payment.card else CARD_GONE)
        return bank.result_of(payment)

    def look_up(
        self,
        *,
        payment_id: str,
        key: str,
        customer: str = "",  # noqa: ARG002 - every key is found
        since: datetime | None = None,  # noqa: ARG002
    ) -> PaymentResult | None:
        known = {"reference": payment_id} if payment_id else {"idempotency_key": key}
        payment = SandboxPayment.objects.select_related("card").filter(**known).first()
        if payment is None:
            return None
        bank.complete_if_due(payment, now=timezone.now())
        return bank.result_of(payment)

    def close_page(self, payment_id: str) -> PaymentResult:
        payment = SandboxPayment.objects.select_related("card").get(reference=payment_id)
        bank.complete_if_due(payment, now=timezone.now())
        bank.move(payment, to=State.ABANDONED, source=bank.PAYER_DECIDES)
        return bank.result_of(payment)

    def save_card_page(self, request: CardPageRequest) -> Page:
        payment = bank.payment_of(
            request.key,
            customer=request.customer,
            purpose=SandboxPayment.Purpose.CARD,
            money=Money(0, "USD"),
            keep_card=True,
            return_url=request.return_url,
        )
        return Page(payment_id=payment.reference, url=bank.page_url(payment))

    def look_up_card(self, page_id: str) -> KeptCard | None:
        kept = SandboxPayment.objects.filter(reference=page_id, state=State.SUCCEEDED).select_related("card").first()
        return bank.kept_card(kept.card) if kept and kept.card else None

    def kept_card(self, reference: str) -> KeptCard | None:
        card = SandboxCard.objects.filter(reference=reference).exclude(outcome=CARD_GONE).first()
        return bank.kept_card(card) if card else None

    def forget_card(self, reference: str) -> None:
        SandboxCard.objects.filter(reference=reference).update(outcome=CARD_GONE)

    def refund(self, request: RefundRequest) -> RefundResult:
        return returns.result_of(returns.refund(request))

    def look_up_refund(
        self,
        *,
        refund_id: str,
        key: str,
        transaction_id: str,  # noqa: ARG002 - every key is found
    ) -> RefundResult | None:
        returns.complete_refunds(now=timezone.now())
        found = returns.find_refund(refund_id=refund_id, key=key)
        return returns.result_of(found) if found else None

    def look_up_dispute(self, dispute_id: str) -> DisputeReport | None:
        dispute = SandboxDispute.objects.filter(reference=dispute_id).select_related("payment").first()
        return returns.report_of(dispute) if dispute else None

    def read_event(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayNotice:
        try:
            http.verify_signature(body, headers.get(SIGNATURE_HEADER, ""), self._secrets, now)
            return sandbox_events.notice_of(json.loads(body))
        except (http.BadSignature, ValueError, KeyError, TypeError) as error:
            raise BadSignature(str(error)) from error

    def notices_since(self, cursor: str, *, now: datetime) -> Notices:
        since = datetime.fromisoformat(cursor) if cursor else now - FIRST_LOOK_BACK
        told = list(sandbox_events.told_since(since, now=now))
        newest = told[-1][0] - OVERLAP if told else since
        return Notices(notices=[notice for _moment, notice in told], cursor=max(newest, since).isoformat())

    def movements(self, *, since: datetime, until: datetime) -> Iterator[Movement]:
        yield from bank.movements(since=since, until=until)
        yield from returns.movements(since=since, until=until)
