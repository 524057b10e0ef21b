"""A gateway in memory that can lose answers, decline, and take its time."""

import json
from dataclasses import replace
from datetime import timedelta
from threading import Lock

from django.db import connection

from billing.gateways.base import (
    BadSignature,
    DisputeReport,
    DisputeState,
    GatewayNotice,
    GatewayRefused,
    KeptCard,
    Movement,
    Notices,
    OutcomeUnknown,
    Page,
    PaymentResult,
    PaymentState,
    RefundResult,
    RefundState,
    Subject,
)
from portal.lib.money import Money
from tests.make import NOW


class FakeGateway:
    """Remembers payments, refunds and disputes by id and key, and counts how often money was taken or given back.

    `losing` names calls whose answer gets lost after they were carried out; `down` names calls that never arrive,
    `refusing` those that are turned down. `unclosable` holds ids of payments that the bank still works on.
    `confirm_url` is where the bank lets payers confirm, empty where it has no page of its own for that.
    `outcomes` says what the bank answers to a kept card, by its reference; any other card pays.
    `refund_outcome` says what becomes of a refund: "succeeded", "pending", or why it fails.
    `events` keeps a notice of all that the bank said, and `moved` the money it moved, at the time of `clock`.
    """

    page_origin = ""
    in_process = True

    def __init__(self, name="sandbox"):
        self.name = name
        self.clock = NOW
        self.events: list[GatewayNotice] = []
        self.moved: list[Movement] = []
        self.payments: dict[str, PaymentResult] = {}
        self.by_key: dict[str, str] = {}
        self.cards: dict[str, str] = {}
        self.kept: dict[str, KeptCard] = {}
        self.means: list[str] = ["card"]
        self.taken: list[str] = []
        self.calls: list[str] = []
        self.forgotten: list[str] = []
        self.losing: set[str] = set()
        self.down: set[str] = set()
        self.refusing: set[str] = set()
        self.unclosable: set[str] = set()
        self.confirm_url = "/confirm-at-fake/"
        self.outcomes: dict[str, str] = {}
        self._one_at_a_time = Lock()
        self.refunds: dict[str, RefundResult] = {}
        self.refund_by_key: dict[str, str] = {}
        self.refund_outcome = "succeeded"
        self.disputes: dict[str, DisputeReport] = {}
        self._transactions_around = len(connection.atomic_blocks)

    def kinds_of_means(self, currency):
        return self.means

    def smallest_charge(self, currency):
        return Money(1, currency)

    def open_page(self, request):
        payment_id = self._make(request.key, request.money, PaymentState.PENDING)
        self._answer("open_page")
        return Page(payment_id=payment_id, url=f"/pay-at-fake/{payment_id}/")

    def prepare(self, charge):
        payment_id = self._make(charge.key, charge.money, PaymentState.PREPARED)
        self._answer("prepare")
        return payment_id

    def charge_saved(self, charge):
        self._arrive("charge_saved")
        with self._one_at_a_time:
            if self.payments[charge.payment_id].state == PaymentState.PREPARED:
                self.bank_says(charge.payment_id, self.outcomes.get(charge.card_reference, "paid"))
        self._answer("charge_saved")
        return self.payments[charge.payment_id]

    def look_up(self, *, payment_id, key, customer="", since=None):
        self._arrive("look_up")
        return self.payments.get(payment_id or self.by_key.get(key, ""))

    def close_page(self, payment_id):
        self._arrive("close_page")
        with self._one_at_a_time:
            payment = self.payments[payment_id]
            if payment_id not in self.unclosable and payment.state in {
                PaymentState.PREPARED,
                PaymentState.PENDING,
                PaymentState.NEEDS_ACTION,
            }:
                self.payments[payment_id] = replace(payment, state=PaymentState.ABANDONED)
            return self.payments[payment_id]

    def save_card_page(self, request):
        return Page(payment_id=f"set_{request.key}", url="/save-at-fake/")

    def look_up_card(self, page_id):
        return self.kept.get(page_id)

    def kept_card(self, reference):
        self._arrive("kept_card")
        return next((card for card in self.kept.values() if card.reference == reference), None)

    def forget_card(self, reference):
        self._arrive("forget_card")
        self.forgotten.append(reference)

    def refund(self, request):
        self._arrive("refund")
        if request.key not in self.refund_by_key:
            self._check_refund(request)
            self.give_back(request.transaction_id, request.money, key=request.key)
        self._answer("refund")
        return self.refunds[self.refund_by_key[request.key]]

    def look_up_refund(self, *, refund_id, key, transaction_id):
        self._arrive("look_up_refund")
        return self.refunds.get(refund_id or self.refund_by_key.get(key, ""))

    def look_up_dispute(self, dispute_id):
        self._arrive("look_up_dispute")
        return self.disputes.get(dispute_id)

    def read_event(self, *, body, headers, now):
        event = json.loads(body)
        if headers.get("Fake-Signature") != "good":
            raise BadSignature
        return GatewayNotice(
            event_id=event["id"],
            kind=event["kind"],
            about=Subject(event["kind"].partition(".")[0]),
            payment_id=event["payment_id"],
            payload=event,
        )

    def notices_since(self, cursor, *, now):
        self._arrive("notices_since")
        # As others do, it begins a little before the end of what was read.
        return Notices(notices=self.events[int(cursor or 0) :], cursor=str(max(len(self.events) - 2, 0)))

    def movements(self, *, since, until):
        self._arrive("movements")
        yield from (one for one in self.moved if since <= one.at < until)

    def bank_says(self, payment_id, answer, *, card=None):
        """Let the bank decide: "paid", a state that is not final, or a decline code."""
        self._decide(payment_id, answer, card=card)
        payment, key = self.payments[payment_id], next(key for key, of in self.by_key.items() if of == payment_id)
        self._tell(Subject.PAYMENT, f"payment.{payment.state}", payment_id, {"key": key})
        if payment.state == PaymentState.SUCCEEDED:
            self.moved.append(Movement(id=payment_id, money=payment.money, at=self.clock, key=key))

    def _tell(self, about, kind, subject_id, payload):
        number = len(self.events) + 1
        self.events.append(
            GatewayNotice(
                event_id=f"evt_{self.name}_{number}", kind=kind, about=about, payment_id=subject_id, payload=payload
            )
        )

    def _decide(self, payment_id, answer, *, card):
        payment = self.payments[payment_id]
        match answer:
            case "paid":
                self.taken.append(payment_id)
                self.payments[payment_id] = replace(payment, state=PaymentState.SUCCEEDED, card=card)
            case "pending" | "needs_action":
                self.payments[payment_id] = replace(payment, state=PaymentState(answer), next_url=self.confirm_url)
            case code:
                self.payments[payment_id] = replace(payment, state=PaymentState.DECLINED, decline_code=code)

    def give_back(self, payment_id, money, *, key=""):
        """Give money back, for the shop or, without a key, for somebody at the dashboard; return the refund's id."""
        refund_id = f"re_{len(self.refunds) + 1}_{payment_id}"
        if key:
            self.refund_by_key[key] = refund_id
        self.refunds[refund_id] = RefundResult(
            state=RefundState.PENDING, refund_id=refund_id, transaction_id=payment_id, money=money, key=key
        )
        self.refund_says(refund_id, self.refund_outcome)
        return refund_id

    def refund_says(self, refund_id, answer):
        """Let the payer's bank decide about a refund: "succeeded", "pending", or why it fails."""
        is_final = answer in {"succeeded", "pending"}
        state = RefundState(answer) if is_final else RefundState.FAILED
        result = replace(self.refunds[refund_id], state=state, reason="" if is_final else answer)
        self.refunds[refund_id] = result
        self._tell(Subject.REFUND, f"refund.{state}", refund_id, {"key": result.key})
        self.moved = [one for one in self.moved if one.id != refund_id]
        if state == RefundState.SUCCEEDED:
            self.moved.append(Movement(id=refund_id, money=result.money, at=self.clock, key=result.key, is_refund=True))

    def dispute(self, payment_id, *, money=None, state="open", withdrawn=None):
        """Let the payer dispute a payment, or the bank decide about it; return the dispute's id.

        What went back to the payer before is not withdrawn as well.
        """
        dispute_id, payment = f"dp_{payment_id}", self.payments[payment_id]
        left = Money(payment.money.minor - self.given_back(payment_id), payment.money.currency)
        known = self.disputes.get(dispute_id)
        self.disputes[dispute_id] = DisputeReport(
            dispute_id=dispute_id,
            transaction_id=payment_id,
            money=known.money if known else money or left or payment.money,
            state=DisputeState(state),
            withdrawn=(state != "won" and bool(left)) if withdrawn is None else withdrawn,
            reason="fraudulent",
            respond_by=self.clock + timedelta(days=7),
        )
        self._tell(Subject.DISPUTE, f"dispute.{state}", dispute_id, {})
        return dispute_id

    def given_back(self, payment_id):
        """Count what is on its way back, or back, to the payer, in minor units."""
        refunds = [one for one in self.refunds.values() if one.transaction_id == payment_id]
        return sum(one.money.minor for one in refunds if one.state != RefundState.FAILED)

    def left_us(self, payment_id):
        """Count what of a payment is gone again, in minor units: given back, or withdrawn by a bank."""
        disputes = [one for one in self.disputes.values() if one.transaction_id == payment_id and one.withdrawn]
        return self.given_back(payment_id) + sum(one.money.minor for one in disputes)

    def _check_refund(self, request):
        payment = self.payments.get(request.transaction_id)
        if payment is None or payment.state != PaymentState.SUCCEEDED:
            raise GatewayRefused("no such payment")
        disputes = [one for one in self.disputes.values() if one.transaction_id == request.transaction_id]
        if any(one.withdrawn and one.state != DisputeState.LOST for one in disputes):
            raise GatewayRefused("charge_disputed")
        if self.left_us(request.transaction_id) + request.money.minor > payment.money.minor:
            raise GatewayRefused("more than is left")

    def misreport(self, payment_id, money: Money):
        """Say another amount than was asked for."""
        self.payments[payment_id] = replace(self.payments[payment_id], money=money)

    def _make(self, key, money, state):
        self._arrive("prepare" if state == PaymentState.PREPARED else "open_page")
        payment_id = self.by_key.setdefault(key, f"fake_{len(self.by_key) + 1}_{key}")
        self.payments.setdefault(payment_id, PaymentResult(state=state, payment_id=payment_id, money=money))
        return payment_id

    def _arrive(self, call):
        assert len(connection.atomic_blocks) == self._transactions_around, f"{call} inside a transaction"
        self.calls.append(call)
        if call in self.down:
            raise OutcomeUnknown(call)
        if call in self.refusing:
            raise GatewayRefused(call)

    def _answer(self, call):
        if call in self.losing:
            raise OutcomeUnknown(call)
