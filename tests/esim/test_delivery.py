"""A card for an approved application: set aside, handed over or sent, and activated by nobody but the applicant."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Notification, User
from accounts.notifications import deliver_due
from esim import applications, delivery
from esim.binding import Claim, WrongCard, bind
from esim.delivery import CannotDeliver
from esim.models import SimApplication, SimCard
from esim.postal import tracking_href
from tests import make

pytestmark = pytest.mark.django_db

PIN, HAND_OVER = "471182", "/admin/esim/simapplication/hand-over/"


@pytest.fixture
def card():
    return make.make_card(pin=PIN, form="physical", msisdn="+14155559001")


@pytest.fixture
def application(subscriber):
    return approved(subscriber)


def approved(owner, **fields):
    if fields.get("delivery", "pickup") == "pickup":
        fields["outlet"] = make.make_outlet()
    return make.make_application(owner=owner, **{"state": "approved", "delivery": "pickup", **fields})


def prepare(application, staff, now, **wishes):
    return delivery.prepare(application=application, staff=staff, ip=None, now=now, **wishes)


def find(code, staff, now):
    return delivery.find_by_code(code=code, staff=staff, ip=None, now=now)


def claim(user, card):
    return Claim(user=user, iccid=card.iccid, pin=PIN, ip=None)


def test_a_card_of_the_stock_is_set_aside_and_its_owner_is_told_without_the_code(application, card, staff, now):
    ready = prepare(application, staff, now)

    card.refresh_from_db()
    assert (ready.state, ready.card, ready.ready_at) == ("ready", card, now)
    assert (card.state, card.reserved_for) == (SimCard.State.RESERVED, application.public_id)
    told = Notification.objects.get(kind="application_ready")
    assert told.user == application.owner
    assert ready.pickup_code not in str(told.context)
    assert len(ready.pickup_code.replace("-", "")) * 5 >= 40
    assert ready.pickup_code not in ready.pickup_code_ciphertext + ready.pickup_code_hash


def test_a_letter_carries_who_brings_it_and_its_number(subscriber, card, staff, now):
    application = approved(subscriber, delivery="post")
    with pytest.raises(CannotDeliver):
        prepare(application, staff, now)

    ready = prepare(application, staff, now, post_carrier="DHL", tracking_number="JD 0001/2")

    assert (ready.state, ready.pickup_code) == ("ready", "")
    assert tracking_href(carrier="dhl", number=ready.tracking_number).endswith("AWB=JD%200001%2F2")
    assert tracking_href(carrier="By bicycle", number="1") == ""


def test_a_card_is_set_aside_once(application, stranger, card, staff, now):
    prepare(application, staff, now)

    with pytest.raises(CannotDeliver) as refused:
        prepare(approved(stranger), staff, now, iccid=card.iccid)
    assert refused.value.sentence == delivery.NOT_THIS_CARD
    assert SimApplication.objects.get(owner=stranger).state == "approved"


def test_another_card_lets_the_first_one_go_back(application, card, staff, now):
    other = make.make_card(pin=PIN, form="physical")
    prepare(application, staff, now, iccid=card.iccid)

    again = prepare(application, staff, now, iccid=other.iccid)

    card.refresh_from_db()
    assert (again.card, card.state, card.reserved_for) == (other, SimCard.State.AVAILABLE, "")
    assert Notification.objects.filter(kind="application_ready").count() == 1


def test_a_card_that_was_posted_is_withdrawn_when_another_one_is_sent(subscriber, stranger, card, staff, now):
    other = make.make_card(pin=PIN, form="physical")
    application = approved(subscriber, delivery="post")
    prepare(application, staff, now, iccid=card.iccid, post_carrier="DHL", tracking_number="1")

    prepare(application, staff, now, iccid=other.iccid, post_carrier="DHL", tracking_number="2")

    card.refresh_from_db()
    assert (card.state, card.reserved_for) == (SimCard.State.WITHDRAWN, "")
    assert not delivery.in_stock().exists()
    for finder in (stranger, subscriber):
        with pytest.raises(WrongCard):
            bind(claim(finder, card), now=now)


@pytest.mark.parametrize("state", ["draft", "submitted", "refused", "cancelled", "activated"])
def test_only_what_is_approved_gets_a_card(subscriber, card, staff, now, state):
    with pytest.raises(CannotDeliver):
        prepare(approved(subscriber, state=state), staff, now)


def test_nobody_gives_out_their_own_card(staff, card, now):
    with pytest.raises(CannotDeliver):
        prepare(approved(staff), staff, now)


def test_a_card_without_a_pin_is_never_given_out(application, staff, now):
    make.make_card(form="physical")

    with pytest.raises(CannotDeliver) as refused:
        prepare(application, staff, now)
    assert refused.value.sentence == delivery.NO_CARD


def test_a_code_is_found_however_it_is_typed(application, card, staff, now):
    code = prepare(application, staff, now).pickup_code

    typed = code.lower().replace("-", " ").replace("0", "O").replace("1", "l")

    assert find(typed, staff, now) == application


def test_wrong_codes_are_counted_and_on_record(application, card, staff, now):
    code = prepare(application, staff, now).pickup_code
    for _try in range(delivery.MOST_WRONG):
        with pytest.raises(CannotDeliver):
            find("ZZZZZ-ZZZZZ", staff, now)

    with pytest.raises(CannotDeliver) as refused:
        find(code, staff, now)
    assert refused.value.sentence == delivery.TOO_MANY_WRONG
    assert AuditEvent.objects.filter(action=delivery.WRONG_CODE, actor=staff).count() == delivery.MOST_WRONG
    assert find(code, staff, now + delivery.WRONG_WINDOW)


def test_a_card_is_handed_over_once_and_its_owner_told_everywhere(application, card, staff, now):
    code = prepare(application, staff, now).pickup_code

    done = [delivery.hand_over(application=application, staff=staff, ip=None, now=now) for _time in range(2)]

    application.refresh_from_db()
    assert (done, application.picked_up_at, application.pickup_code) == ([True, False], now, "")
    assert Notification.objects.filter(kind="application_picked_up", user=application.owner).count() == 1
    with pytest.raises(CannotDeliver):
        find(code, staff, now)


def test_the_counter_shows_whose_card_it_is_and_writes_it_down(client, application, card, staff, now):
    code = prepare(application, staff, now).pickup_code
    client.force_login(staff)

    wrong = client.post(HAND_OVER, {"code": "nothing"})
    shown = client.post(HAND_OVER, {"code": code})
    done = client.post(HAND_OVER, {"code": code, "handed_over": "1"})

    assert (wrong.status_code, shown.status_code, done.status_code) == (422, 200, 302)
    assert card.iccid in shown.content.decode()
    application.refresh_from_db()
    assert application.picked_up_at is not None


def test_only_the_applicant_can_bind_the_card_that_was_set_aside(application, stranger, card, staff, now):
    prepare(application, staff, now)
    with pytest.raises(WrongCard):
        bind(claim(stranger, card), now=now)

    line = bind(claim(application.owner, card), now=now)

    application.refresh_from_db()
    assert (application.state, application.line, line.form) == ("activated", line, "physical")
    assert Notification.objects.filter(kind="sim_activated", user=application.owner).exists()
    assert AuditEvent.objects.filter(action="application.activated", target=application.public_id).exists()


def test_every_step_is_a_letter_in_every_language(application, card, staff, now, mailoutbox):
    code = prepare(application, staff, now).pickup_code
    delivery.hand_over(application=SimApplication.objects.get(), staff=staff, ip=None, now=now)
    bind(claim(application.owner, card), now=now)
    kinds = {"application_ready", "application_picked_up", "sim_activated"}

    for language in ("en", "zh-hans", "zh-hant"):
        Notification.objects.update(state="queued", due_at=now)
        User.objects.update(language=language)
        deliver_due(now=now)

    told = Notification.objects.filter(kind__in=kinds)
    assert set(told.values_list("kind", "state")) == {(kind, "sent") for kind in kinds}
    assert not any(code in letter.body for letter in mailoutbox)


def test_a_card_of_an_application_that_ended_goes_back_into_the_stock(application, card, staff, now):
    prepare(application, staff, now)
    SimApplication.objects.update(state="cancelled")

    released = delivery.release_forsaken()

    card.refresh_from_db()
    assert (released, card.state) == (1, SimCard.State.AVAILABLE)


def test_who_does_not_come_for_the_card_can_end_the_application(as_subscriber, application, stranger, card, staff, now):
    code = prepare(application, staff, now).pickup_code
    withdraw = reverse("esim:application_withdraw", args=[application.public_id])
    assert withdraw in as_subscriber.get(reverse("esim:application", args=[application.public_id])).text

    as_subscriber.post(withdraw)

    application.refresh_from_db()
    assert (application.state, application.full_name, application.pickup_code) == ("cancelled", "", "")
    assert application.pickup_code_hash == ""
    with pytest.raises(CannotDeliver):
        find(code, staff, now)
    assert prepare(approved(stranger), staff, now).card == card, "it is somebody else's turn"


@pytest.mark.parametrize("is_posted", [True, False], ids=["posted", "picked up"])
def test_a_card_that_left_the_house_is_not_withdrawn(subscriber, card, staff, now, is_posted):
    ready = prepare(approved(subscriber, delivery="post" if is_posted else "pickup"), staff, now, post_carrier="DHL")
    if not is_posted:
        delivery.hand_over(application=ready, staff=staff, ip=None, now=now)
        ready.refresh_from_db()

    assert not applications.may_withdraw(ready)
    assert not applications.withdraw(ready, ip=None, now=now)
    card.refresh_from_db()
    assert card.state == SimCard.State.RESERVED


def test_the_pick_up_code_is_shown_after_a_fresh_proof_and_leaves_a_trace(as_subscriber, application, card, staff, now):
    code = prepare(application, staff, now).pickup_code
    page = reverse("esim:pickup_code", args=[application.public_id])
    asked = as_subscriber.get(page)
    as_subscriber.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})

    answer = as_subscriber.get(page)

    assert asked.status_code == 302

    assert code in answer.content.decode()
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert AuditEvent.objects.filter(action="application.pickup_code_viewed", actor=application.owner).exists()
