"""Why was I charged? Each answer names the rule, the words agreed to, the price, the attempts and the notices."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import Notification
from accounts.models.notifications import Channel
from accounts.notifications import TOO_LATE
from accounts.waited_notices import NO_LONGER_SO
from billing import renewals
from billing.models import Agreement, Charge, Order, RenewalQuestion, TopUpRule
from billing.notice_keys import charge_notice
from plans.models import PlanPrice
from portal.lib.dates import held_together
from tests import make

pytestmark = [pytest.mark.usefixtures("at_now"), pytest.mark.slow]

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def read(as_subscriber):
    """Read the page about an order as its owner does."""

    def page_about(order):
        answer = as_subscriber.get(reverse("billing:why", args=[order.public_id]))
        assert answer.status_code == 200
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))

    return page_about


@pytest.fixture
def renewed(line, plan, gateway, carrier, now):
    """The order of a renewal that the scheduler has just charged."""
    make.make_allowance(line=line, plan=plan, starts_at=now - 29 * DAY, ends_at=now + DAY)
    make.make_subscription(line=line, plan=plan, anchor_at=now - 29 * DAY, charge_due_at=now)
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)
    return Order.objects.get()


def automatic(line, plan, trigger=Order.Trigger.EXPIRY, **fields):
    """An order that nobody clicked on, as it was kept."""
    fields.setdefault("agreement", make.make_agreement(owner=line.owner, line=line, plan=plan))
    return make.make_order(owner=line.owner, line=line, plan=plan, trigger=trigger, **fields)


def test_a_renewal_names_its_rule_its_consent_its_trigger_and_its_price(read, renewed):
    text = read(renewed)

    assert f"The paid time of {renewed.line} was to end on 22 Nov 2026, 10:00." in text
    assert "Paid on 21 Nov 2026, 10:00." in text
    assert f"Auto-renewal of {renewed.line}" in text
    assert "Renew it until I turn this off." in text
    assert "Agreed on 22 Oct 2026, 10:00, text of version 2026-11." in text
    assert "US$14.90, since 21 Nov 2025" in text
    assert "The amount of this order, what you agreed to and our list are the same." in text
    assert "US$14.90 from Visa 4242 Paid. 21 Nov 2026, 10:00" in text


def test_what_you_bought_yourself_says_so_and_blames_no_rule(read, line, plan):
    text = read(make.make_order(owner=line.owner, line=line, plan=plan))

    assert "You bought this yourself on 21 Nov 2026, 10:00." in text
    assert "What you agreed to" not in text
    assert "What we told you before" not in text


def test_time_that_had_ended_is_called_ended(read, line, plan, now):
    make.make_allowance(line=line, plan=plan, starts_at=now - 31 * DAY, ends_at=now - DAY)

    assert "had ended on 20 Nov 2026, 10:00." in read(automatic(line, plan, starts_at=now))


def test_a_yes_is_named_with_its_day(read, line, plan, now):
    subscription = make.make_subscription(line=line, plan=plan, mode="ask")
    RenewalQuestion.objects.create(
        subscription=subscription,
        period_index=1,
        currency="USD",
        amount=1490,
        asked_at=now - 2 * DAY,
        ends_at=now + DAY,
        answer="renew",
        answered_at=now - DAY,
    )

    order = automatic(line, plan, Order.Trigger.ANSWER, subscription=subscription, period_index=1)

    assert f"You said yes to this renewal of {line} on 20 Nov 2026, 10:00." in read(order)


def test_data_that_ran_low_is_named_with_the_mark_agreed_to_then(read, line, now):
    pack = make.make_data_pack()
    card = make.make_method(owner=line.owner)
    agreement = make.make_agreement(owner=line.owner, about=Agreement.About.DATA, limits={"low_percent": 10})
    rule = TopUpRule.objects.create(
        kind="data", owner=line.owner, line=line, plan=pack, low_percent=25, pay_from="method", method=card,
        currency="USD", consent_amount=600, agreement=agreement, max_times=2, max_amount=1200,
    )  # fmt: skip

    text = read(automatic(line, pack, Order.Trigger.LOW_DATA, top_up_rule=rule, agreement=agreement, amount=600))

    assert f"On 21 Nov 2026, 10:00, 10% of the data on {line} or less was left." in text
    assert f"More data for {line} when it runs low" in text


def test_a_balance_that_ran_low_is_named_with_its_mark(read, subscriber):
    agreement = make.make_agreement(
        owner=subscriber, about=Agreement.About.BALANCE, amount=2000, limits={"low_amount": 500}
    )
    order = make.make_order(
        owner=subscriber, kind="credit", amount=2000, trigger=Order.Trigger.LOW_BALANCE, agreement=agreement
    )

    text = read(order)

    assert "less than US$5.00 was left in your balance." in text
    assert "Price on our list" not in text


def test_an_order_older_than_agreements_says_so(read, line, plan):
    assert "older than our record of agreements" in read(automatic(line, plan, agreement=None))


def test_a_price_list_that_has_moved_since_does_not_change_the_answer(read, renewed, plan, now):
    PlanPrice.objects.create(plan=plan, currency="USD", amount=1990, valid_from=now + HOUR)

    assert "US$14.90, since 21 Nov 2025" in read(renewed)


@pytest.mark.parametrize(
    ("charge", "words"),
    [
        ({"state": "declined", "decline_code": "insufficient_funds"}, "Your bank declined the card: not enough funds."),
        ({"state": "unknown"}, "The bank's answer got lost on the way. We are asking again."),
        ({"state": "needs_action"}, "Your bank wants you to confirm it. Nothing was charged yet."),
        ({"state": "abandoned"}, "Not completed. Nothing was charged."),
        ({"state": "declined", "decline_code": "stolen_card"}, "Your bank declined the card."),
    ],
)
def test_each_attempt_says_in_plain_words_how_it_ended(read, line, plan, now, charge, words):
    order = automatic(line, plan)
    card = make.make_method(owner=line.owner)
    make.make_charge(order=order, method=card, created_at=now - HOUR, settled_at=None, **charge)

    assert f"US$14.90 from Visa 4242 {words} 21 Nov 2026, 09:00" in read(order).replace("&#x27;", "'")


def test_first_card_second_card_and_balance_are_told_apart(read, line, plan, now):
    order = automatic(line, plan, wallet_amount=490, state="fulfilled", paid_at=now)
    first = make.make_method(owner=line.owner)
    second = make.make_method(owner=line.owner, brand="Mastercard", last_four="4444")
    make.make_charge(order=order, method=first, amount=1000, state="declined", settled_at=None)
    make.make_charge(order=order, method=second, amount=1000, state=Charge.State.SUCCEEDED)

    text = read(order)

    positions = [text.index(part) for part in ("US$4.90 from your balance", "from Visa 4242", "from Mastercard 4444")]
    assert positions == sorted(positions)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "sent", "subject": "It ends tomorrow"}, "E-mail: It ends tomorrow Sent. 20 Nov 2026, 10:00"),
        ({"state": "left_out", "error": TOO_LATE}, "E-mail Not sent: it would have come too late."),
        ({"state": "left_out", "error": NO_LONGER_SO}, "E-mail Not sent: it was no longer so."),
        ({"state": "failed", "error": "SMTPServerDisconnected: 10.0.0.7"}, "E-mail Not sent: the message could not"),
        ({"state": "queued"}, "E-mail Waiting to be sent."),
    ],
)
def test_each_notice_before_says_whether_it_went_out(read, renewed, now, fields, words):
    key = charge_notice(
        rung="charge-1d",
        subscription_id=renewed.subscription.public_id,
        period_index=renewed.period_index,
        charge_at=now,
        price=renewed.total,
    )
    Notification.objects.create(
        key=f"{key}:email",
        user=renewed.owner,
        channel=Channel.EMAIL,
        kind="charge_notice",
        sent_at=now - DAY,
        **fields,
    )

    assert words in read(renewed)


def test_without_a_notice_the_page_admits_it(read, renewed):
    assert "No notice was written before this charge." in read(renewed)


def test_what_can_be_done_now_leads_on(as_subscriber, renewed):
    html = as_subscriber.get(reverse("billing:why", args=[renewed.public_id])).content.decode()

    assert reverse("billing:auto_renewal", args=[renewed.line.public_id]) in html
    assert reverse("billing:order", args=[renewed.public_id]) in html
    assert renewed.public_id in html


@pytest.mark.parametrize("name", ["billing:order", "billing:receipt", "billing:charges", "billing:orders"])
def test_every_page_about_an_automatic_charge_leads_here(as_subscriber, renewed, name):
    args = [renewed.public_id] if name in {"billing:order", "billing:receipt"} else []

    html = as_subscriber.get(reverse(name, args=args)).content.decode()

    assert reverse("billing:why", args=[renewed.public_id]) in html


def test_what_was_clicked_needs_no_explanation_in_lists(as_subscriber, line, plan):
    make.make_order(owner=line.owner, line=line, plan=plan)

    assert "/why/" not in as_subscriber.get(reverse("billing:orders")).content.decode()


def test_a_stranger_learns_nothing(client, stranger, renewed):
    client.force_login(stranger)

    assert client.get(reverse("billing:why", args=[renewed.public_id])).status_code == 404


def test_staff_read_the_same_words_from_the_page_of_the_order(client, staff, renewed):
    client.force_login(staff)
    address = reverse("admin:billing_order_why", args=[renewed.pk])

    order_page = client.get(reverse("admin:billing_order_change", args=[renewed.pk])).content.decode()
    html = client.get(address).content.decode()

    assert address in order_page
    assert held_together("was to end on 22 Nov 2026, 10:00.") in html
    assert "Renew it until I turn this off." in html
    assert "US$14.90 from Visa 4242. Paid." in html


def test_staff_without_sight_of_orders_have_no_such_page(client, subscriber, renewed):
    client.force_login(subscriber)

    assert client.get(reverse("admin:billing_order_why", args=[renewed.pk])).status_code == 302
