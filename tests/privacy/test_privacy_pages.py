"""Activity, a copy of everything, and closing an account: from the pages to the last row."""

import io
import json
import re
from datetime import timedelta
from zipfile import ZipFile

import pytest
from django.core import mail
from django.urls import reverse

from accounts import audit, locks
from accounts.models import AccountClosing, AuditEvent, DataExport, Document, Notification, User
from accounts.notifications import deliver_due
from billing import pay_links, payouts
from billing.invariants import broken_invariants
from billing.models import LedgerAccount, LedgerEntry, Order, PayLink, PaymentMethod, Subscription
from esim.models import DailyUsage, Line, LineMember, ServiceState
from portal.lib.money import Money
from portal.privacy import closing, copies, forgetting
from portal.privacy.obstacles import Obstacle, standing_of
from tests import make
from tests.billing.books import buy, fund
from tests.fakes.carrier import FakeCarrier

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(time_machine, now):
    time_machine.move_to(now, tick=False)


@pytest.fixture
def line(subscriber):
    line = make.make_line(owner=subscriber, nickname="Work phone", msisdn="+14155550188")
    make.make_profile(line=line, activation_code="1$smdp.example.com$CANARY-COPY")
    make.make_allowance(line=line)
    return line


def give_two_proofs(client):
    client.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})
    client.post(reverse("accounts:confirm_by_code"), {"send_to": "email"})
    code = re.search(r"\b\d{6}\b", mail.outbox[-1].body)[0]
    client.post(reverse("accounts:confirm_by_code"), {"code": code})


def close_due(now):
    return closing.close_due(carrier=FakeCarrier(), gateways={}, now=now)


def unzipped(content):
    with ZipFile(io.BytesIO(content)) as copy:
        return {name: copy.read(name) for name in copy.namelist()}


def test_the_activity_shows_sign_ins_codes_payments_and_support(as_subscriber, subscriber, staff, line, now):
    order = make.make_order(owner=subscriber, line=line)
    make.make_charge(order=order, state="succeeded", settled_at=now, paid_with="card")
    audit.record(actor=subscriber, subject=subscriber, action="line.activation_code_viewed", now=now)
    audit.record(actor=staff, subject=subscriber, action="user.changed_by_staff", ip="203.0.113.7", now=now)
    html = as_subscriber.get(reverse("activity")).content.decode()

    assert all(words in html for words in ("Activation code of a line opened", "Payment taken", "changed by support"))
    assert "203.0.113.7" not in html
    only_money = as_subscriber.get(reverse("activity") + "?part=money").content.decode()
    assert "Payment taken" in only_money
    assert "Activation code" not in only_money


