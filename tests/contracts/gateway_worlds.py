"""The world behind each gateway, in one set of words: what payers, banks and time do there."""

import contextlib
import json
from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from billing.gateways import sandbox_bank as bank
from billing.gateways import sandbox_returns as returns
from billing.gateways.base import CardPageRequest, SavedCharge
from billing.gateways.sandbox import SIGNATURE_HEADER
from billing.gateways.sandbox_cards import CARDS_BY_LAST_FOUR
from billing.gateways.sandbox_events import event_of
from billing.models import SandboxCard, SandboxPayment, SandboxRefund
from portal.lib.http import sign_body
from portal.lib.money import Money
from tests.fakes.stripe.client import Refused

BACK = "https://portal.example.com/back/"
PRICE = Money(1490, "USD")
WEBHOOK_SECRET = "whsec_portal"
"""The secret that both gateways of this suite know, after an older one."""


class World:
    """What all worlds share: the gateway under test, and one subscriber of ours."""

    def __init__(self, gateway, subscriber):
        self.gateway = gateway
        self.subscriber = subscriber

    def look(self, page):
        return self.gateway.look_up(payment_id=page.payment_id, key="")

    def look_by_key(self, key):
        since = timezone.now() - timedelta(minutes=1)
        return self.gateway.look_up(payment_id="", key=key, customer=self.subscriber.public_id, since=since)

    def prepared(self, card, **fields):
        """Prepare a renewal of US$5.00 with a kept card; fields of the charge may be given."""
        fields = {"key": "chg_saved", "money": Money(500, "USD"), "description": "Renewal", "recurring": True, **fields}
        charge = SavedCharge(customer=self.subscriber.public_id, card_reference=card.reference, **fields)
        return replace(charge, payment_id=self.gateway.prepare(charge))

    def keep_card(self, outcome="paid"):
        """Keep a card whose bank will say `outcome` when it is charged, and return it."""
        page = self.gateway.save_card_page(
            CardPageRequest(
                key=f"keep_{outcome}",
                customer=self.subscriber.public_id,
                return_url=BACK,
                locale="en",
                customer_email="",
            )
        )
        self.finish_card_page(page.payment_id, outcome)
        return self.gateway.look_up_card(page.payment_id)


class SandboxWorld(World):
    LAST_FOUR = {
        "paid": "4242",
        "processing": "4444",
        "generic_decline": "0002",
        "insufficient_funds": "0341",
        "authentication_required": "3155",
    }
    LAST_FOUR_ON_PAGE = {**LAST_FOUR, "insufficient_funds": "9995"}

    def pay(self, page_id, outcome="paid", *, keep=False):
        """Let the payer use a card; a page that is closed takes none."""
        card = CARDS_BY_LAST_FOUR[self.LAST_FOUR_ON_PAGE[outcome]]
        bank.pay_with(self._payment(page_id), card, keep=keep)

    def finish_card_page(self, page_id, outcome):
        self.pay(page_id, outcome if outcome == "authentication_required" else "paid", keep=True)
        bank.answer_authentication(self._payment(page_id), confirmed=True)
        kept = CARDS_BY_LAST_FOUR[self.LAST_FOUR[outcome]].when_kept
        SandboxCard.objects.filter(payments__reference=page_id).update(outcome=kept)

    def let_the_bank_finish(self, page_id):
        SandboxPayment.objects.filter(reference=page_id).update(completes_at=timezone.now())

    def forget_keys(self):
        """Sandbox keys are rows, and never forgotten."""

    def takings(self):
        return SandboxPayment.objects.filter(purpose="payment", state="succeeded").count()

    def refunds_given(self):
        return SandboxRefund.objects.count()

    def dispute(self, transaction_id):
        return returns.open_dispute(self._payment(transaction_id), reason="fraudulent", now=timezone.now()).reference

    def decide(self, dispute_id, *, won):
        payment = SandboxPayment.objects.get(dispute__reference=dispute_id)
        returns.decide_dispute(payment.dispute, is_won=won, now=timezone.now())

    def letter(self, page_id, *, secret, age=0):
        """Return body and headers of the newest notice about a payment."""
        body = json.dumps(event_of(self._payment(page_id))).encode()
        return body, {SIGNATURE_HEADER: sign_body(body, secret, int(timezone.now().timestamp()) - age)}

    def _payment(self, reference):
        return SandboxPayment.objects.get(reference=reference)


class StripeWorld(World):
    def __init__(self, gateway, subscriber, fake):
        super().__init__(gateway, subscriber)
        self.fake = fake

    def pay(self, page_id, outcome="paid", *, keep=False):
        """Let the payer use a card; a page that is closed takes none, and a card may be declined."""
        word = {"authentication_required": "paid"}.get(outcome, outcome)
        # Whether the card is kept the page itself says: it was opened for that.
        with contextlib.suppress(Refused):
            self.fake.pay(page_id, outcome=word)

    def finish_card_page(self, page_id, outcome):
        self.fake.pay(page_id, outcome_later=outcome)

    def let_the_bank_finish(self, page_id):
        [session] = [one for one in self.fake.objects("checkout.session") if one["id"] == page_id]
        self.fake.finish(session["payment_intent"])

    def forget_keys(self):
        self.fake.forget_keys()

    def takings(self):
        return len(self.fake.money_taken())

    def refunds_given(self):
        return len(self.fake.objects("refund"))

    def dispute(self, transaction_id):
        return self.fake.dispute(transaction_id)["id"]

    def decide(self, dispute_id, *, won):
        self.fake.close_dispute(dispute_id, "won" if won else "lost")

    def letter(self, page_id, *, secret, age=0):
        """Return body and headers of the newest notice about a payment."""
        about = [event for event in self.fake.events() if event["data"]["object"]["id"] == page_id]
        sent_at = timezone.now() - timedelta(seconds=age)
        return self.fake.letter(about[-1]["id"], secret, at=sent_at)
