"""What Stripe's events are about, by webhook and from its list."""

import json
import logging
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from billing import gateways
from billing.gateways.base import BadSignature, CardPageRequest, PageRequest, RefundRequest, Subject
from billing.gateways.stripe_events import LISTENED_TO
from billing.models import GatewayEvent
from portal.lib.http import sign_body
from portal.lib.money import Money

BACK = "https://portal.example.com/back/"
SECRET = "whsec_portal"


@pytest.fixture
def paid(stripe_gateway, stripe_fake, subscriber):
    """A page of US$14.90 that was paid with a card that is kept."""
    page = stripe_gateway.open_page(
        PageRequest(
            key="chg_1",
            money=Money(1490, "USD"),
            description="Europe 10 GB",
            customer=subscriber.public_id,
            return_url=BACK,
            locale="en",
            expires_at=timezone.now() + timedelta(hours=1),
            keep_card=True,
            customer_email=subscriber.email,
        )
    )
    stripe_fake.pay(page.payment_id)
    return stripe_gateway.look_up(payment_id=page.payment_id, key="")


def read(gateway, fake, event):
    body, headers = fake.letter(event["id"], SECRET)
    return gateway.read_event(body=body, headers=headers, now=timezone.now())


def newest(fake, event_type):
    return fake.events(event_type)[-1]


def test_all_that_is_listened_to_fits_into_one_question():
    assert len(LISTENED_TO) == len(set(LISTENED_TO)) <= 20


def test_the_endpoint_of_the_documentation_is_the_one_the_portal_needs(settings):
    page = (settings.BASE_DIR / "docs" / "payments.md").read_text(encoding="utf-8")

    assert set(re.findall(r"enabled_events\[\]=([a-z_.]+)", page)) == set(LISTENED_TO)
    assert re.findall(r"api_version=(\S+)", page) == [settings.STRIPE_API_VERSION]


def test_events_of_a_payment_are_about_our_charge(stripe_gateway, stripe_fake, paid):
    done = read(stripe_gateway, stripe_fake, newest(stripe_fake, "checkout.session.completed"))
    taken = read(stripe_gateway, stripe_fake, newest(stripe_fake, "payment_intent.succeeded"))

    assert (done.about, done.payment_id, done.payload["key"]) == (Subject.PAYMENT, paid.payment_id, "chg_1")
    assert (taken.about, taken.payment_id, taken.payload["key"]) == (Subject.PAYMENT, paid.transaction_id, "chg_1")


def test_keeping_a_card_is_about_the_card(stripe_gateway, stripe_fake, subscriber):
    page = stripe_gateway.save_card_page(
        CardPageRequest(key="card_1", customer=subscriber.public_id, return_url=BACK, locale="en")
    )
    stripe_fake.pay(page.payment_id)

    for event_type in ("checkout.session.completed", "setup_intent.succeeded"):
        notice = read(stripe_gateway, stripe_fake, newest(stripe_fake, event_type))
        assert (notice.about, notice.kind) == (Subject.CARD, "card.succeeded")
        assert stripe_gateway.look_up_card(notice.payment_id).customer == subscriber.public_id


def test_a_card_page_left_alone_is_about_nothing(stripe_gateway, stripe_fake, subscriber):
    page = stripe_gateway.save_card_page(
        CardPageRequest(key="card_1", customer=subscriber.public_id, return_url=BACK, locale="en")
    )
    stripe_fake.expire(page.payment_id)

    assert read(stripe_gateway, stripe_fake, newest(stripe_fake, "checkout.session.expired")).about == Subject.OTHER


def test_a_card_that_changes_or_goes_is_about_the_card(stripe_gateway, stripe_fake, paid):
    stripe_fake.update_card(paid.card.reference, exp_year=2040)
    stripe_fake.detach_card(paid.card.reference)

    updated = read(stripe_gateway, stripe_fake, newest(stripe_fake, "payment_method.automatically_updated"))
    detached = read(stripe_gateway, stripe_fake, newest(stripe_fake, "payment_method.detached"))

    assert (updated.kind, updated.payment_id) == ("card.updated", paid.card.reference)
    assert (detached.kind, detached.payment_id) == ("card.detached", paid.card.reference)


def test_a_refund_carries_the_key_of_our_refund(stripe_gateway, stripe_fake, paid):
    given = stripe_gateway.refund(
        RefundRequest(key="rfd_1", transaction_id=paid.transaction_id, money=Money(90, "USD"))
    )
    stripe_fake.fail_refund(given.refund_id)

    for event_type in ("refund.created", "refund.updated", "refund.failed"):
        notice = read(stripe_gateway, stripe_fake, newest(stripe_fake, event_type))
        assert (notice.about, notice.payment_id) == (Subject.REFUND, given.refund_id)
        assert (notice.payload["key"], notice.payload["transaction"]) == ("rfd_1", paid.transaction_id)


def test_a_dispute_names_the_money(stripe_gateway, stripe_fake, paid):
    dispute = stripe_fake.dispute(paid.transaction_id)
    stripe_fake.close_dispute(dispute["id"], "won")

    for event in stripe_fake.events(*(one for one in LISTENED_TO if one.startswith("charge.dispute"))):
        notice = read(stripe_gateway, stripe_fake, event)
        assert (notice.about, notice.payment_id) == (Subject.DISPUTE, dispute["id"])
        assert notice.payload["transaction"] == paid.transaction_id


