"""One Stripe account: its objects, its clock and the events that tell what happened."""

import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.fakes.stripe import banks
from tests.fakes.stripe.openapi import document
from tests.fakes.stripe.plain import copied
from tests.fakes.stripe.problems import no_such

TEST_KEY = "sk_test_portal"
LIVE_KEY = "sk_live_portal"
KEYS = (TEST_KEY, LIVE_KEY, "rk_test_portal", "rk_live_portal")
PREFIXES = {
    "balance_transaction": "txn_",
    "charge": "ch_3",
    "customer": "cus_",
    "dispute": "du_1",
    "event": "evt_3",
    "payment_intent": "pi_3",
    "payment_method": "pm_1",
    "refund": "re_3",
    "setup_intent": "seti_1",
    "webhook_endpoint": "we_1",
}
SPOKEN = {"payment_intent": "payment_intent", "payment_method": "PaymentMethod", "checkout.session": "checkout.session"}
KINDS = (*PREFIXES, "checkout.session")


@dataclass
class Asker:
    """Who is served at the moment."""

    livemode: bool = False
    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass
class Account:
    """Everything the fake remembers. Held by one thread at a time: `with account.lock`."""

    base: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self):
        self.reset()

    def reset(self):
        self.tables = {kind: {} for kind in KINDS}
        self.asker = Asker()
        self.order = {}  # id -> its place among everything that was made
        self.cards = {}  # payment method -> what the bank says, one word a charge, the last for ever
        self.session_notes = {}  # session -> what is not in Stripe's object: line items, data for the intent
        self.intent_notes = {}  # payment intent -> the session it was made in, and how it will end
        self.refund_status = "succeeded"
        self.offered = ["card", "alipay", "wechat_pay", "paypal"]
        self.silenced = Counter()
        self.listeners = []
        self._open = {}
        self._frozen_at = None
        self._ahead = 0

    def now(self):
        return int(self._frozen_at if self._frozen_at is not None else time.time()) + self._ahead

    def set_clock(self, timestamp):
        self._frozen_at = timestamp
        self._ahead = 0

    def advance(self, seconds):
        self._ahead += seconds

    def make(self, kind, **fields):
        """Return a kept object of `kind`: the document's least instance with `fields` laid over it."""
        made = document().blank(kind)
        made |= {"id": self.mint(kind), "created": self.now(), **fields}
        if "livemode" in made:
            made["livemode"] = self.asker.livemode
        self.tables[kind][made["id"]] = made
        self.order[made["id"]] = len(self.order)
        if kind == "checkout.session":
            self._open[made["id"]] = None
        return made

    def mint(self, kind):
        if kind == "checkout.session":
            return f"cs_{'live' if self.asker.livemode else 'test'}_{secrets.token_hex(29)}"
        return f"{PREFIXES[kind]}{secrets.token_hex(12)}"

    def get(self, kind, object_id, *, param="id", status=400):
        """Return an object of the asker's mode; Problem `resource_missing` otherwise."""
        found = self.tables[kind].get(object_id)
        if found is None:
            raise no_such(SPOKEN.get(kind, kind), object_id, param=param, status=status)
        if found.get("livemode", self.asker.livemode) != self.asker.livemode:
            theirs, ours = ("live", "test") if found["livemode"] else ("test", "live")
            more = f"; a similar object exists in {theirs} mode, but a {ours} mode key was used to make this request."
            raise no_such(SPOKEN.get(kind, kind), object_id, param=param, status=status, more=more)
        return found

    def all(self, kind):
        """Return the objects of the asker's mode, newest first."""
        return [
            one
            for one in reversed(self.tables[kind].values())
            if one.get("livemode", self.asker.livemode) == self.asker.livemode
        ]

    def open_sessions(self):
        """Return the sessions that can still be paid, and forget those that no longer can."""
        kept = self.tables["checkout.session"]
        self._open = {one: None for one in self._open if kept[one]["status"] == "open"}
        return [kept[one] for one in self._open]

    def emit(self, event_type, about, previous=None):
        """Write an event with a snapshot of `about`, unless a test silenced its type; tell those who listen."""
        if self.silenced[event_type] > 0:
            self.silenced[event_type] -= 1
            return
        data = {"object": copied(about)}
        if previous is not None:
            data["previous_attributes"] = previous
        asker = self.asker
        event = self.make(
            "event",
            type=event_type,
            api_version=document().version,
            data=data,
            pending_webhooks=1,
            request={"id": asker.request_id, "idempotency_key": asker.idempotency_key},
        )
        event["livemode"] = about.get("livemode", asker.livemode)
        for listener in self.listeners:
            listener(event)

    def bank_says(self, payment_method):
        """Return the outcome of the next charge of a card."""
        words = self.cards.get(payment_method, ["paid"])
        word = words.pop(0) if len(words) > 1 else words[0]
        return banks.OUTCOMES[word]