def test_the_activity_goes_back_page_by_page_and_leaves_nothing_out(as_subscriber, subscriber, now):
    AuditEvent.objects.bulk_create(
        AuditEvent(
            subject=subscriber, actor=subscriber, action="account.signed_in", at=now - n * timedelta(minutes=n // 2)
        )
        for n in range(70)
    )
    seen, address = 0, reverse("activity")
    while address:
        html = as_subscriber.get(address).content.decode()
        seen += html.count("Signed in")
        older = re.search(r'rel="next"\s+href="([^"]+)"', html)
        address = reverse("activity") + older[1].replace("&amp;", "&") if older else ""

    assert seen == AuditEvent.objects.filter(subject=subscriber, action="account.signed_in").count()


@pytest.mark.parametrize("many", [29, 30, 31, 60, 500])
def test_much_that_happened_at_one_moment_does_not_end_the_activity(as_subscriber, subscriber, line, now, many):
    erased = (AuditEvent(subject=subscriber, action="document.erased", at=now) for _number in range(many))
    AuditEvent.objects.bulk_create(erased)
    AuditEvent.objects.create(subject=subscriber, actor=subscriber, action="account.password_reset", at=now - DAY)

    first = as_subscriber.get(reverse("activity") + "?part=").context["page"]
    shown = [*first.happenings]
    if first.older:
        older = as_subscriber.get(reverse("activity"), {"before": first.older.isoformat()}).context["page"]
        shown += older.happenings
        assert older.older is None

    assert shown[-1].at == now - DAY
    assert len(first.happenings) <= 330
    assert len(shown) == many + 1 or many == 500


def test_many_payments_of_one_moment_do_not_end_the_activity(as_subscriber, subscriber, line, now):
    for number in range(32):
        order = make.make_order(owner=subscriber, line=line)
        moment = now if number else now - DAY
        make.make_charge(order=order, state="succeeded", settled_at=moment, paid_with="card")

    first = as_subscriber.get(reverse("activity"), {"part": "money"}).context["page"]
    older = as_subscriber.get(reverse("activity"), {"part": "money", "before": first.older.isoformat()}).context["page"]

    assert [len(first.happenings), len(older.happenings)] == [31, 1]


def test_staff_who_look_are_seen_once_in_half_a_day(client, as_subscriber, subscriber, staff, line):
    staff.is_superuser = True
    staff.save()
    client.force_login(staff)
    for address in ("accounts_user_change", "esim_line_change", "accounts_user_change"):
        row = line if "line" in address else subscriber
        assert client.get(reverse(f"admin:{address}", args=[row.pk])).status_code == 200
    as_subscriber.force_login(subscriber)

    html = as_subscriber.get(reverse("activity") + "?part=support").content.decode()
    assert html.count("Looked at by support") == 2


def test_junk_in_the_address_shows_the_first_page(as_subscriber):
    too_far = ("?before=0001-01-01T00:00:00%2B14:00", "?before=9999-12-31T23:59:59-14:00")
    for query in ("?part=nothing", "?before=yesterday", "?before=2026-13-99T00:00Z", "?before=2026-11-21", *too_far):
        assert as_subscriber.get(reverse("activity") + query).status_code == 200


def test_a_copy_holds_everything_of_its_owner_and_nothing_of_anybody_else(subscriber, stranger, line, now):
    order = make.make_order(owner=subscriber, line=line, state="fulfilled", paid_at=now)
    make.make_invoice(order=order)
    theirs = make.make_line(owner=stranger, msisdn="+14155550999")
    make.make_order(owner=stranger, line=theirs)

    files = unzipped(copies.content_of(subscriber))

    everything = b"".join(files.values())
    assert json.loads(files["accounts-user.json"])[0]["email"] == subscriber.email
    assert [row["msisdn"] for row in json.loads(files["esim-line.json"])] == ["+14155550188"]
    assert [row["public_id"] for row in json.loads(files["billing-order.json"])] == [order.public_id]
    assert any(name.endswith(".pdf") for name in files)
    for secret in (b"CANARY-COPY", subscriber.password.encode(), stranger.email.encode(), b"+14155550999"):
        assert secret not in everything


def test_a_copy_says_nothing_of_those_who_did_or_paid_something_for_its_owner(subscriber, stranger, staff, line, now):
    order = make.make_order(owner=subscriber, line=line)
    made = pay_links.make(order=order, by=subscriber, shown_as="", ip=None, now=now)
    PayLink.objects.filter(pk=made.link.pk).update(receipt_email="payer@example.com")
    audit.record(actor=staff, subject=subscriber, action="document.opened_by_staff", ip="198.51.100.7", now=now)
    audit.record(actor=stranger, subject=subscriber, action="line.member_joined", ip="198.51.100.8", now=now)
    audit.record(actor=subscriber, subject=subscriber, action="account.locked", ip="198.51.100.9", now=now)

    everything = b"".join(unzipped(copies.content_of(subscriber)).values())

    assert b"198.51.100.9" in everything
    for foreign in (b"payer@example.com", b"198.51.100.7", b"198.51.100.8"):
        assert foreign not in everything


def test_a_copy_is_asked_for_made_told_of_and_fetched_with_the_password(
    as_subscriber, client, subscriber, stranger, line, now
):
    as_subscriber.post(reverse("data"))
    as_subscriber.post(reverse("data"))
    assert DataExport.objects.count() == 1

    assert copies.make_due(now=now) == 1
    assert copies.make_due(now=now) == 0
    address = reverse("accounts:document", args=[Document.objects.get().public_id])

    assert address in as_subscriber.get(reverse("data")).content.decode()
    assert as_subscriber.get(address).status_code == 302
    as_subscriber.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})
    assert "accounts-user.json" in unzipped(as_subscriber.get(address).content)
    assert Notification.objects.filter(kind="data_copy_ready").count() == 1
    client.force_login(stranger)
    assert client.get(address).status_code == 404


def test_who_owes_or_is_owed_settles_that_first(subscriber, line, now):
    def obstacles(**wish):
        return standing_of(subscriber, **{"given_up": {}, **wish}, now=now).obstacles

    assert obstacles() == []
    fund(subscriber, Money(500, "USD"))
    assert obstacles() == [Obstacle.BALANCE]
    assert obstacles(given_up={"USD": 500}) == []
    assert obstacles(given_up={"USD": 499}) == obstacles(given_up={"EUR": 500}) == [Obstacle.BALANCE]
    make.make_order(owner=subscriber, line=line, state="paid", paid_at=now)
    make.make_queued_plan(line=line)
    locks.lock(user=subscriber, ip=None, now=now)
    assert set(obstacles()) == {Obstacle.LOCKED, Obstacle.ORDERS, Obstacle.QUEUE, Obstacle.BALANCE}
    with pytest.raises(closing.CannotClose):
        closing.ask(user=subscriber, given_up={"USD": 500}, ip=None, now=now)
    assert not AccountClosing.objects.exists()


