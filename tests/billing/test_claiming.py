"""A line ordered with another address is claimed: by whoever has that mailbox, and nobody learns anything else."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from accounts import audit, locks
from accounts.locks import AccountLocked
from accounts.models import AuditEvent, Notification
from accounts.notifications import deliver_due
from billing import claiming, moving
from billing.claim_codes import code_of
from billing.claiming import TooManyClaims, WrongCode
from billing.models import LineClaim
from esim import moving_lines
from esim.models import Line, LineMove
from tests import make
from tests.fakes.crowd import slowed, together
from tests.make import PASSWORD
from tests.proved import address_of_form

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def order(line, plan, now):
    """What Ada bought with her other address, and got."""
    Line.objects.filter(pk=line.pk).update(nickname="Ada in Rome")
    return make.make_order(owner=line.owner, line=line, plan=plan, state="fulfilled", paid_at=now)


def ask(order, user, *, now, email="ada@example.com"):
    return claiming.ask(user=user, order_number=order.public_id, email=email, ip=None, now=now)


def redeem(claim, *, now, code=""):
    return claiming.redeem(user=claim.user, code=code or code_of(claim), ip=None, now=now)


def wrong(claim):
    return f"{(int(code_of(claim)) + 1) % 10**6:06}"


@pytest.mark.django_db
@pytest.mark.usefixtures("at_now")
def test_from_the_page_to_the_account_one_uses(client, line, order, stranger, gateway, now):
    client.force_login(stranger)
    asked = client.post(reverse("billing:claim"), {"order_number": f" {order.public_id} ", "email": "Ada@Example.com"})
    deliver_due(now=now)
    (letter,) = mail.outbox
    code = code_of(LineClaim.objects.get())
    page = reverse("billing:claim_code")
    unproven = client.post(page, {"code": code})
    made_too_early = LineMove.objects.exists()
    agreed = client.post(unproven.url, {"password": PASSWORD})
    seen = client.get(agreed.url).content.decode()

    assert (asked.url, letter.to, made_too_early) == (page, ["ada@example.com"], False)
    assert code in letter.body
    kept = Notification.objects.get(kind="claim_code")
    assert code not in f"{kept.body}{kept.context}"
    move = LineMove.objects.get()
    assert (move.state, move.to_owner, move.moves_at) == ("agreed", stranger, now + DAY)
    told = {note.user: note for note in Notification.objects.filter(kind="line_move")}
    assert set(told) == {line.owner, stranger}
    assert "Rome" not in f"{seen}{told[stranger].context}"
    assert "ada@" not in seen
    assert set(AuditEvent.objects.filter(action="line.claimed").values_list("subject", flat=True)) == {
        line.owner.pk,
        stranger.pk,
    }
    deliver_due(now=now)
    owners = next(one for one in mail.outbox[1:] if one.to == ["ada@example.com"])
    assert reverse("esim:move", args=[move.public_id]) in owners.body
    assert moving.move_due(gateways={gateway.name: gateway}, now=now + DAY - MINUTE) == 0
    assert moving.move_due(gateways={gateway.name: gateway}, now=now + DAY) == 1
    new = Line.objects.get(owner=stranger)
    assert (new.msisdn, new.nickname) == (line.msisdn, "")


@pytest.mark.django_db
@pytest.mark.usefixtures("at_now")
def test_a_wrong_code_after_the_proof_is_typed_again_from_there(client, order, stranger, now):
    client.force_login(stranger)
    claim = ask(order, stranger, now=now)
    asked = client.post(reverse("billing:claim_code"), {"code": wrong(claim)})
    refused = client.post(asked.url, {"password": PASSWORD})

    client.post(address_of_form(refused, field="code"), {"code": code_of(claim)})

    assert refused.status_code == 422
    assert LineMove.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("at_now")
@pytest.mark.parametrize(
    "what",
    ["no such order", "another address", "not delivered", "own", "locked", "reset yesterday", "second step", "going"],
)
def test_whatever_is_wrong_has_one_answer_and_no_code(client, line, order, stranger, now, what):
    number, email, owner, user = order.public_id, "ada@example.com", line.owner, stranger
    if what == "no such order":
        number = "ord_00000000000000000000"
    elif what == "another address":
        email = "sam@example.com"
    elif what == "not delivered":
        type(order).objects.update(state="paid")
    elif what == "own":
        user = owner
    elif what == "locked":
        locks.lock(user=owner, ip=None, now=now - DAY)
    elif what == "reset yesterday":
        audit.record(actor=owner, subject=owner, action="account.password_reset", now=now - DAY + MINUTE)
    elif what == "second step":
        owner.authenticator_set.create(type="totp", data={})
    else:
        make.make_move(line=line, to_owner=make.make_user(), expires_at=now - MINUTE)
    client.force_login(user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    asked = client.post(reverse("billing:claim"), {"order_number": number, "email": email})
    claim = LineClaim.objects.get()
    answered = client.post(asked.url, {"code": code_of(claim)})

    assert (asked.status_code, asked.url) == (302, reverse("billing:claim_code"))
    assert answered.status_code == 422
    assert "This code does not fit, or is too old." in answered.content.decode()
    assert claim.order is None
    assert not Notification.objects.filter(kind="claim_code").exists()
    assert not LineMove.objects.filter(by_claim=True).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["locked", "email changed", "another owner", "given back", "a quarter of an hour"])
def test_what_changes_before_the_code_is_typed_counts(line, order, stranger, now, what):
    claim, owner, at = ask(order, stranger, now=now), line.owner, now
    if what == "locked":
        locks.lock(user=owner, ip=None, now=now)
    elif what == "email changed":
        audit.record(actor=owner, subject=owner, action="account.email_changed", now=now)
    elif what == "another owner":
        Line.objects.update(owner=make.make_user())
    elif what == "given back":
        type(order).objects.update(state="refunded")
    else:
        at = now + 15 * MINUTE

    with pytest.raises(WrongCode):
        redeem(claim, now=at)

    assert not LineMove.objects.exists()
    assert LineClaim.objects.get().used_at is None


@pytest.mark.django_db
def test_five_wrong_codes_make_the_right_one_useless(order, stranger, now):
    claim = ask(order, stranger, now=now)
    for _try in range(5):
        with pytest.raises(WrongCode):
            redeem(claim, code=wrong(claim), now=now)

    with pytest.raises(WrongCode):
        redeem(claim, now=now)
    assert claiming.open_claim(stranger, now=now) is None


@pytest.mark.django_db
def test_five_claims_a_day_for_a_person_and_for_an_order(order, stranger, now):
    for _person in range(5):
        ask(order, make.make_user(), email="guess@example.com", now=now)
    with pytest.raises(TooManyClaims):
        ask(order, stranger, now=now)
    ask(order, stranger, now=now + DAY + MINUTE)
    for number in range(4):
        claiming.ask(user=stranger, order_number=f"ord_{number}", email="a@b.example", ip=None, now=now + DAY + MINUTE)

    with pytest.raises(TooManyClaims):
        claiming.ask(user=stranger, order_number="ord_x", email="a@b.example", ip=None, now=now + DAY + 2 * MINUTE)


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["owner", "claimer"])
def test_either_can_undo_a_claimed_move_and_the_code_is_spent(line, order, stranger, gateway, now, who):
    claim = ask(order, stranger, now=now)
    move = redeem(claim, now=now)
    moving_lines.undo(move=move, by=line.owner if who == "owner" else stranger, ip=None, now=now)

    assert LineMove.objects.get().state == "undone"
    assert moving.move_due(gateways={gateway.name: gateway}, now=now + DAY) == 0
    with pytest.raises(WrongCode):
        redeem(claim, now=now)


@pytest.mark.django_db
def test_a_locked_account_claims_nothing(order, stranger, now):
    claim = ask(order, stranger, now=now)
    locks.lock(user=stranger, ip=None, now=now)

    with pytest.raises(AccountLocked):
        redeem(claim, now=now)
    with pytest.raises(AccountLocked):
        ask(order, stranger, now=now)


@pytest.mark.django_db
def test_no_letter_brings_a_code_that_is_of_no_use(order, stranger, now):
    ask(order, stranger, now=now)
    ask(order, stranger, now=now + MINUTE)

    deliver_due(now=now + 2 * MINUTE)
    ask(order, stranger, now=now + 3 * MINUTE)
    deliver_due(now=now + 20 * MINUTE)

    assert list(Notification.objects.order_by("pk").values_list("state", flat=True)) == ["failed", "sent", "left_out"]
    assert len(mail.outbox) == 1


CROWD = 12


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_the_right_code_many_times_at_once_is_one_move(order, stranger, now):
    claim = ask(order, stranger, now=now)

    with slowed("billing_lineclaim", "UPDATE", seconds=0.01):
        answers = together(CROWD, lambda _number: redeem(claim, now=now))

    assert sum(isinstance(one, LineMove) for one in answers) == 1
    assert sum(isinstance(one, WrongCode) for one in answers) == CROWD - 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_protected", [True, False], ids=["protected", "control"])
def test_of_many_claims_at_once_five_are_made(order, now, monkeypatch, is_protected):
    if not is_protected:
        monkeypatch.setattr(claiming, "take_turns", lambda *_names: None)
    people = [make.make_user() for _ in range(CROWD)]

    with slowed("billing_lineclaim", "INSERT", seconds=0.05):
        together(CROWD, lambda number: ask(order, people[number], now=now))

    assert (LineClaim.objects.count() == 5) is is_protected
