"""The fake from a test's side."""

import http.client
import json
from urllib.parse import urlsplit

from tests.fakes.stripe.account import TEST_KEY


class Refused(Exception):
    """A control that makes no sense now, or a payer whose card was declined; `error` is Stripe's."""

    def __init__(self, error):
        super().__init__(error.get("message"))
        self.error = error


class StripeFake:
    """Controls of a fake that listens at `url`. Everything is named by Stripe's ids; objects come as plain dicts."""

    def __init__(self, url):
        self.url = url

    def client(self, key=TEST_KEY, **options):
        """Return the real SDK's client, pointed here."""
        import stripe  # noqa: PLC0415 - takes a second, which tests without Stripe should not pay

        options = {"max_network_retries": 0, "http_client": stripe.RequestsClient(timeout=(3, 20))} | options
        return stripe.StripeClient(key, base_addresses={"api": self.url}, **options)

    def reset(self):
        self._do("reset")

    def now(self):
        """Return the fake's time in seconds since 1970: real time unless set."""
        return self._do("now")

    def set_clock(self, moment):
        """Stop the fake's clock at an aware datetime, or let it run with None."""
        self._do("set_clock", timestamp=moment and moment.timestamp())

    def advance(self, delta):
        """Move the clock by a timedelta: sessions expire, and keys are forgotten after 24 h."""
        self._do("advance", seconds=int(delta.total_seconds()))

    def forget_keys(self):
        self._do("forget_keys")

    def offer(self, *methods):
        """Set what the account offers: card, alipay, wechat_pay, paypal (currencies narrow it further)."""
        self._do("offer", methods=methods)

    def keep_card(self, customer, outcome="paid", **card):
        """Attach a card; `outcome` is a word of banks.OUTCOMES or a list, one a charge, the last for ever.

        `card`: brand, last4, exp_month, exp_year.
        """
        return self._do("keep_card", customer=customer, outcome=outcome, **card)

    def set_outcome(self, payment_method, outcome):
        self._do("set_outcome", payment_method=payment_method, outcome=outcome)

    def update_card(self, payment_method, **card):
        """Change expiry or number and say payment_method.automatically_updated."""
        return self._do("update_card", payment_method=payment_method, **card)

    def detach_card(self, payment_method):
        return self._do("detach_card", payment_method=payment_method)

    def pay(self, session, method="card", outcome="paid", **what):
        """Pay a session, or keep a card in a setup session.

        `outcome`: a word of banks.OUTCOMES; "processing" is paid later and `then` ("paid" or "failed") how `finish` ends it.
        `what`: save_card, then, outcome_later (what the kept card does afterwards), brand, last4, exp_month, exp_year.
        Raises Refused for a decline; the session stays open.
        """
        return self._do("pay", session=session, method=method, outcome=outcome, **what)

    def expire(self, session):
        return self._do("expire", session=session)

    def authenticate(self, intent, *, proven=True):
        """Let the payer of an intent in requires_action prove who they are, or fail to."""
        return self._do("authenticate", intent=intent, proven=proven)

    def finish(self, intent, outcome=None):
        """End an intent that is processing: "paid", "failed", or as `pay(then=…)` said."""
        return self._do("finish", intent=intent, outcome=outcome)

    def dispute(self, payment, **what):
        """Dispute a charge or payment intent; `what`: amount, reason, status ("warning_needs_response" takes no money)."""
        return self._do("dispute", payment=payment, **what)

    def close_dispute(self, dispute, outcome):
        """End a dispute: "won", "lost" or "warning_closed"."""
        return self._do("close_dispute", dispute=dispute, outcome=outcome)

    def refunds_become(self, status):
        """Set the status refunds are born with: succeeded (default), pending or requires_action."""
        self._do("refunds_become", status=status)

    def fail_refund(self, refund, reason="lost_or_stolen_card"):
        return self._do("fail_refund", refund=refund, reason=reason)

    def finish_refund(self, refund):
        return self._do("finish_refund", refund=refund)

    def fault(self, kind, endpoint="* *", **how):
        """Let calls fail: kinds in faults.KINDS; `how`: count, probability, seconds, seed. Paths as in the document."""
        self._do("fault", kind=kind, endpoint=endpoint, **how)

    def down(self):
        self.fault("drop_before")

    def clear_faults(self):
        self._do("clear_faults")

    def limit_rate(self, per_second):
        """Answer 429 above so many calls a second at one endpoint."""
        self._do("limit_rate", per_second=per_second)

    def silence(self, event_type, count=1):
        """Never generate the next `count` events of a type."""
        self._do("silence", event_type=event_type, count=count)

    def events(self, *types):
        """Return the events so far, oldest first."""
        return [one for one in self.objects("event") if not types or one["type"] in types]

    def letter(self, event, *secrets, at=None):
        """Return (body, headers) of a signed delivery; two secrets sign twice, `at` is an aware datetime."""
        seconds = at and int(at.timestamp())
        [one] = self._do("letters", events=[event], secrets=secrets, at=seconds)
        return one["body"].encode(), one["headers"]

    def deliver(self, to, *secrets, events=None, **how):
        """Post events to `to` and return the statuses; `how`: copies, shuffled (a seed), at_once (threads), at (seconds)."""
        return self._do("deliver", to=to, secrets=secrets, events=events, **how)

    def deliver_as_they_happen(self, to, *secrets, **how):
        """Post each event when it happens; `how`: dropped, doubled (probabilities), seed, delay (seconds), tries."""
        self._do("deliver_as_they_happen", to=to, secrets=secrets, **how)

    def delivered(self):
        return self._do("delivered")

    def webhook_endpoint(self, url, **fields):
        """Register an endpoint for lists; `fields`: api_version (the pin), enabled_events, livemode."""
        return self._do("webhook_endpoint", url=url, **fields)

    def money_taken(self):
        """Return id, payment_intent, amount, currency and metadata of every charge that took money, refunded or not."""
        return self._do("money_taken")

    def objects(self, kind):
        """Return every object of a kind ("payment_intent", "checkout.session", "refund", …), oldest first."""
        return self._do("objects", kind=kind)

    def calls(self):
        """Return how often each endpoint was called, refused or not: {"POST /v1/refunds": 1}."""
        return self._do("tallies")["calls"]

    def answers(self):
        """Return how often each status was answered; "none" counts connections closed without an answer."""
        return self._do("tallies")["answers"]

    def busiest(self):
        """Return the most calls that each endpoint saw within one second."""
        return self._do("tallies")["busiest"]

    def wrong_answers(self):
        """Return where the fake broke Stripe's own schema: a test fails when there is any."""
        return self._do("tallies")["wrong"]

    def _do(self, control, **arguments):
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        try:
            connection.request("POST", f"/_control/{control}", json.dumps(arguments))
            answer = connection.getresponse()
            body = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200:
            raise Refused(body["error"])
        return body