def test_closing_takes_two_proofs_and_a_wish(as_subscriber, subscriber, line):
    address = reverse("close_account")
    assert as_subscriber.post(address).status_code == 422
    assert as_subscriber.post(address, {"sure": "on"}).status_code == 302
    assert not AccountClosing.objects.exists()

    give_two_proofs(as_subscriber)
    as_subscriber.post(address, {"sure": "on"})
    as_subscriber.post(address, {"sure": "on"})

    assert AccountClosing.objects.get().state == "asked"
    assert Notification.objects.filter(kind="account_closing").count() == 1


def test_the_balance_is_given_up_as_it_was_shown_also_after_the_proofs(as_subscriber, subscriber):
    fund(subscriber, Money(7, "USD"))
    address = reverse("close_account")
    page = as_subscriber.get(address).content.decode()
    shown = re.search(r'name="gives_up_balance"[^>]*value="([^"]+)"', page)[1]
    wish = {"sure": "on", "gives_up_balance": shown}
    assert as_subscriber.post(address, wish).status_code == 302
    fund(subscriber, Money(50_000, "USD"))

    give_two_proofs(as_subscriber)

    assert not AccountClosing.objects.exists()
    refused = as_subscriber.post(address, wish)
    assert refused.status_code == 409
    assert "US$500.07" in refused.content.decode()
    assert not refused.context["gives_up"]
    as_subscriber.post(address, {**wish, "gives_up_balance": refused.context["seen"]})
    assert AccountClosing.objects.get().given_up == {"USD": 50_007}


@pytest.mark.parametrize("junk", ["on", "USD:", "USD:-7", "usd:7", "USD:٧", "7", "EUR:7"])
def test_a_box_that_shows_nothing_of_the_balance_gives_nothing_up(as_subscriber, subscriber, junk):
    fund(subscriber, Money(7, "USD"))
    give_two_proofs(as_subscriber)

    answer = as_subscriber.post(reverse("close_account"), {"sure": "on", "gives_up_balance": junk})

    assert answer.status_code == 409
    assert not AccountClosing.objects.exists()


def test_until_the_day_it_can_be_taken_back(as_subscriber, subscriber, line, now):
    closing.ask(user=subscriber, given_up={}, ip=None, now=now)
    close_due(now + 6 * DAY)
    as_subscriber.post(reverse("keep_account"))
    close_due(now + 8 * DAY)

    assert User.objects.get(pk=subscriber.pk).is_active
    assert Line.objects.get().service_state == ServiceState.ACTIVE
    assert not closing.withdraw(user=subscriber, ip=None, now=now)


def test_what_comes_up_meanwhile_holds_it_back_and_is_told_once(subscriber, line, now):
    closing.ask(user=subscriber, given_up={}, ip=None, now=now)
    order = make.make_order(owner=subscriber, line=line, state="paid", paid_at=now)
    for hour in range(3):
        close_due(now + 8 * DAY + timedelta(hours=2 * hour))
    assert Line.objects.get().service_state == ServiceState.ACTIVE
    assert Notification.objects.filter(kind="account_closing_held").count() == 1

    Order.objects.filter(pk=order.pk).update(state="fulfilled", confirmed_at=now)
    close_due(now + 9 * DAY)
    assert Line.objects.get().service_state == ServiceState.TERMINATED


def test_money_that_comes_while_lines_end_is_not_given_up_unasked(subscriber, line, now):
    class Slow(FakeCarrier):
        def terminate(self, *args, **kwargs):
            fund(subscriber, Money(700, "USD"))
            return super().terminate(*args, **kwargs)

    closing.ask(user=subscriber, given_up={}, ip=None, now=now)
    closing.close_due(carrier=Slow(), gateways={}, now=now + 7 * DAY)

    assert Line.objects.get().service_state == ServiceState.TERMINATED
    assert LedgerAccount.objects.get(kind="wallet").balance == 700
    assert (AccountClosing.objects.get().state, AccountClosing.objects.get().held_by) == ("asked", "balance")


def test_money_that_comes_after_the_wish_is_not_given_up_unasked(subscriber, now):
    fund(subscriber, Money(7, "USD"))
    closing.ask(user=subscriber, given_up={"USD": 7}, ip=None, now=now)
    fund(subscriber, Money(50_000, "USD"))

    close_due(now + 7 * DAY)

    assert LedgerAccount.objects.get(kind="wallet").balance == 50_007
    assert (AccountClosing.objects.get().state, AccountClosing.objects.get().held_by) == ("asked", "balance")


def test_what_an_unpaid_order_keeps_of_the_balance_stands_in_the_way(subscriber, line, now):
    fund(subscriber, Money(700, "USD"))
    order = buy(line, make.make_plan(), use_wallet=True)
    order.charges.update(state="declined", settled_at=now)

    assert Obstacle.ORDERS in standing_of(subscriber, given_up={}, now=now).obstacles


