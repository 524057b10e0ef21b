"""What a program reads of what is to come and why something came, and what it answers when it is asked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from billing.models import RenewalQuestion, Subscription
from esim.models import Allowance
from portal.lib.money import Money
from tests import make
from tests.api.test_door import kind
from tests.api.test_reading import usd

pytestmark = pytest.mark.django_db


@pytest.fixture
def end(line):
    """When the paid time of Ada's line ends."""
    return line.allowances.get().ends_at


@pytest.fixture
def asked(line, plan, card, end):
    """A renewal in mode "ask me first" whose question is open."""
    subscription = make.make_subscription(
        line=line, plan=plan, method=card, mode="ask", asked_index=1, charge_due_at=timezone.now() + timedelta(days=1)
    )
    return make.make_question(subscription=subscription, ends_at=end)


def test_the_timeline_says_what_the_page_says(program, as_subscriber, line, plan, card, end):
    make.make_subscription(line=line, plan=plan, method=card, charge_due_at=end - timedelta(days=1))

    status, told = program.get(f"/lines/{line.public_id}/timeline")

    page = as_subscriber.get(f"/lines/{line.public_id}/").content.decode()
    [charge] = [one for one in told["events"] if one["charge"]]
    assert (status, told["outlook"], charge["what"]) == (200, "charge", "charge")
    assert (charge["charge"]["price"], charge["charge"]["fromCard"], charge["charge"]["card"]) == (
        usd("14.90"),
        usd("14.90"),
        "Visa 4242",
    )
    assert told["changeUntil"] == charge["at"]
    assert told["ifYouDoNothing"] in page
    assert all(one["title"] in page for one in told["events"])


def test_a_line_that_nothing_renews_says_so(program, line):
    told = program.get(f"/lines/{line.public_id}/timeline")[1]

    assert (told["outlook"], told["changeUntil"]) == ("off", None)
    assert [one["what"] for one in told["events"]] == ["end"]


def test_why_was_i_charged_names_rule_words_and_price(program, as_subscriber, line, plan, card):
    subscription = make.make_subscription(line=line, plan=plan, method=card)
    order = make.make_order(
        owner=line.owner,
        line=line,
        plan=plan,
        subscription=subscription,
        agreement=subscription.agreement,
        period_index=1,
        trigger="expiry",
        state="fulfilled",
        paid_at=timezone.now(),
    )
    make.make_charge(order=order, method=card)

    status, told = program.get(f"/orders/{order.public_id}/why")

    page = as_subscriber.get(f"/orders/{order.public_id}/why/").content.decode()
    assert (status, told["isAutomatic"], told["isRuleOn"]) == (200, True, True)
    assert (told["agreement"]["text"], told["agreement"]["price"]) == (subscription.agreement.text, usd("14.90"))
    assert told["because"] in page.replace("&#x27;", "'")
    assert told["attempts"][0]["title"] in page
    assert told["listed"]["isAgreed"]


def test_times_in_words_are_by_the_owners_clock(program, subscriber, line, plan, now):
    order = make.make_order(owner=subscriber, line=line, plan=plan, created_at=now.replace(hour=23))
    type(subscriber).objects.update(time_zone="Asia/Taipei")

    words = program.get(f"/orders/{order.public_id}/why")[1]["because"]

    assert "22" in words
    assert "07:00" in words
    assert program.get(f"/orders/{order.public_id}")[1]["orderDate"].startswith("2026-11-21T23:00")


def test_a_yes_a_no_and_a_stop_are_said_once(program, asked, line):
    path = f"/lines/{line.public_id}/auto-renewal"
    before = program.get(path)[1]

    other = program.do("post", f"{path}/answer", {"answer": "renew", "price": usd("9.90")})
    status, said = program.do("post", f"{path}/answer", {"answer": "renew", "price": usd("14.90")})
    again = program.do("post", f"{path}/answer", {"answer": "skip", "price": usd("14.90")})

    assert (before["mode"], before["question"]["wasAsked"], before["question"]["saidYes"]) == ("ask", True, False)
    assert (other[0], kind(other[1])) == (409, "price-changed")
    assert (status, said["question"]["saidYes"]) == (200, True)
    assert (again[0], kind(again[1])) == (409, "not-asked")
    assert RenewalQuestion.objects.get().answer == "renew"
    assert Subscription.objects.get().charge_due_at <= timezone.now()
    assert AuditEvent.objects.get(action="auto_renewal.said_yes").actor == line.owner