def test_what_is_not_listened_to_is_about_nothing_of_ours(stripe_gateway, stripe_fake, paid):
    notice = read(stripe_gateway, stripe_fake, newest(stripe_fake, "customer.created"))

    assert (notice.about, notice.kind) == (Subject.OTHER, "customer.created")


def test_nothing_personal_is_kept_of_an_event(stripe_gateway, stripe_fake, paid, subscriber):
    ids_and_states = {"api_version", "created", "id", "key", "livemode", "object", "status", "transaction", "type"}
    for event in stripe_fake.events():
        payload = read(stripe_gateway, stripe_fake, event).payload
        assert set(payload) == ids_and_states
        assert subscriber.email not in json.dumps(payload)
        assert "payer@example.com" not in json.dumps(payload)


def signed(gateway, event, *, secret=SECRET):
    """Sign an event that the fake would never send."""
    body = json.dumps(event).encode()
    now = timezone.now()
    headers = {"Stripe-Signature": sign_body(body, secret, int(now.timestamp()))}
    return gateway.read_event(body=body, headers=headers, now=now)


def test_a_live_event_is_refused_by_a_test_portal(stripe_gateway, stripe_fake, paid):
    event = newest(stripe_fake, "payment_intent.succeeded")

    with pytest.raises(BadSignature, match="test"):
        signed(stripe_gateway, {**event, "livemode": True})


@pytest.mark.parametrize(
    "event", [[], None, "evt", {}, {"livemode": False}, {"livemode": False, "id": "e", "type": "t", "data": "d"}]
)
def test_what_is_no_event_is_refused(stripe_gateway, event):
    with pytest.raises(BadSignature):
        signed(stripe_gateway, event)


def test_without_a_secret_nothing_is_believed(stripe_settings, db):
    stripe_settings.STRIPE_WEBHOOK_SECRETS = []

    with pytest.raises(BadSignature):
        signed(gateways.chosen(), {"livemode": False}, secret="x")


def test_an_event_of_another_version_is_read_and_noted(stripe_gateway, stripe_fake, paid, caplog):
    event = newest(stripe_fake, "payment_intent.succeeded")

    with caplog.at_level(logging.WARNING):
        notice = signed(stripe_gateway, {**event, "api_version": "2026-05-27.dahlia"})

    assert notice.payload["api_version"] == "2026-05-27.dahlia"
    assert "2026-05-27.dahlia" in caplog.text


def test_a_thin_event_is_stored_as_nothing_of_ours(stripe_gateway, stripe_fake):
    event = {
        "id": "evt_thin",
        "object": "v2.core.event",
        "type": "v1.payment_intent.succeeded",
        "created": "2026-11-21T10:00:00Z",
        "livemode": False,
        "related_object": {"id": "pi_1", "type": "payment_intent", "url": "/v1/payment_intents/pi_1"},
    }

    notice = signed(stripe_gateway, event)

    assert (notice.about, notice.payment_id) == (Subject.OTHER, "pi_1")


def test_the_webhook_takes_a_letter_of_stripe_once(client, stripe_gateway, stripe_fake, paid):
    body, headers = stripe_fake.letter(newest(stripe_fake, "payment_intent.succeeded")["id"], SECRET)

    answers = [
        client.post(
            reverse("billing:webhook", args=["stripe"]), body, content_type="application/json", headers=headers
        ).status_code
        for _ in range(2)
    ]

    assert answers == [202, 202]
    assert GatewayEvent.objects.get().payment_id == paid.transaction_id


def told(gateway, cursor="", *, now=None):
    return gateway.notices_since(cursor, now=now or timezone.now())


def test_events_are_told_oldest_first(stripe_gateway, stripe_fake, paid):
    listed = [event["id"] for event in stripe_fake.events(*LISTENED_TO)]

    assert [notice.event_id for notice in told(stripe_gateway).notices] == listed


def test_events_within_the_last_minutes_are_told_again(stripe_gateway, stripe_fake, paid):
    first = told(stripe_gateway)
    again = told(stripe_gateway, first.cursor)

    assert [*first.notices] == [*again.notices]


def test_events_of_long_ago_are_not_told_again(stripe_gateway, stripe_fake, paid):
    tomorrow = timezone.now() + timedelta(days=1)
    first = [*told(stripe_gateway).notices]
    # An empty cursor looks back an hour of the clock it is given; the events are older than the overlap by then.
    cursor = told(stripe_gateway, now=timezone.now() + timedelta(minutes=30)).cursor

    assert cursor == first[-1].event_id
    assert [*told(stripe_gateway, cursor, now=tomorrow).notices] == []
    assert told(stripe_gateway, cursor, now=tomorrow).cursor == cursor


def test_after_a_month_reading_begins_again_and_says_so(stripe_gateway, stripe_fake, paid, caplog):
    with caplog.at_level(logging.ERROR):
        notices = told(stripe_gateway, "evt_of_last_year")

    assert [*notices.notices] == [*told(stripe_gateway).notices]
    assert "evt_of_last_year" in caplog.text
