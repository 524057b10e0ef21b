"""Renewals that are asked about first: the link, its one answer, and what follows."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.letters import write_email, write_sms
from accounts.models import AuditEvent, Notification, User
from accounts.notifications import deliver_due
from accounts.quiet_hours import send_at
from billing import agreements, charging_stops, orders, renewals
from billing.models import Charge, Order, RenewalQuestion, Subscription
from billing.question_links import token_for
from billing.reason_words import reason_words
from billing.schedule import ASK_LEAD
from esim.models import Line
from plans.models import PlanPrice
from portal.lib.money import Money
from tests import make
from tests.billing.books import paid_order

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
Mode, State = Subscription.Mode, Subscription.State


@pytest.fixture
def end(now):
    return now + ASK_LEAD


@pytest.fixture
def subscription(line, plan, now, end):
    """Due to be asked about now: three days before the paid time ends."""
    make.make_allowance(line=line, plan=plan, starts_at=end - 30 * DAY, ends_at=end)
    return make.make_subscription(line=line, plan=plan, mode=Mode.ASK, anchor_at=end - 30 * DAY, charge_due_at=now)


@pytest.fixture
def tick(gateway, carrier):
    return lambda at: renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=at)


@pytest.fixture
def asked(subscription, tick, now, time_machine):
    time_machine.move_to(now, tick=False)
    tick(now)
    subscription.refresh_from_db()
    return subscription


@pytest.fixture
def url(asked):
    return reverse("billing:question", args=[token_for(asked, period_index=1)])


@pytest.fixture
def browser():
    """Nobody signed in; with the checks that browsers meet."""
    return Client(enforce_csrf_checks=False)


def send(browser, url, answer, price="USD:1490", **headers):
    return browser.post(url, {"answer": answer, "price_seen": price}, follow=True, **headers)


def test_the_question_goes_out_once_and_nothing_is_charged(asked, tick, now, end, subscriber, url):
    tick(now)
    tick(now + DAY)

    notice = Notification.objects.get()
    letter = write_email(kind=notice.kind, user=subscriber, context=notice.context)
    assert letter.subject == f"Renew {asked.line} for US$14.90?"
    assert f"http://localhost:8000{url}" in letter.body.replace("https://", "http://") or url in letter.body
    assert url in write_sms(kind=notice.kind, user=subscriber, context=notice.context)
    assert (asked.asked_index, asked.charge_due_at) == (1, end - DAY)
    assert not Order.objects.exists()


def test_a_question_without_an_answer_is_put_once_more_and_then_the_line_ends(asked, tick, end, line):
    for at in (end - DAY, end - DAY + MINUTE, end - MINUTE, end, end + MINUTE):
        tick(at)

    asked.refresh_from_db()
    kinds = list(Notification.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["renewal_question", "renewal_question", "renewal_lapsed"]
    assert (asked.state, asked.reason) == (State.PAUSED, "unanswered")
    assert not Charge.objects.exists()


def lapsed_letter(subscriber):
    notice = Notification.objects.get(kind="renewal_lapsed")
    return write_email(kind=notice.kind, user=subscriber, context=notice.context).body


def test_who_was_asked_reads_that_the_yes_was_missing(asked, tick, end, subscriber):
    tick(end)

    assert "Without your yes it was not renewed" in lapsed_letter(subscriber)


def test_who_could_not_be_asked_before_the_end_is_not_told_that_they_said_nothing(
    subscription, tick, end, subscriber, staff, as_subscriber, line, now
):
    charging_stops.stop(reason="The books are looked at", actor=staff, ip=None, now=now)
    with pytest.raises(charging_stops.ChargingStopped):
        tick(now)
    charging_stops.lift(reason="They are right", actor=staff, ip=None, now=end + MINUTE)
    tick(end + MINUTE)

    subscription.refresh_from_db()
    letter = lapsed_letter(subscriber)
    assert (subscription.state, subscription.reason) == (State.PAUSED, "not_asked")
    assert not RenewalQuestion.objects.exists()
    assert "We did not get to ask you in time" in letter
    assert "Without your yes" not in letter
    assert "renew the line yourself" in letter
    page = as_subscriber.get(reverse("billing:auto_renewal", args=[line.public_id])).content.decode()
    assert "We did not ask you in time" in page
    assert reason_words(subscription.reason) == "The subscriber was not asked in time"


def test_who_was_not_asked_is_asked_again_once_the_line_is_renewed_by_hand(
    subscription, tick, line, plan, carrier, end, subscriber
):
    tick(end + MINUTE)

    orders.fulfil(order_id=paid_order(line, plan, now=end + DAY).pk, carrier=carrier, now=end + DAY)
    tick(end + 31 * DAY - ASK_LEAD)

    assert RenewalQuestion.objects.get().ends_at == end + 31 * DAY
    assert Notification.objects.filter(kind="renewal_question").count() == 1


def test_opening_the_link_changes_nothing(asked, url, client, browser):
    before = list(Subscription.objects.values()), list(RenewalQuestion.objects.values())

    pages = [browser.get(url), browser.get(url), browser.head(url), client.get(url, HTTP_USER_AGENT="scanner")]

    assert [page.status_code for page in pages] == [200, 200, 200, 200]
    assert "Renew for US$14.90" in pages[0].content.decode()
    assert before == (list(Subscription.objects.values()), list(RenewalQuestion.objects.values()))
    assert not AuditEvent.objects.exists()


def test_the_address_of_the_link_stays_here(url, browser):
    page = browser.get(url)

    assert page["Referrer-Policy"] == "strict-origin"
    assert "no-store" in page["Cache-Control"]


def test_staff_who_read_the_notice_cannot_answer_it(asked, url, admin_client):
    deliver_due(now=asked.decided_at)
    notice = Notification.objects.get()

    page = admin_client.get(reverse("admin:accounts_notification_change", args=[notice.pk])).content.decode()

    assert url in notice.body
    assert "US$14.90" in page
    assert url.rstrip("/").rpartition(".")[2] not in page


def test_a_yes_without_a_form_of_ours_counts_for_nothing(asked, url):
    foreign = Client(enforce_csrf_checks=True)

    assert foreign.post(url, {"answer": "renew", "price_seen": "USD:1490"}).status_code == 403
    assert RenewalQuestion.objects.get().answer == ""


def test_a_yes_renews_once_at_the_next_tick(asked, url, browser, tick, gateway, now, end):
    said = send(browser, url, "renew").content.decode()
    tick(now + MINUTE)
    tick(now + 2 * MINUTE)
    shown = browser.get(url).content.decode()

    asked.refresh_from_db()
    order = Order.objects.get()
    assert "You said yes to US$14.90" in said
    assert (order.state, order.ends_at) == (Order.State.FULFILLED, end + 30 * DAY)
    assert len(gateway.taken) == 1
    assert (asked.state, asked.charge_due_at) == (State.ACTIVE, end + 30 * DAY - ASK_LEAD)
    assert "renewed until" in shown
    assert AuditEvent.objects.get().action == "auto_renewal.said_yes"


def test_a_yes_while_nothing_is_charged_waits_and_says_so(asked, url, browser, tick, gateway, now, staff):
    charging_stops.stop(reason="The books are looked at", actor=staff, ip=None, now=now)

    said = send(browser, url, "renew").content.decode()

    assert "At present we charge nothing by ourselves." in said
    assert "within the next minutes" not in said
    charging_stops.lift(reason="They are right", actor=staff, ip=None, now=now)
    tick(now + MINUTE)
    assert len(gateway.taken) == 1


def test_the_next_period_is_asked_about_anew(asked, url, browser, tick, gateway, now, end):
    send(browser, url, "renew")
    tick(now + MINUTE)

    tick(end + 30 * DAY - ASK_LEAD)

    assert sorted(RenewalQuestion.objects.values_list("period_index", "answer")) == [(1, "renew"), (2, "")]
    assert len(gateway.taken) == 1


@pytest.mark.parametrize("second", ["renew", "skip", "stop"])
def test_the_link_works_once(asked, url, browser, tick, now, second):
    send(browser, url, "skip")

    again = send(browser, url, second).content.decode()
    tick(now + MINUTE)

    assert "You skipped this renewal" in again
    assert RenewalQuestion.objects.get().answer == "skip"
    assert Subscription.objects.get().mode == Mode.ASK
    assert not Order.objects.exists()


def test_skipped_it_goes_on_after_the_next_purchase_by_hand(asked, url, browser, line, plan, carrier, tick, now, end):
    send(browser, url, "skip")
    tick(end + MINUTE)
    later = end + 5 * DAY

    orders.fulfil(order_id=paid_order(line, plan, now=later).pk, carrier=carrier, now=later)
    tick(later + 30 * DAY - ASK_LEAD)

    asked.refresh_from_db()
    assert (asked.state, asked.asked_index) == (State.ACTIVE, asked.period_index)
    assert list(Notification.objects.values_list("kind", flat=True)).count("renewal_question") == 2


def test_stop_turns_it_off_and_is_on_record(asked, url, browser, line):
    said = send(browser, url, "stop").content.decode()

    assert "Auto-renewal is off" in said
    assert Subscription.objects.get().mode == Mode.OFF
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.subject) == ("auto_renewal.turned_off", None, line.owner)


@pytest.mark.parametrize("changed", ["sub_0000000000000000.1.abc", "{token}x", "x{token}"])
def test_a_changed_link_opens_a_page_that_says_so(asked, browser, changed):
    token = changed.format(token=token_for(asked, period_index=1))

    page = browser.get(reverse("billing:question", args=[token]))

    assert page.status_code == 404
    assert "This link opens nothing" in page.content.decode()


def test_what_was_signed_for_something_else_opens_nothing(asked, browser):
    from django.core.signing import Signer  # noqa: PLC0415

    token = Signer(sep=".").sign(f"{asked.public_id}.1")

    assert browser.get(reverse("billing:question", args=[token])).status_code == 404


def test_another_account_learns_nothing_from_the_link(url, client, stranger, asked):
    client.force_login(stranger)

    page = client.get(url)

    assert page.status_code == 404
    assert "US$14.90" not in page.content.decode()
    assert send(client, url, "renew").status_code == 404
    assert RenewalQuestion.objects.get().answer == ""


@pytest.mark.parametrize("change", [{"email": "new@example.com"}, {"phone": "+14155550199", "phone_verified": True}])
def test_whoever_has_the_mailbox_or_sim_of_before_cannot_answer(url, browser, asked, subscriber, change):
    User.objects.filter(pk=subscriber.pk).update(**change)

    page = send(browser, url, "stop")

    assert page.status_code == 404
    assert RenewalQuestion.objects.get().answer == ""
    assert Subscription.objects.get().mode == Mode.ASK
    anew = Subscription.objects.select_related("line__owner").get()
    assert browser.get(reverse("billing:question", args=[token_for(anew, period_index=1)])).status_code == 200


def test_a_number_that_nobody_proved_changes_no_link(url, browser, subscriber):
    User.objects.filter(pk=subscriber.pk).update(phone="+14155550199")

    assert browser.get(url).status_code == 200


def test_the_page_tells_whoever_has_the_link_no_number_that_the_letter_did_not(url, browser, client, subscriber, line):
    Line.objects.filter(pk=line.pk).update(nickname="Tablet", msisdn="+14155550142")
    signed_out = browser.get(url).content.decode()
    client.force_login(subscriber)

    assert "0142" in signed_out
    # With what follows: three digits in a row come about by chance in what makes a form unique.
    assert not re.search(r"555\D?0142", signed_out)
    assert re.search(r"555\D?0142", client.get(url).content.decode())


def test_after_the_end_the_link_moves_nothing(asked, url, browser, time_machine, end):
    time_machine.move_to(end, tick=False)

    said = send(browser, url, "renew").content.decode()

    assert "The time to answer is over" in said
    assert Subscription.objects.get().approved_index is None


def test_a_renewal_by_hand_closes_the_question(asked, url, browser, line, plan, carrier, now):
    orders.fulfil(order_id=paid_order(line, plan, now=now).pk, carrier=carrier, now=now)

    said = send(browser, url, "renew").content.decode()

    assert "no longer open" in said
    assert Subscription.objects.get().approved_index is None


def test_a_price_that_changed_is_never_charged_by_an_old_yes(asked, url, browser, plan, tick, now, gateway):
    send(browser, url, "renew")
    PlanPrice.objects.create(plan=plan, currency="USD", amount=1690, valid_from=now)

    tick(now + MINUTE)

    asked.refresh_from_db()
    assert (asked.state, asked.reason) == (State.PAUSED, "price_changed")
    assert gateway.taken == []


def test_much_money_moves_only_after_a_proof(asked, url, browser, client, subscriber, settings):
    settings.PORTAL_CONFIRM_ABOVE = {"USD": asked.agreed_price.__class__(1000, "USD")}

    shown = browser.get(url).content.decode()
    signed_out = browser.post(url, {"answer": "renew", "price_seen": "USD:1490"})
    client.force_login(subscriber)
    signed_in = client.post(url, {"answer": "renew", "price_seen": "USD:1490"})

    assert "Sign in to renew for US$14.90" in shown
    assert signed_out.url.startswith(reverse("account_login"))
    assert signed_in.url.startswith(reverse("account_reauthenticate"))
    assert Subscription.objects.get().approved_index is None


def test_nobody_answers_while_the_renewal_is_being_paid(asked, url, browser):
    Subscription.objects.update(state=State.IN_FLIGHT)

    assert "being paid right now" in send(browser, url, "stop").content.decode()
    assert RenewalQuestion.objects.get().answer == ""


def test_a_yes_that_is_declined_climbs_the_ladder_without_being_asked_again(
    asked, url, browser, tick, gateway, now, carrier
):
    gateway.outcomes[asked.method.reference] = "insufficient_funds"
    send(browser, url, "renew")
    tick(now + MINUTE)
    gateway.outcomes.clear()

    at = now + MINUTE + 6 * timedelta(hours=1)
    renewals.retry_declined(gateways={gateway.name: gateway}, carrier=carrier, now=at)

    assert Order.objects.get().state == Order.State.FULFILLED
    assert RenewalQuestion.objects.count() == 1


def test_a_yes_counts_for_the_end_it_was_about_and_no_later_one(asked, url, browser, tick, gateway, now, carrier):
    gateway.outcomes[asked.method.reference] = "insufficient_funds"
    send(browser, url, "renew")
    tick(now + MINUTE)
    by_hand = paid_order(asked.line, make.make_plan(period_count=7), now=now + 2 * MINUTE)
    by_hand = orders.fulfil(order_id=by_hand.pk, carrier=carrier, now=now + 2 * MINUTE)
    gateway.outcomes.clear()

    for at in (by_hand.ends_at - ASK_LEAD, by_hand.ends_at - DAY):
        tick(at)

    assert gateway.taken == []
    assert [one.answer for one in RenewalQuestion.objects.order_by("pk")] == ["renew", ""]
    assert Notification.objects.filter(kind="renewal_question").count() == 3


def test_day_plans_are_asked_about_hours_before(line, now):
    plan = make.make_plan(period_unit="day", period_count=1)
    paid = make.make_allowance(line=line, plan=plan, starts_at=now - DAY / 2, ends_at=now + DAY / 2)
    due = agreements.first_due_at(paid, period=plan.period, asks_first=True, now=now)

    assert due == paid.ends_at - timedelta(hours=6)


def test_a_question_waits_for_the_morning_but_not_for_the_end(asked, now, end, subscriber):
    notice = Notification.objects.get()
    night = now.replace(hour=23)

    assert send_at(kind=notice.kind, context=notice.context, reader=subscriber, now=night) > night
    too_late = {**notice.context, "ends_at": (night + timedelta(hours=2)).isoformat()}
    assert send_at(kind=notice.kind, context=too_late, reader=subscriber, now=night) == night


def test_who_agrees_to_another_plan_is_asked_about_that(asked, line, tick, end):
    plan = make.make_plan(name="Asia", prices={"USD": 2490})
    consent = make.make_consent(plan=plan, price=Money(2490, "USD"), method=asked.method, mode=Mode.ASK)
    agreements.turn_on(line=line, consent=consent, actor=line.owner, now=end - DAY)

    tick(end - DAY)

    asked_for = (
        Notification.objects.filter(kind="renewal_question").order_by("pk").values_list("context__price", flat=True)
    )
    assert [price["minor"] for price in asked_for] == [1490, 2490]


def test_turned_off_and_on_again_before_the_question_went_out_it_goes_out(asked, line, tick, now):
    hour = timedelta(hours=1)
    agreements.turn_off(subscription=asked, actor=line.owner, ip=None, now=now + hour)
    deliver_due(now=now + 2 * hour)
    consent = make.make_consent(plan=asked.plan, method=asked.method, mode=Mode.ASK)
    agreements.turn_on(line=line, consent=consent, actor=line.owner, now=now + 3 * hour)

    tick(now + 3 * hour)
    deliver_due(now=now + 4 * hour)

    told = Notification.objects.filter(kind="renewal_question").order_by("pk")
    assert list(told.values_list("state", flat=True)) == ["left_out", "sent"]
