"""What letters say about purchases nobody clicked on, and about those that did not happen."""

from datetime import datetime, timedelta

import pytest

from accounts.letters import write_email, write_sms
from accounts.models import Notification
from billing import holding, top_up_run
from billing.models import Subscription, TopUpRule
from billing.verdicts import judge
from plans.models import PlanPrice
from portal.lib.data_size import GB
from tests import make
from tests.make import NOW


@pytest.fixture
def rule(line, plan):
    make.make_allowance(line=line, plan=plan, used_bytes=9 * GB)
    return make.make_top_up_rule(line=line, plan=make.make_data_pack())


@pytest.fixture
def letter(gateway, carrier, now):
    """Run the tick and return kind, e-mail and SMS of what was told."""

    def told():
        top_up_run.top_up_low(gateways={gateway.name: gateway}, carrier=carrier, now=now)
        return words(Notification.objects.get())

    return told


def words(notice):
    mail = write_email(kind=notice.kind, user=notice.user, context=notice.context)
    text = write_sms(kind=notice.kind, user=notice.user, context=notice.context)
    assert len(text) <= 160
    return notice.kind, f"{mail.subject}\n{mail.body}", text


def test_data_that_was_bought_says_why_and_how_to_stop_it(rule, letter, line):
    kind, mail, text = letter()

    assert kind == "order_fulfilled"
    assert "Bought by itself because data ran low, as you agreed on 22 Oct 2026." in mail
    assert f"/lines/{line.public_id}/low-data/" in mail
    assert text.endswith("5 GB more added. Data ran low: US$6.00, as agreed.")


def test_money_that_was_added_says_why_and_how_to_stop_it(subscriber, letter):
    make.make_balance_rule(owner=subscriber)

    kind, mail, text = letter()

    assert kind == "money_added"
    assert "because the balance ran low, as you agreed on 22 Oct 2026" in mail
    assert text == "US$20.00 was added to your balance. It had run low."


def test_a_refusal_says_when_it_is_tried_again(rule, letter, gateway, line):
    gateway.outcomes[rule.method.reference] = "insufficient_funds"

    kind, mail, _text = letter()

    assert kind == "top_up_declined"
    assert f"US$6.00 for more data on {line} could not be charged." in mail
    assert "not enough funds" in mail
    assert "We try again on 21 Nov 2026 at 16:00" in mail


def test_money_that_was_refused_for_good_asks_for_another_card(subscriber, letter, gateway):
    rule = make.make_balance_rule(owner=subscriber)
    gateway.outcomes[rule.method.reference] = "stolen_card"

    _kind, mail, _text = letter()

    assert "We do not try again by ourselves." in mail
    assert "/billing/low-balance/" in mail


def test_the_limit_says_when_it_goes_on(rule, letter):
    TopUpRule.objects.update(max_amount=500)

    kind, mail, text = letter()

    assert kind == "top_up_limit_reached"
    assert "You set at most 3 purchases and US$5.00 a month. It goes on by itself on 1 Dec 2026." in mail
    assert "nothing is bought before 1 Dec 2026" in text


def test_another_price_pauses_and_shows_both(rule, letter, now):
    PlanPrice.objects.create(plan=rule.plan, currency="USD", amount=700, valid_from=now)

    kind, mail, _text = letter()

    assert kind == "top_up_paused"
    assert "You agreed to US$6.00; the price is US$7.00 now." in mail


def test_a_renewal_held_at_its_limit_says_until_when(line, plan, now):
    make.make_allowance(line=line, plan=plan, ends_at=now + timedelta(days=1))
    subscription = make.make_subscription(
        line=line, plan=plan, max_amount=100, state=Subscription.State.IN_FLIGHT, period_index=2
    )

    holding.hold(judge([subscription], now=now)[0], now=now)

    kind, mail, text = words(Notification.objects.get())
    assert kind == "renewal_limit_reached"
    assert "The line is paid until 22 Nov 2026. Auto-renewal tries again on 1 Dec 2026." in mail
    assert "your monthly limit is reached" in text
    assert Subscription.objects.get().charge_due_at == datetime(2026, 12, 1, tzinfo=NOW.tzinfo)
