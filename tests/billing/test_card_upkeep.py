"""Kept cards change without us: they expire, banks renew them, gateways forget them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command

from accounts.letters import write_email, write_sms
from accounts.models import Notification
from billing import card_consent, charges, methods
from billing.card_upkeep import remind_about_cards, replace_expired_defaults
from billing.gateways.base import KeptCard
from billing.models import PaymentMethod, Subscription
from tests import make
from tests.billing.books import buy

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
CARD = KeptCard(
    reference="card_ada", customer="usr_x", brand="Visa", last_four="4242", expires_month=12, expires_year=2030
)


@pytest.fixture
def card(subscriber):
    """Ada's default card, good to 31 December 2026; kept long ago."""
    return make.make_method(
        owner=subscriber,
        reference="card_ada",
        expires_month=12,
        expires_year=2026,
        is_default=True,
        created_at=datetime(2024, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def at_the_gateway(gateway, subscriber):
    """What the gateway knows of the card."""

    def knows(**changes):
        gateway.kept["set_1"] = replace(CARD, customer=subscriber.public_id, **changes)

    return knows


def rungs():
    return sorted(key.split(":")[0] for key in Notification.objects.values_list("key", flat=True))


@pytest.mark.parametrize(("year", "month", "last_day"), [(2026, 12, date(2026, 12, 31)), (2028, 2, date(2028, 2, 29))])
def test_a_card_is_good_to_the_last_day_of_its_month(subscriber, year, month, last_day):
    card = make.make_method(owner=subscriber, expires_year=year, expires_month=month)

    assert card.last_day == last_day
    assert PaymentMethod.objects.chargeable(last_day).exists()
    assert not PaymentMethod.objects.chargeable(last_day + DAY).exists()


@pytest.mark.slow
def test_a_default_card_is_announced_to_end_twice_and_each_time_once(card, now):
    for hours in range(0, 50 * 24, 6):
        remind_about_cards(now=now + timedelta(hours=hours))

    assert rungs() == ["card-30d", "card-7d"]


def test_a_scheduler_that_was_off_tells_the_later_of_the_two(card, now):
    remind_about_cards(now=datetime(2026, 12, 29, 9, 0, tzinfo=UTC))

    assert rungs() == ["card-7d"]


def test_days_to_the_end_are_counted_where_the_owner_is(card, subscriber):
    subscriber.time_zone = "Pacific/Auckland"
    subscriber.save()
    evening_before = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)  # 23:00 in Auckland, 31 days before

    early = remind_about_cards(now=evening_before)
    on_time = remind_about_cards(now=evening_before + timedelta(hours=2))

    assert (len(early), len(on_time)) == (0, 1)


def test_a_card_that_nothing_depends_on_is_not_announced(subscriber, card, now):
    PaymentMethod.objects.update(is_default=False)

    assert remind_about_cards(now=now + 20 * DAY) == []


def test_a_card_that_renews_a_line_is_announced_with_the_line(subscriber, card, line, plan, now):
    PaymentMethod.objects.update(is_default=False)
    make.make_subscription(line=line, plan=plan, method=card)

    (told,) = remind_about_cards(now=now + 20 * DAY)

    letter = write_email(kind=told.kind, user=subscriber, context=told.context)
    assert letter.subject == "Visa 4242 expires on 31 Dec 2026"
    assert f"Auto-renewal of {line} is paid with it." in letter.body
    assert "/billing/methods/" in letter.body
    assert len(write_sms(kind=told.kind, user=subscriber, context=told.context)) <= 160


@pytest.mark.parametrize(
    "spared",
    [{"removed_at": datetime(2026, 11, 1, tzinfo=UTC)}, {"created_at": datetime(2026, 12, 25, tzinfo=UTC)}],
    ids=["removed", "kept when its end was near"],
)
def test_some_cards_are_not_announced(card, spared, now):
    PaymentMethod.objects.update(**spared)

    assert remind_about_cards(now=datetime(2026, 12, 26, tzinfo=UTC)) == []


def test_a_card_that_its_bank_renewed_is_announced_again_when_the_new_one_ends(card, gateway, at_the_gateway, now):
    remind_about_cards(now=now + 20 * DAY)
    at_the_gateway(expires_year=2027)
    methods.refresh(reference="card_ada", gateway=gateway, now=now)

    assert remind_about_cards(now=now + 39 * DAY) == [], "the seven days of the old expiry"
    assert len(remind_about_cards(now=datetime(2027, 12, 10, tzinfo=UTC))) == 1


def test_an_expired_default_makes_way_for_a_card_that_pays(subscriber, card, now):
    newer = make.make_method(owner=subscriber)

    replace_expired_defaults(now=datetime(2026, 12, 31, 12, 0, tzinfo=UTC))
    card.refresh_from_db()
    still_default = card.is_default
    replace_expired_defaults(now=datetime(2027, 1, 2, 0, 0, tzinfo=UTC))

    assert still_default
    assert list(PaymentMethod.objects.filter(is_default=True)) == [newer]


def test_an_expired_default_without_another_card_stays(card):
    assert replace_expired_defaults(now=datetime(2027, 1, 2, tzinfo=UTC)) == []


def test_a_dry_run_tells_and_writes_nothing(subscriber, card, capsys):
    make.make_method(owner=subscriber)
    at = datetime(2026, 12, 10, tzinfo=UTC)

    call_command("remind_about_cards", at=at, dry_run=True)
    call_command("remind_about_cards", at=datetime(2027, 1, 3, tzinfo=UTC), dry_run=True)

    told = capsys.readouterr().out
    assert f"would remind {subscriber.public_id}: card-30d:{card.public_id}:2026-12" in told
    assert f"would replace default {card.public_id}" in told
    assert not Notification.objects.exists()
    assert PaymentMethod.objects.get(is_default=True) == card


def test_the_job_tells_and_replaces(subscriber, card, capsys):
    make.make_method(owner=subscriber)

    call_command("remind_about_cards", at=datetime(2026, 12, 10, 9, tzinfo=UTC))
    call_command("remind_about_cards", at=datetime(2027, 1, 3, tzinfo=UTC))

    told = capsys.readouterr().out
    assert f"remind {subscriber.public_id}" in told
    assert f"replace default {card.public_id}" in told
    assert Notification.objects.filter(state=Notification.State.SENT).count() == 1


def test_removing_the_default_makes_the_newest_card_that_pays_the_default(subscriber, card, now):
    newest = make.make_method(owner=subscriber)
    make.make_method(owner=subscriber, expires_year=2025)

    methods.retire(method=card, now=now)

    assert list(PaymentMethod.objects.filter(is_default=True)) == [newest]


def test_a_card_its_bank_renewed_takes_the_new_expiry(card, gateway, at_the_gateway, now):
    at_the_gateway(expires_year=2031, last_four="1234")

    methods.refresh(reference="card_ada", gateway=gateway, now=now)

    card.refresh_from_db()
    assert (card.expires_year, card.last_four) == (2031, "1234")


def test_a_card_the_gateway_no_longer_keeps_is_forgotten(card, gateway, now):
    methods.refresh(reference="card_ada", gateway=gateway, now=now)

    card.refresh_from_db()
    assert card.removed_at == now


def test_a_card_detached_at_the_gateway_pauses_what_it_paid_for_and_says_so_once(card, line, plan, subscriber, now):
    subscription = make.make_subscription(line=line, plan=plan, method=card)

    for _time in range(2):
        methods.forget(gateway_name="sandbox", reference="card_ada", now=now)

    subscription.refresh_from_db()
    notice = Notification.objects.get()
    assert (subscription.state, subscription.reason) == (Subscription.State.PAUSED, "method_removed")
    assert notice.kind == "renewal_paused"
    letter = write_email(kind=notice.kind, user=subscriber, context=notice.context)
    assert "The card that paid for it was removed." in letter.body


def test_a_card_of_another_gateway_with_the_same_name_stays(card, now):
    methods.forget(gateway_name="other", reference="card_ada", now=now)

    card.refresh_from_db()
    assert card.removed_at is None


def kept_again(subscriber, now, **changes):
    again = replace(CARD, reference="card_again", expires_year=2026, customer=subscriber.public_id, **changes)
    return methods.keep_card(owner=subscriber, gateway_name="sandbox", card=again, now=now)


def test_a_card_kept_again_goes_on_where_it_paid_before(card, line, plan, subscriber, now):
    subscription = make.make_subscription(line=line, plan=plan, method=card)

    again = kept_again(subscriber, now)

    subscription.refresh_from_db()
    assert subscription.method == again
    assert subscription.state == Subscription.State.ACTIVE
    assert list(PaymentMethod.objects.usable()) == [again]
    assert again.is_default


def test_another_card_does_not_take_over(card, line, plan, subscriber, now):
    subscription = make.make_subscription(line=line, plan=plan, method=card)

    kept_again(subscriber, now, last_four="0005")

    subscription.refresh_from_db()
    assert subscription.method == card


def test_a_card_that_is_being_charged_is_not_replaced_under_its_charge(card, line, plan, subscriber, gateway, now):
    charge = buy(line, plan, method=card).charges.get()

    kept_again(subscriber, now)

    charge.refresh_from_db()
    assert charges.charge_saved(charge=charge, gateway=gateway, now=now).state == "succeeded"


def test_a_card_kept_with_a_payment_carries_what_was_agreed_to(line, plan, subscriber, gateway, now):
    consent = card_consent.given(ip="198.51.100.7", now=now)
    charge = buy(line, plan, card_consent=consent).charges.get()
    charges.open_page(charge=charge, gateway=gateway, return_url="/", locale="en", now=now)
    gateway.bank_says(charge.gateway_payment_id, "paid", card=replace(CARD, customer=subscriber.public_id))

    charges.settle(charge_id=charge.pk, result=gateway.payments[charge.gateway_payment_id], now=now)

    method = PaymentMethod.objects.get()
    charge.refresh_from_db()
    assert method.consent == consent
    assert method.consent["ip"] == "198.51.100.7"
    assert "You can remove it at any time" in method.consent["text"]
    assert charge.method == method, "the receipt names the card"


def test_a_card_that_only_pays_for_what_runs_low_is_announced_too(card, subscriber, now):
    PaymentMethod.objects.update(is_default=False)
    make.make_balance_rule(owner=subscriber, method=card)

    remind_about_cards(now=datetime(2026, 12, 25, 12, tzinfo=UTC))

    notice = Notification.objects.get()
    mail = write_email(kind=notice.kind, user=notice.user, context=notice.context)
    assert "What is bought by itself when it runs low is paid with it." in mail.body


def test_a_second_card_is_announced_before_it_is_needed(card, subscriber, line, plan, now):
    PaymentMethod.objects.update(is_default=False)
    first = make.make_method(owner=subscriber, reference="card_first", expires_year=2030)
    make.make_subscription(line=line, plan=plan, method=first, backup_method=card, charge_due_at=now)

    remind_about_cards(now=datetime(2026, 12, 25, 12, tzinfo=UTC))

    notice = Notification.objects.get()
    mail = write_email(kind=notice.kind, user=notice.user, context=notice.context)
    assert f"It is the second card for auto-renewal of {line}" in mail.body


def test_a_card_the_gateway_forgot_pauses_what_it_pays_for_and_tells(card, subscriber, line, gateway, now):
    rule = make.make_top_up_rule(line=line, plan=make.make_data_pack(), method=card)

    methods.forget(gateway_name=gateway.name, reference=card.reference, now=now)

    rule.refresh_from_db()
    assert (rule.state, rule.reason) == ("paused", "method_removed")
    assert Notification.objects.get().kind == "top_up_paused"


@pytest.mark.parametrize("day", [29, 30, 31])
def test_a_card_that_ends_in_february_is_told_of_in_january(subscriber, day):
    make.make_method(
        owner=subscriber,
        is_default=True,
        expires_month=2,
        expires_year=2027,
        created_at=datetime(2024, 1, 1, tzinfo=UTC),
    )

    told = remind_about_cards(now=datetime(2027, 1, day, 12, tzinfo=UTC))

    assert [notice.key.partition(":")[0] for notice in told] == ["card-30d"]
