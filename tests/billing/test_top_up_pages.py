"""Turning on what buys by itself when something runs low: exact terms first, and off again in one click."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from billing import top_up_run
from billing.models import Agreement, Charge, PaymentMethod, Subscription, TopUpRule
from plans.models import PlanPrice
from portal.lib.data_size import GB
from portal.lib.dates import held_together
from portal.lib.money import Money
from tests import make

pytestmark = pytest.mark.usefixtures("at_now")

DATA_SENTENCE = (
    "When 20% of the data or less is left, buy “5 GB more” for US$6.00, paid from Visa 4242, until I turn this off: at "
    "most 2 times and for US$12.00 a calendar month, and never the next pack before the last one is in use. If price or "
    "terms change, nothing is bought until I agree again."
)
BALANCE_SENTENCE = (
    "When my balance falls below US$5.00, add US$20.00 from Visa 4242, until I turn this off: at most once and "
    "US$20.00 a calendar month."
)


@pytest.fixture
def page(as_subscriber, line):
    """Return what reads the page about the line's data."""

    def text():
        return as_subscriber.get(reverse("billing:low_data", args=[line.public_id])).content.decode()

    return text


def data_wishes(pack, source, **fields):
    return {"plan": pack.public_id, "source": source, "low_percent": "20", "max_times": "2", **fields}


def agree_to_data(client, line, wishes, **fields):
    address = reverse("billing:low_data_agree", args=[line.public_id])
    return client.post(address, {**wishes, "agreed": "on", "sentence_seen": DATA_SENTENCE, **fields})


def test_agreeing_turns_it_on_and_keeps_the_exact_consent(proven, line, pack, card, running, now):
    wishes = data_wishes(pack, card.public_id)
    shown = proven.get(reverse("billing:low_data_agree", args=[line.public_id]), wishes).content.decode()
    answer = agree_to_data(proven, line, wishes)

    rule = TopUpRule.objects.get()
    assert DATA_SENTENCE in shown
    assert answer.url == reverse("billing:low_data", args=[line.public_id])
    assert (rule.line, rule.plan, rule.low_percent, rule.method) == (line, pack, 20, card)
    assert (rule.max_times, rule.most_a_month) == (2, Money(1200, "USD"))
    words = rule.agreement
    assert (words.about, words.text, words.price) == (Agreement.About.DATA, DATA_SENTENCE, Money(600, "USD"))
    assert (words.agreed_at, words.ip, words.version) == (now, "127.0.0.1", "2026-11")
    assert words.limits == {"low_percent": 20, "low_amount": None, "max_times": 2, "max_amount": 1200}
    assert AuditEvent.objects.get(action="top_up_rule.turned_on").target == line.public_id


def test_the_password_is_asked_before_money_may_move(as_subscriber, line, pack, card):
    sent = agree_to_data(as_subscriber, line, data_wishes(pack, card.public_id))
    money = as_subscriber.post(reverse("billing:low_balance_agree"), {})

    assert sent.url.startswith(reverse("account_reauthenticate"))
    assert money.url.startswith(reverse("account_reauthenticate"))
    assert not TopUpRule.objects.exists()


def test_a_price_that_changed_while_reading_is_shown_again(proven, line, pack, card, now):
    PlanPrice.objects.create(plan=pack, currency="USD", amount=700, valid_from=now)

    answer = agree_to_data(proven, line, data_wishes(pack, card.public_id))

    assert answer.status_code == 422
    assert "US$7.00" in answer.content.decode()
    assert not TopUpRule.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"max_amount": "5"}, "This is less than one purchase costs: write US$6.00 or more."),
        ({"max_amount": "much"}, "Write an amount like 15.00."),
        ({"max_amount": "9" * 18}, "Write an amount like 15.00."),
        ({"max_times": "0"}, "greater than or equal to 1"),
        ({"low_percent": "99"}, "99 is not one of the available choices"),
        ({"source": "pmt_0000000000000000"}, "Choose what pays."),
    ],
    ids=["below the price", "no number", "no amount", "never", "no such mark", "no such card"],
)
def test_what_is_wrong_is_said_beside_the_field(proven, line, pack, card, wrong, sentence):
    wishes = {**data_wishes(pack, card.public_id), **wrong}

    answer = proven.get(reverse("billing:low_data_agree", args=[line.public_id]), wishes)

    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_the_card_of_somebody_else_pays_nothing(proven, line, pack, stranger):
    theirs = make.make_method(owner=stranger)

    assert agree_to_data(proven, line, data_wishes(pack, theirs.public_id)).status_code == 422
    assert not TopUpRule.objects.exists()


def test_agreeing_again_ends_a_pause_and_buys_under_a_new_number(proven, line, pack, card, running):
    rule = make.make_top_up_rule(line=line, plan=pack, state=TopUpRule.State.PAUSED, reason="declined:stolen_card")
    make.make_order(owner=line.owner, line=line, plan=pack, kind="top_up", top_up_rule=rule, top_up_index=1)

    agree_to_data(proven, line, data_wishes(pack, card.public_id))

    rule.refresh_from_db()
    assert (rule.state, rule.reason, rule.next_index, rule.method) == (TopUpRule.State.ACTIVE, "", 2, card)


def test_a_purchase_that_waits_for_its_payer_makes_way_for_the_new_card(
    proven, line, pack, card, running, gateway, carrier, now, monkeypatch
):
    gateways = {gateway.name: gateway}
    monkeypatch.setattr("billing.gateways.by_name", lambda: gateways)
    old = make.make_method(owner=line.owner, last_four="3184", is_default=False)
    rule = make.make_top_up_rule(line=line, plan=pack, method=old)
    gateway.outcomes[old.reference] = "needs_action"
    top_up_run.top_up_low(gateways=gateways, carrier=carrier, now=now)

    agree_to_data(proven, line, data_wishes(pack, card.public_id))
    top_up_run.top_up_low(gateways=gateways, carrier=carrier, now=now)

    rule.refresh_from_db()
    charged = list(Charge.objects.order_by("pk").values_list("state", "method"))
    assert charged == [("abandoned", old.pk), ("succeeded", card.pk)]
    assert (rule.state, rule.reason) == (TopUpRule.State.ACTIVE, "bought")


