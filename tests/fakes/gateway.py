"""A gateway in memory that can lose answers, decline, and take its time."""

import json
from dataclasses import replace

from django.db import connection

from billing.gateways.base import (
    BadSignature,
    GatewayNotice,
    GatewayRefused,
    KeptCard,
    Movement,
    Notices,
    OutcomeUnknown,
    Page,
    PaymentResult,
    PaymentState,
    Subject,
)
from portal.lib.money import Money
from tests.make import NOW


class FakeGateway:
    """Remembers payments by id and key, and counts how often money was taken.

    `losing` names calls whose answer gets lost after they were carried out; `down` names calls that never arrive,
    `refusing` those that are turned down. `unclosable` holds ids of payments that the bank still works on.
    `confirm_url` is where the bank lets payers confirm, empty where it has no page of its own for that.
    `outcomes` says what the bank answers to a kept card, by its reference; any other card pays.
    `events` keeps a notice of all that the bank said, and `moved` the money it moved, at the time of `clock`.
    """

    page_origin = ""

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
        self._transactions_around = len(connection.atomic_blocks)

    def kinds_of_means(self, currency):
        return self.means

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
        if self.payments[charge.payment_id].state == PaymentState.PREPARED:
            self.bank_says(charge.payment_id, self.outcomes.get(charge.card_reference, "paid"))
        self._answer("charge_saved")
        return self.payments[charge.payment_id]

    def look_up(self, *, payment_id, key, customer="", since=None):
        self._arrive("look_up")
        return self.payments.get(payment_id or self.by_key.get(key, ""))

    def close_page(self, payment_id):
        self._arrive("close_page")
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
        self.events.append(
            GatewayNotice(
                event_id=f"evt_{self.name}_{len(self.events) + 1}",
                kind=f"payment.{payment.state}",
                about=Subject.PAYMENT,
                payment_id=payment_id,
                payload={"key": key},
            )
        )
        if payment.state == PaymentState.SUCCEEDED:
            self.moved.append(Movement(id=payment_id, money=payment.money, at=self.clock, key=key))

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