def test_stopping_turns_auto_renewal_off(program, asked, line):
    path = f"/lines/{line.public_id}/auto-renewal"

    stopped = program.do("post", f"{path}/answer", {"answer": "stop", "price": usd("14.90")})[1]

    assert stopped == program.get(path)[1]
    assert stopped["mode"] == "off"


def test_a_yes_to_much_is_said_on_the_page(program, asked, line, settings, client):
    settings.PORTAL_CONFIRM_ABOVE = {"USD": Money(1000, "USD")}

    path = f"/lines/{line.public_id}/auto-renewal/answer"
    status, told = program.do("post", path, {"answer": "renew", "price": usd("14.90")})

    assert (status, kind(told)) == (403, "confirmation-required")
    assert b"14.90" in client.get(told["page"].removeprefix("http://localhost:8000")).content
    assert RenewalQuestion.objects.get().answer == ""


def test_how_a_line_renews_names_the_second_card_what_it_was_refused_for_and_what_changed(
    program, subscriber, line, plan, card
):
    second = make.make_method(owner=subscriber, last_four="0005")
    later = timezone.now() + timedelta(hours=6)
    declined = {"state": "past_due", "reason": "declined:insufficient_funds", "declines": 1, "charge_due_at": later}
    subscription = make.make_subscription(
        line=line, plan=plan, method=card, backup_method=second, consent_amount=1290, **declined
    )
    order = make.make_order(owner=subscriber, line=line, plan=plan, subscription=subscription, period_index=1)
    make.make_charge(order=order, method=card, state="declined", decline_code="insufficient_funds")

    told = program.get(f"/lines/{line.public_id}/auto-renewal")[1]

    assert (told["payWith"], told["backup"], told["state"]) == (card.public_id, second.public_id, "past_due")
    assert [one["card"] for one in told["refusals"]] == ["Visa 4242"]
    assert [(one["what"], one["agreed"], one["now"]) for one in told["changes"]] == [("Price", "US$12.90", "US$14.90")]
    assert told["nextTries"] == [], "not at another price than was agreed to"


def test_a_refused_renewal_names_each_try_to_come(program, line, plan, card):
    Allowance.objects.update(ends_at=timezone.now() + timedelta(days=1))
    later = timezone.now() + timedelta(hours=6)
    make.make_subscription(line=line, plan=plan, method=card, state="past_due", declines=1, charge_due_at=later)

    told = program.get(f"/lines/{line.public_id}/auto-renewal")[1]

    assert len(told["nextTries"]) == 5
    assert told["nextTries"][0] == told["nextCharge"]


@pytest.mark.parametrize("days_ahead", [5, 12])
def test_the_next_charge_is_the_one_the_timeline_foretells(program, line, plan, card, end, days_ahead):
    """Paid for by hand until later, the row keeps the old day until the scheduler comes by."""
    make.make_subscription(line=line, plan=plan, method=card, charge_due_at=timezone.now() + timedelta(days=days_ahead))

    told = program.get(f"/lines/{line.public_id}/auto-renewal")[1]

    assert told["nextCharge"] == program.get(f"/lines/{line.public_id}/timeline")[1]["changeUntil"]
    assert told["nextCharge"] == (end - timedelta(days=1)).isoformat().replace("+00:00", "Z")


def off(row):
    Subscription.objects.update(mode="off")


def asks(row):
    Subscription.objects.update(mode="ask")


def costs_more(row):
    Subscription.objects.update(consent_amount=1290)


def is_paused(row):
    Subscription.objects.update(state="paused", reason="skipped")


def limit_below_the_price(row):
    Subscription.objects.update(max_amount=1489)


@pytest.mark.parametrize("change", [off, asks, costs_more, is_paused, limit_below_the_price], ids=lambda f: f.__name__)
def test_a_charge_that_will_not_come_is_nobody_s_next_one(program, line, plan, card, end, change):
    row = make.make_subscription(line=line, plan=plan, method=card, charge_due_at=end - timedelta(days=1))
    change(row)

    assert program.get(f"/lines/{line.public_id}/auto-renewal")[1]["nextCharge"] is None
    assert program.get(f"/lines/{line.public_id}/timeline")[1]["changeUntil"] is None