def test_while_it_is_being_charged_nothing_changes(proven, line, pack, card):
    rule = make.make_top_up_rule(line=line, plan=pack, state=TopUpRule.State.IN_FLIGHT)

    answer = agree_to_data(proven, line, data_wishes(pack, card.public_id))

    rule.refresh_from_db()
    assert rule.method != card
    assert "Try again in a minute" in proven.get(answer.url).content.decode()


def test_off_asks_first_and_changes_nothing_by_looking(as_subscriber, line, pack):
    rule = make.make_top_up_rule(line=line, plan=pack)
    address = reverse("billing:top_up_off", args=[rule.public_id])

    as_subscriber.get(address)
    rule.refresh_from_db()
    assert rule.is_on

    as_subscriber.post(address)
    rule.refresh_from_db()
    assert not rule.is_on
    assert AuditEvent.objects.filter(action="top_up_rule.turned_off").exists()


def test_a_stranger_finds_nothing(client, stranger, line, pack):
    client.force_login(stranger)
    rule = make.make_top_up_rule(line=line, plan=pack)

    for name, key in [("low_data", line), ("low_data_agree", line), ("top_up_off", rule)]:
        assert client.get(reverse(f"billing:{name}", args=[key.public_id])).status_code == 404


def test_the_page_offers_packs_with_prices_and_a_way_to_a_card(page, pack, running):
    text = page()

    assert "5 GB more" in text
    assert "US$6.00" in text
    assert reverse("billing:methods") in text


def test_an_unlimited_plan_needs_none(page, pack, line):
    make.make_allowance(line=line, data_bytes=None, daily_cap_bytes=GB, throttled_kbps=512)

    text = page()

    assert "The running plan is unlimited" in text
    assert '<form method="get"' not in text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "in_flight"}, "A purchase is being paid right now."),
        ({"state": "paused", "reason": "method_removed"}, "Choose what pays from now on."),
        ({"reason": "declined:insufficient_funds", "declines": 1, "wait_until": make.NOW + timedelta(hours=6)},
         held_together("We try again on 21 Nov 2026 at 16:00")),
        ({"reason": "limit_reached", "wait_until": make.NOW + timedelta(days=10)}, held_together("It goes on by itself on 1 Dec 2026")),
        ({"consent_amount": 500}, "What has changed"),
        ({}, "0 of 3 times, US$0.00 of US$18.00"),
    ],
    ids=["being charged", "paused", "declined", "limit", "price", "on"],
)  # fmt: skip
def test_the_page_says_how_it_stands(page, line, pack, running, fields, said):
    make.make_top_up_rule(line=line, plan=pack, **{"max_amount": 1800, **fields})

    assert said in page()


def test_money_is_added_as_agreed(proven, subscriber, card, gateway, carrier, now):
    wishes = {"source": card.public_id, "low_mark": "5", "amount": "20.00", "max_times": "1"}
    shown = proven.get(reverse("billing:low_balance_agree"), wishes).content.decode()
    proven.post(reverse("billing:low_balance_agree"), {**wishes, "agreed": "on", "sentence_seen": BALANCE_SENTENCE})
    top_up_run.top_up_low(gateways={gateway.name: gateway}, carrier=carrier, now=now)

    rule = TopUpRule.objects.get()
    assert BALANCE_SENTENCE in shown
    assert (rule.owner, rule.low_mark, rule.pay_from) == (subscriber, Money(500, "USD"), Subscription.PayFrom.METHOD)
    assert len(gateway.taken) == 1
    assert "1 of 1 times, US$20.00 of US$20.00" in proven.get(reverse("billing:low_balance")).content.decode()


@pytest.mark.parametrize("name", ["low_mark", "amount", "max_amount"])
def test_what_is_too_much_to_keep_is_said_beside_the_field(proven, card, name):
    wishes = {"low_mark": "5", "amount": "20", "source": card.public_id, "max_times": "1", name: "9" * 18}

    answer = proven.post(reverse("billing:low_balance_agree"), {**wishes, "agreed": "on"})

    assert answer.status_code == 422
    assert "Write an amount like 15.00." in answer.content.decode()
    assert not TopUpRule.objects.exists()


def test_without_a_card_the_way_to_one_is_shown(as_subscriber):
    text = as_subscriber.get(reverse("billing:low_balance")).content.decode()

    assert "No saved card" in text
    assert reverse("billing:methods") in text


def test_a_removed_card_pauses_what_it_pays_for(as_subscriber, line, pack, card):
    rule = make.make_top_up_rule(line=line, plan=pack, method=card)
    address = reverse("billing:remove_method", args=[card.public_id])

    assert "Buying data for" in as_subscriber.get(address).content.decode()
    as_subscriber.post(address)

    rule.refresh_from_db()
    assert PaymentMethod.objects.get().removed_at
    assert (rule.state, rule.reason) == (TopUpRule.State.PAUSED, "method_removed")


def test_the_line_and_auto_renewal_lead_here(as_subscriber, line, pack, running):
    make.make_top_up_rule(line=line, plan=pack)

    for name in ("line", "billing:auto_renewal"):
        text = as_subscriber.get(reverse(name, args=[line.public_id])).content.decode()
        assert reverse("billing:low_data", args=[line.public_id]) in text
        assert "At 20%: 5 GB more, US$6.00" in text
