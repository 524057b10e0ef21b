"""A line goes to another account: consent of both, a day to undo it, and nothing of one for the other."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from accounts import audit, locks
from accounts.locks import AccountLocked
from accounts.models import AuditEvent, Notification, User
from accounts.notifications import deliver_due
from billing import closed_lines, moving
from billing.invariants import broken_invariants
from billing.models import Order, Subscription, TopUpRule
from billing.orders import fulfil
from esim import moving_lines
from esim.models import Allowance, Line, LineInvitation, LineMember, LineMove, ServiceState
from esim.moving_lines import CoolingOff, NoLongerOffered, NotInService, ToOneself, UnderWay
from esim.sharing_links import move_token
from portal.lib.data_size import GB
from tests import make
from tests.billing.books import buy, fund, paid_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now", "books_are_right")]

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def run(gateway):
    def run(at):
        return moving.move_due(gateways={gateway.name: gateway}, now=at)

    return run


@pytest.fixture
def agreed(line, stranger, now):
    """Ada gives her line to Sam, who said yes a day ago."""
    return make.make_move(line=line, to_owner=stranger, to_email=stranger.email)


def offer(line, email="sam@example.com", *, now):
    return moving_lines.offer(line=line, by=line.owner, email=email, ip=None, now=now)


def state_of(move):
    return LineMove.objects.get(pk=move.pk).state


def test_from_the_page_to_the_new_owner(client, as_subscriber, line, running, stranger, now, run):
    give = reverse("esim:give", args=[line.public_id])
    asked = as_subscriber.post(give, {"email": "Sam@example.com", "understood": "on"})
    move = offer(line, now=now)
    deliver_due(now=now)
    letter = next(one for one in mail.outbox if one.to == ["sam@example.com"])
    take = reverse("esim:take", args=[move_token(move)])
    seen = client.get(take).content.decode()
    client.force_login(stranger)
    not_proven = client.post(take, {"answer": "accept"})
    moving_lines.accept(move=move, user=stranger, ip=None, now=now)

    early, moved = run(now + DAY - MINUTE), run(now + DAY)

    assert asked.url.startswith(reverse("account_reauthenticate"))
    assert take in letter.body
    assert line.msisdn[2:] not in seen
    assert not_proven.url.startswith(reverse("account_reauthenticate"))
    assert (early, moved, state_of(move)) == (0, 1, "done")
    new = Line.objects.get(owner=stranger)
    line.refresh_from_db()
    assert (line.service_state, new.service_state, new.msisdn) == (ServiceState.TERMINATED, "active", line.msisdn)
    assert Allowance.objects.get(line=new).data_bytes == GB
    assert client.get(reverse("line", args=[new.public_id])).status_code == 200
    assert client.get(reverse("line", args=[line.public_id])).status_code == 404
    client.force_login(line.owner)
    assert client.get(reverse("esim:install", args=[new.public_id])).status_code == 404
    assert {note.context["what"] for note in Notification.objects.filter(kind="line_move")} == {
        "offered",
        "agreed",
        "done",
    }


def test_everything_on_the_line_ends_with_it(line, plan, pack, running, agreed, stranger, now, run):
    subscription = make.make_subscription(line=line, plan=plan, charge_due_at=now + 10 * DAY)
    rule = make.make_top_up_rule(line=line, plan=pack)
    make.make_member(line=line)
    make.make_invitation(line=line)
    unpaid = buy(line, plan, gateway="")

    assert run(now) == 1
    closed_lines.end_agreements(now=now)

    assert not LineMember.objects.exists()
    assert LineInvitation.objects.get().state == "withdrawn"
    assert Order.objects.get(pk=unpaid.pk).state == Order.State.CANCELLED
    assert not Subscription.objects.on().filter(pk=subscription.pk).exists()
    assert not TopUpRule.objects.get(pk=rule.pk).is_on
    assert broken_invariants(now=now) == {}


@pytest.mark.parametrize("msisdn", ["+14155550142", "14155550142"])
def test_whoever_gets_the_number_does_not_get_the_account_that_signed_in_with_it(
    line, running, agreed, subscriber, stranger, now, run, msisdn
):
    Line.objects.filter(pk=line.pk).update(msisdn=msisdn)
    User.objects.filter(pk=subscriber.pk).update(phone="+14155550142", phone_verified=True, notify_by_sms=True)

    assert run(now) == 1

    subscriber.refresh_from_db()
    assert (subscriber.phone, subscriber.phone_verified) == ("", False)
    assert AuditEvent.objects.filter(subject=subscriber, action="account.number_gone").count() == 1
    after = Notification.objects.filter(user=subscriber, kind="line_move", context__what="done")
    assert [one.channel for one in after] == ["email"]


def test_the_new_owner_goes_on_signing_in_with_the_number(line, running, agreed, stranger, now, run):
    Line.objects.filter(pk=line.pk).update(msisdn="+14155550142")
    User.objects.filter(pk=stranger.pk).update(phone="+14155550142", phone_verified=True)

    assert run(now) == 1

    stranger.refresh_from_db()
    assert stranger.phone_verified


def test_it_waits_while_something_is_being_bought(line, plan, running, agreed, carrier, now, run):
    order = paid_order(line, plan)

    assert run(now) == 0
    assert LineMove.objects.get().waits_for == "BeingBoughtFor"
    fulfil(order_id=order.pk, carrier=carrier, now=now)

    assert run(now + moving.LOOK_AGAIN) == 1


@pytest.mark.parametrize("who", ["owner", "new owner"])
def test_it_waits_while_an_account_is_locked_and_is_given_up_in_the_end(line, agreed, stranger, now, run, who):
    locks.lock(user=line.owner if who == "owner" else stranger, ip=None, now=now)

    assert run(now) == 0
    assert state_of(agreed) == "agreed"
    run(now + 15 * DAY)

    assert state_of(agreed) == "undone"
    assert Line.objects.get().owner == line.owner


@pytest.mark.parametrize("who", ["owner", "new owner"])
def test_either_can_undo_it_until_it_moves(client, line, agreed, stranger, now, run, who):
    client.force_login(line.owner if who == "owner" else stranger)

    client.post(reverse("esim:undo_move", args=[agreed.public_id]))

    assert state_of(agreed) == "undone"
    assert run(now) == 0
    assert {note.user for note in Notification.objects.filter(kind="line_move")} == {line.owner, stranger}
    with pytest.raises(NoLongerOffered):
        moving_lines.undo(move=agreed, by=line.owner, ip=None, now=now)


def test_who_may_not_give_a_line_away_now(line, subscriber, now):
    audit.record(actor=subscriber, subject=subscriber, action="account.email_changed", now=now)
    with pytest.raises(CoolingOff):
        offer(line, now=now)
    later = now + 2 * DAY
    with pytest.raises(ToOneself):
        offer(line, subscriber.email, now=later)
    offer(line, now=later)
    with pytest.raises(UnderWay):
        offer(line, now=later)
    other = make.make_line(owner=subscriber, service_state="suspended")
    with pytest.raises(NotInService):
        offer(other, now=later)
    locks.lock(user=subscriber, ip=None, now=later)
    with pytest.raises(AccountLocked):
        offer(line, now=later)


@pytest.mark.parametrize("how", ["withdrawn", "expired", "declined", "terminated", "owner locked"])
def test_an_offer_that_is_over_can_not_be_accepted(line, stranger, now, how):
    move = offer(line, now=now)
    if how == "withdrawn":
        moving_lines.undo(move=move, by=line.owner, ip=None, now=now)
    elif how == "declined":
        moving_lines.decline(move=move, user=stranger, ip=None, now=now)
    elif how == "terminated":
        Line.objects.update(service_state="terminated")
    elif how == "owner locked":
        locks.lock(user=line.owner, ip=None, now=now)
    at = now + 8 * DAY if how == "expired" else now

    with pytest.raises(NoLongerOffered):
        moving_lines.accept(move=move, user=stranger, ip=None, now=at)


def test_a_stranger_finds_no_move(client, agreed):
    client.force_login(make.make_user())

    assert client.get(reverse("esim:move", args=[agreed.public_id])).status_code == 404
    assert client.post(reverse("esim:undo_move", args=[agreed.public_id])).status_code == 404
    assert state_of(agreed) == "agreed"


def test_what_the_new_owner_bought_is_theirs_alone(line, plan, agreed, stranger, carrier, now, run):
    run(now)
    new = Line.objects.get(owner=stranger)
    fund(stranger, plan.prices.get().money)

    order = buy(new, plan, gateway="", use_wallet=True)

    assert (order.owner, order.line) == (stranger, new)
    assert not Order.objects.owned_by(line.owner).exists()