def test_an_unpaid_order_that_somebody_may_pay_by_link_stands_in_the_way(subscriber, line, now):
    order = buy(line, make.make_plan(), gateway="")
    assert not standing_of(subscriber, given_up={}, now=now).obstacles

    pay_links.make(order=order, by=subscriber, shown_as="", ip=None, now=now)

    assert standing_of(subscriber, given_up={}, now=now).obstacles == [Obstacle.ORDERS]


def test_balance_that_waits_to_be_transferred_stands_in_the_way(subscriber, staff, now):
    fund(subscriber, Money(700, "USD"))
    wallet = LedgerAccount.objects.get(owner=subscriber)
    told = {"reason": "Asked", "limits": {"USD": Money(700, "USD")}, "actor": staff, "ip": None, "now": now}
    payout = payouts.request(wallet=wallet, money=Money(700, "USD"), **told)
    assert standing_of(subscriber, given_up={}, now=now).obstacles == [Obstacle.REFUNDS]

    payouts.note_transfer(payout=payout, reference="SEPA 4711", actor=staff, ip=None, now=now)

    assert standing_of(subscriber, given_up={}, now=now).obstacles == []


@pytest.fixture
def closed(subscriber, stranger, line, now, django_capture_on_commit_callbacks):
    """Ada's account after its end, and the moment of it."""
    method = make.make_method(owner=subscriber)
    make.make_subscription(line=line, plan=make.make_plan(), method=method)
    make.make_member(line=line, user=stranger)
    make.make_ticket(owner=subscriber)
    fund(subscriber, Money(700, "USD"))
    DailyUsage.objects.create(line=line, date=now.date(), data_bytes=5)
    order = make.make_order(owner=subscriber, line=line, state="fulfilled", paid_at=now, nickname="Work phone")
    make.make_invoice(order=order)
    closing.ask(user=subscriber, given_up={"USD": 700}, ip=None, now=now)
    then = now + 7 * DAY
    close_due(then)
    deliver_due(now=then)
    assert close_due(then + timedelta(hours=2)) == 1
    return then


def test_a_closed_account_leads_to_nobody_and_its_books_stay(closed, client, subscriber, now):
    user = User.objects.get(pk=subscriber.pk)
    assert (user.email, user.full_name, user.phone, user.is_active) == (
        f"{user.public_id}@closed.invalid",
        "",
        "",
        False,
    )
    assert Line.objects.get().service_state == ServiceState.TERMINATED
    assert (Line.objects.get().msisdn, Line.objects.get().nickname) == ("", "")
    assert not DailyUsage.objects.exists()
    assert not LineMember.objects.exists()
    assert not PaymentMethod.objects.usable().exists()
    assert Subscription.objects.get().mode == Subscription.Mode.OFF
    assert not Notification.objects.filter(user=user).exists()
    assert Order.objects.filter(owner=user, state="fulfilled").count() == 1
    assert not client.login(email=subscriber.email, password=make.PASSWORD)
    assert any("Your account is closed" in letter.subject for letter in mail.outbox)


def test_the_balance_that_was_given_up_is_in_the_books(closed, now):
    wallet = LedgerAccount.objects.get(kind="wallet")
    given_up = LedgerEntry.objects.get(kind="given_up")

    assert (wallet.balance, given_up.amount) == (0, 700)
    assert not {"I1", "I2"} & broken_invariants(now=closed).keys()


def test_who_closed_an_account_may_open_another_with_the_same_address(closed, subscriber):
    assert make.make_user(email=subscriber.email).pk != subscriber.pk


def test_a_line_the_network_will_not_end_yet_is_asked_again(subscriber, line, now):
    closing.ask(user=subscriber, given_up={}, ip=None, now=now)
    silent = FakeCarrier()
    silent.losing = {"terminate"}
    then = now + 7 * DAY
    closing.close_due(carrier=silent, gateways={}, now=then)
    assert AccountClosing.objects.get().state == "asked"

    close_due(then + timedelta(hours=2))
    assert AccountClosing.objects.get().state == "ending"
    assert not Notification.objects.filter(kind="account_closing_held").exists()


def test_what_is_old_is_forgotten_and_what_is_not_stays(subscriber, now, settings):
    old, young = now - 500 * DAY, now - 5 * DAY
    for moment, state in ((old, "sent"), (old, "queued"), (young, "sent")):
        Notification.objects.create(
            key=f"{moment}{state}",
            user=subscriber,
            channel="email",
            kind="order_fulfilled",
            state=state,
            created_at=moment,
        )

    assert forgetting.forget_old(now=now)["notifications"] == 1
    assert sorted(Notification.objects.values_list("state", flat=True)) == ["queued", "sent"]
