"""What tests do to the fake."""

from tests.fakes.stripe import deliveries, paying
from tests.fakes.stripe.api import disputes, payment_methods, refunds, sessions
from tests.fakes.stripe.faults import Fault
from tests.fakes.stripe.openapi import document

UNCHANGED = object()


class Controls:
    """Each public method is a control (see control_desk.py): called with the account locked, and what it returns is plain data."""

    def __init__(self, service):
        self._service = service
        self._couriers = []

    @property
    def _account(self):
        return self._service.account

    def reset(self):
        for courier in self._couriers:
            courier.stop()
        self._couriers = []
        self._service.reset()

    def set_clock(self, timestamp):
        self._account.set_clock(timestamp)

    def advance(self, seconds):
        self._account.advance(seconds)
        sessions.end_overdue(self._account)

    def now(self):
        return self._account.now()

    def offer(self, methods):
        self._account.offered = methods

    def forget_keys(self):
        self._service.keys.forget()

    def keep_card(self, customer, outcome="paid", **card):
        owner = self._account.tables["customer"][customer]
        self._account.asker.livemode = owner["livemode"]
        made = payment_methods.make_card(self._account, outcome=outcome, **card)
        payment_methods.attach_to(self._account, made, customer)
        return made

    def set_outcome(self, payment_method, outcome):
        self._account.cards[payment_method] = [outcome] if isinstance(outcome, str) else list(outcome)

    def update_card(self, payment_method, **card):
        """Play the bank that sends a card's successor: `payment_method.automatically_updated`."""
        method = self._account.tables["payment_method"][payment_method]
        previous = {"card": {name: method["card"][name] for name in card}}
        method["card"] |= card
        self._account.emit("payment_method.automatically_updated", method, previous)
        return method

    def detach_card(self, payment_method):
        self._account.asker.livemode = self._account.tables["payment_method"][payment_method]["livemode"]
        return payment_methods.detach(self._account, {}, payment_method)

    def pay(self, session, **what):
        return paying.pay(self._account, session, **what)

    def expire(self, session):
        return sessions.end(self._account, paying.open_session(self._account, session))

    def authenticate(self, intent, proven=True):  # noqa: FBT002 - a JSON field
        return paying.authenticate(self._account, intent, proven=proven)

    def finish(self, intent, outcome=None):
        return paying.finish(self._account, intent, outcome)

    def dispute(self, payment, amount=None, reason="fraudulent", status="needs_response"):
        return disputes.begin(self._account, self._charge_of(payment), amount=amount, reason=reason, status=status)

    def close_dispute(self, dispute, outcome):
        return disputes.close(self._account, self._account.tables["dispute"][dispute], outcome)

    def refunds_become(self, status):
        self._account.refund_status = status

    def fail_refund(self, refund, reason="lost_or_stolen_card"):
        return refunds.fail(self._account, self._refund(refund), reason)

    def finish_refund(self, refund):
        return refunds.succeed(self._account, self._refund(refund))

    def _refund(self, refund):
        found = self._account.tables["refund"][refund]
        self._charge_of(found["charge"])
        return found

    def _charge_of(self, payment):
        intent = self._account.tables["payment_intent"].get(payment)
        charge = self._account.tables["charge"][intent["latest_charge"] if intent else payment]
        self._account.asker.livemode = charge["livemode"]
        return charge

    def fault(self, kind, **how):
        self._service.trouble.faults.append(Fault(kind, **how))

    def clear_faults(self):
        self._service.trouble.faults = []
        self._service.trouble.per_second = None

    def limit_rate(self, per_second):
        self._service.trouble.per_second = per_second

    def silence(self, event_type, count=1):
        self._account.silenced[event_type] += count

    def letters(self, events, secrets, at=None):
        chosen = [self._account.tables["event"][one] for one in events]
        return [deliveries.letter(event, secrets, at or self._account.now()) for event in chosen]

    def deliver_as_they_happen(self, to, secrets, dropped=0.0, doubled=0.0, seed=1, delay=0.0, tries=1):
        courier = deliveries.Courier(
            to, secrets, self._account.now, dropped=dropped, doubled=doubled, seed=seed, delay=delay, tries=tries
        )
        self._couriers.append(courier)
        self._account.listeners.append(courier)

    def delivered(self):
        """Return the statuses that deliveries made as they happened were answered with, and how many still wait."""
        statuses = [status for courier in self._couriers for status in courier.statuses]
        return {"statuses": statuses, "waiting": sum(courier.waiting.unfinished_tasks for courier in self._couriers)}

    def webhook_endpoint(self, url, api_version=UNCHANGED, enabled_events=("*",), livemode=False):  # noqa: FBT002
        version = document().version if api_version is UNCHANGED else api_version
        self._account.asker.livemode = livemode
        events = list(enabled_events)
        return self._account.make(
            "webhook_endpoint", url=url, api_version=version, enabled_events=events, metadata={}, status="enabled"
        )

    def money_taken(self):
        return [
            {name: one[name] for name in ("amount", "currency", "metadata", "payment_intent", "id")}
            for one in self._account.tables["charge"].values()
            if one["status"] == "succeeded"
        ]

    def objects(self, kind):
        return list(self._account.tables[kind].values())

    def tallies(self):
        trouble = self._service.trouble
        return {
            "calls": trouble.calls,
            "answers": trouble.answers,
            "busiest": trouble.busiest,
            "wrong": self._service.wrong,
        }
