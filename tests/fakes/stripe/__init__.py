"""Stripe on loopback: a stateful server that speaks API version 2026-10-28.endive to the real stripe-python.

    def test_a_renewal_is_charged(stripe_fake):
        client = stripe_fake.client()                     # stripe.StripeClient at stripe_fake.url
        customer = client.v1.customers.create({"email": "ada@example.com"})
        card = stripe_fake.keep_card(customer.id, outcome=["insufficient_funds", "paid"])
        ...
        assert [taken["amount"] for taken in stripe_fake.money_taken()] == [500]

`stripe_fake` (fixtures.py) is a `StripeFake` (client.py: every control, with its words). The server is a process of its own, one
a test session, emptied for each test; `running_fake()` starts another, `python -m tests.fakes.stripe --port N` one by hand.
API keys: TEST_KEY, LIVE_KEY and their restricted twins (account.KEYS). The clock is real until `set_clock(now)`.

What a card does is a word of banks.OUTCOMES: paid, processing, authentication_required, insufficient_funds, lost_card, …;
Stripe's test cards (pm_card_visa, …) work in test mode. What goes wrong is a kind of faults.KINDS:

    stripe_fake.fault("drop_after", "POST /v1/payment_intents/{intent}/confirm", probability=0.5, seed=7)
    stripe_fake.fault("error_after", "POST *", probability=0.1)
    stripe_fake.fault("rate_limit", count=3);  stripe_fake.limit_rate(25);  stripe_fake.down();  stripe_fake.clear_faults()

Hosted pages: session["url"] and next_action.redirect_to_url.url are real pages for a browser; `pay(session_id, method="alipay",
outcome="processing", then="failed")`, `finish(intent_id)`, `authenticate(intent_id, proven=False)` do the same without one.

Events wait in the list until delivered: `letter(event_id, secret)` gives body and headers for Django's test client,
`deliver(url, secret, copies=2, shuffled=7)` posts them, `deliver_as_they_happen(url, secret, dropped=0.3)` posts by itself,
`silence("payment_intent.succeeded")` lets one never be generated.

Requests are held to Stripe's OpenAPI document (README.md), and so is every answer: the fixture fails a test in which the fake
said what Stripe never would.
"""
