"""Orders for profiles: one profile for each, whatever gets lost, whoever dies, however many ask."""

from datetime import timedelta

import pytest
from django.utils import timezone

from esim.carriers.base import CarrierRefused, OutcomeUnknown, ProfileSpoilt
from esim.identifiers import normalised_iccid
from esim.models import Line, ProfileOrder, SimCard, SimProfile
from esim.profile_orders import obtain, reconcile
from esim.provisioning import ProfileGivenTwice, open_line, save_profile
from tests import make
from tests.esim.es2plus import ask_for, by_type, carrier_for, stock_of

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
FUNCTIONS = ["downloadOrder", "confirmOrder"]


class Killed(BaseException):
    """The process is gone: nothing that would catch an error runs."""


@pytest.fixture
def stocked(smdp, certificates):
    """A carrier that orders by ICCID, with two of the five profiles in our stock."""
    stock_of(smdp.iccids[:2])
    return carrier_for(smdp, certificates)


@pytest.fixture
def unstocked(smdp, certificates):
    return by_type(smdp, certificates)


def buy(subscriber, carrier, now, key="ord_1"):
    return open_line(owner=subscriber, purchase_id=key, nickname="", carrier=carrier, now=now)


def order():
    return ProfileOrder.objects.get()


def taken(smdp):
    return [one.iccid for one in smdp.smdp.taken()]


def test_a_purchase_takes_a_profile_of_the_stock(subscriber, stocked, smdp, now):
    card = SimCard.objects.get(iccid=smdp.iccids[0])
    SimCard.objects.filter(pk=card.pk).update(msisdn="+14155550100")

    line = buy(subscriber, stocked, now)

    profile = line.profiles.get()
    card.refresh_from_db()
    assert (card.state, card.line, line.msisdn) == ("used", line, "+14155550100")
    assert (profile.iccid, profile.profile_type) == (card.iccid, card.profile_type)
    assert smdp.smdp.profiles[card.iccid].matching_id == profile.activation_code.split("$")[2]
    assert (order().state, order().step, order().iccid) == ("ready", "released", card.iccid)


def test_what_is_asked_is_on_record_before_it_is_asked(subscriber, stocked, smdp, now):
    seen, call = [], stocked._smdp.call

    def looking(function, **fields):
        seen.append((order().state, order().iccid, order().matching_id == fields.get("matchingId", "")))
        return call(function, **fields)

    stocked._smdp.call = looking
    buy(subscriber, stocked, now)

    assert seen == [("asked", smdp.iccids[0], False), ("asked", smdp.iccids[0], True)]


def test_a_sold_out_stock_is_a_final_no(subscriber, stocked, smdp, now):
    for number in range(2):
        buy(subscriber, stocked, now, key=f"ord_{number}")

    with pytest.raises(CarrierRefused, match="sold_out"):
        buy(subscriber, stocked, now, key="ord_3")

    assert len(taken(smdp)) == 2


def test_a_card_whose_profile_is_spoilt_leaves_the_stock_and_others_go_back(subscriber, stocked, smdp, now):
    smdp.es2plus.refusing["downloadOrder"] = ("8.2.1", "3.9")
    with pytest.raises(CarrierRefused, match=r"8\.2\.1/3\.9"):
        buy(subscriber, stocked, now)
    smdp.es2plus.refusing["downloadOrder"] = ("1.1", "1.2")
    with pytest.raises(CarrierRefused, match=r"1\.1/1\.2"):
        buy(subscriber, stocked, now, key="ord_2")

    assert [card.state for card in SimCard.objects.order_by("pk")] == ["withdrawn", "available"]


def test_a_refusal_stays_one(subscriber, stocked, smdp, now):
    smdp.es2plus.refusing["downloadOrder"] = ("1.1", "1.2")
    for _time in range(2):
        with pytest.raises(CarrierRefused, match=r"1\.1/1\.2"):
            buy(subscriber, stocked, now)

    assert len(smdp.calls) == 1


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "503_after", "expired"])
def test_from_the_stock_a_lost_answer_is_made_up_for_by_a_sweep(subscriber, stocked, smdp, now, function, fault):
    smdp.fail(function, fault)
    with pytest.raises(OutcomeUnknown):
        buy(subscriber, stocked, now)

    answered = reconcile(carrier=stocked, now=now + MINUTE, limit=10)
    line = buy(subscriber, stocked, now + MINUTE)

    assert answered == 1
    assert taken(smdp) == [line.profiles.get().iccid]


def test_by_type_a_lost_answer_is_left_to_staff_and_asked_once(subscriber, unstocked, smdp, now):
    smdp.fail("downloadOrder", "drop_after")

    for minutes in (0, 1, 10, 600):
        with pytest.raises(OutcomeUnknown):
            buy(subscriber, unstocked, now + minutes * MINUTE)
        reconcile(carrier=unstocked, now=now + minutes * MINUTE, limit=10)

    assert order().state == "in_doubt"
    assert smdp.paths() == ["downloadOrder"]
    assert len(taken(smdp)) == 1


def test_by_type_what_was_certainly_not_asked_is_asked_again(subscriber, unstocked, smdp, now):
    smdp.fail("downloadOrder", "429", "busy")

    for minutes in (0, 1):
        with pytest.raises(OutcomeUnknown):
            buy(subscriber, unstocked, now + minutes * MINUTE)
    line = buy(subscriber, unstocked, now + 10 * MINUTE)

    assert taken(smdp) == [line.profiles.get().iccid]


def test_who_was_turned_away_at_first_does_not_take_somebody_elses_profile(subscriber, stocked, smdp, now):
    stocked.order_profile(ask_for(smdp.iccids[0], matching_id="OF-SOMEBODY-ELSE"))
    smdp.fail("downloadOrder", "busy")
    with pytest.raises(OutcomeUnknown):
        buy(subscriber, stocked, now)
    assert order().state == "created"

    with pytest.raises(ProfileSpoilt):
        buy(subscriber, stocked, now + 10 * MINUTE)

    assert smdp.smdp.profiles[smdp.iccids[0]].matching_id == "OF-SOMEBODY-ELSE"


def test_who_was_turned_away_after_a_lost_answer_goes_on_with_its_own_profile(subscriber, stocked, smdp, now):
    smdp.fail("downloadOrder", "drop_after", "busy")
    for minutes in (0, 10):
        with pytest.raises(OutcomeUnknown):
            buy(subscriber, stocked, now + minutes * MINUTE)
    assert order().state == "asked"

    line = buy(subscriber, stocked, now + 20 * MINUTE)

    assert taken(smdp) == [line.profiles.get().iccid]


def test_who_is_turned_away_at_the_second_call_goes_on_with_the_same_profile(subscriber, stocked, smdp, now):
    smdp.fail("confirmOrder", "busy")
    with pytest.raises(OutcomeUnknown):
        buy(subscriber, stocked, now)
    assert order().state == "asked"

    line = buy(subscriber, stocked, now + 10 * MINUTE)

    assert taken(smdp) == [line.profiles.get().iccid]


def test_by_type_the_profile_is_on_record_before_it_is_confirmed(subscriber, unstocked, smdp, now):
    smdp.fail("confirmOrder", "drop_after")
    with pytest.raises(OutcomeUnknown):
        buy(subscriber, unstocked, now)
    waiting = order()
    line = buy(subscriber, unstocked, now + MINUTE)

    assert (waiting.state, waiting.step, waiting.iccid) == ("asked", "ordered", smdp.iccids[0])
    assert taken(smdp) == [line.profiles.get().iccid] == [smdp.iccids[0]]


def steps_of(carrier, monkeypatch, dies_at):
    """Let the process die at the n-th call to the outside, after it was done; return what counts the calls."""
    done = []
    call = carrier._smdp.call

    def dying(function, **fields):
        answer = call(function, **fields)
        done.append(function)
        if len(done) == dies_at:
            raise Killed
        return answer

    monkeypatch.setattr(carrier._smdp, "call", dying)
    return done


@pytest.mark.parametrize("dies_at", [1, 2])
def test_killed_after_any_call_there_is_one_profile_after_a_sweep(subscriber, stocked, smdp, now, monkeypatch, dies_at):
    with monkeypatch.context() as dying:
        steps_of(stocked, dying, dies_at)
        with pytest.raises(Killed):
            buy(subscriber, stocked, now)

    too_early = reconcile(carrier=stocked, now=now + MINUTE, limit=10)
    answered = reconcile(carrier=stocked, now=now + 7 * MINUTE, limit=10)
    line = buy(subscriber, stocked, now + 8 * MINUTE)

    assert (too_early, answered) == (0, 1)
    assert taken(smdp) == [line.profiles.get().iccid]
    assert SimCard.objects.filter(state="used").count() == 1


@pytest.mark.parametrize(("dies_at", "state"), [(1, "in_doubt"), (2, "ready")])
def test_killed_by_type_there_are_never_two(subscriber, unstocked, smdp, now, monkeypatch, dies_at, state):
    with monkeypatch.context() as dying:
        steps_of(unstocked, dying, dies_at)
        with pytest.raises(Killed):
            buy(subscriber, unstocked, now)

    for minutes in (1, 7, 60, 600):
        reconcile(carrier=unstocked, now=now + minutes * MINUTE, limit=10)

    assert order().state == state
    assert len(taken(smdp)) == 1


def test_killed_between_answer_and_line_nobody_is_asked_again(subscriber, stocked, smdp, now):
    line = make.make_line(owner=subscriber, carrier="es2plus", opened_for="ord_1")
    ordered = obtain(line=line, key="ord_1", carrier=stocked, now=now)
    calls = len(smdp.calls)

    again = buy(subscriber, stocked, now)

    assert (again, again.profiles.get().iccid) == (line, ordered.iccid)
    assert len(smdp.calls) == calls


def test_while_one_asks_nobody_else_does(subscriber, stocked, smdp, now):
    line = make.make_line(owner=subscriber, carrier="es2plus", opened_for="ord_1")
    desk, second = stocked._smdp.call, []

    def asking(function, **fields):
        if not second:
            second.append(function)
            with pytest.raises(OutcomeUnknown, match="being asked"):
                obtain(line=line, key="ord_1", carrier=stocked, now=now)
            assert reconcile(carrier=stocked, now=now + MINUTE, limit=10) == 0
        return desk(function, **fields)

    stocked._smdp.call = asking
    obtain(line=line, key="ord_1", carrier=stocked, now=now)

    assert smdp.paths() == FUNCTIONS


def test_a_late_answer_to_an_order_given_up_for_lost_settles_it(subscriber, unstocked, smdp, now):
    """The lease ran out, a sweep put the order in doubt, and then the first asker wakes with the answer."""
    line = make.make_line(owner=subscriber, carrier="es2plus", opened_for="ord_1")
    call, once = unstocked._smdp.call, []

    def sleeping(function, **fields):
        answer = call(function, **fields)
        if not once:
            once.append(function)
            with pytest.raises(OutcomeUnknown):
                obtain(line=line, key="ord_1", carrier=unstocked, now=now + 7 * MINUTE)
            assert order().state == "in_doubt"
        return answer

    unstocked._smdp.call = sleeping
    ordered = obtain(line=line, key="ord_1", carrier=unstocked, now=now)

    assert taken(smdp) == [ordered.iccid]
    assert order().state == "ready"


def test_the_confirmation_code_goes_to_the_smdp_and_beside_the_activation_code(subscriber, smdp, certificates, now):
    stock_of(smdp.iccids[:1])
    carrier = carrier_for(smdp, certificates, confirmation_code=True)

    profile = buy(subscriber, carrier, now).profiles.get()

    assert profile.activation_code.endswith("$$1")
    assert smdp.smdp.profiles[profile.iccid].confirmation_code == profile.confirmation_code != ""


def test_a_profile_is_kept_beside_the_current_one_until_the_line_moves(subscriber, stocked, smdp, now):
    line = buy(subscriber, stocked, now)
    ordered = obtain(line=line, key="rpl_1", carrier=stocked, now=now)

    new = [save_profile(line=line, ordered=ordered, is_current=False, now=now) for _time in range(2)]

    assert new[0] == new[1]
    assert [one.iccid for one in line.profiles.filter(is_current=True)] == [smdp.iccids[0]]
    assert line.profiles.count() == 2


def test_a_profile_of_another_line_is_not_written_down_twice(subscriber, stocked, now):
    ordered = obtain(line=buy(subscriber, stocked, now), key="ord_1", carrier=stocked, now=now)

    with pytest.raises(ProfileGivenTwice):
        save_profile(line=make.make_line(owner=subscriber), ordered=ordered, is_current=True, now=now)

    assert SimProfile.objects.count() == 1


def test_a_network_of_another_carrier_is_not_asked_about_old_orders(subscriber, stocked, smdp, now):
    smdp.fail("downloadOrder", "drop_before")
    with pytest.raises(OutcomeUnknown):
        buy(subscriber, stocked, now)
    ProfileOrder.objects.update(carrier="another")

    assert reconcile(carrier=stocked, now=now + MINUTE, limit=10) == 0


def test_one_failure_does_not_stop_the_others(subscriber, stocked, smdp, now):
    smdp.fail("downloadOrder", "drop_before", "drop_before")
    for number in range(2):
        with pytest.raises(OutcomeUnknown):
            buy(subscriber, stocked, now, key=f"ord_{number}")
    smdp.fail("downloadOrder", "503")

    assert reconcile(carrier=stocked, now=now + MINUTE, limit=10) == 1


def test_what_staff_find_out_takes_an_order_further(as_staff_of_orders, subscriber, unstocked, smdp, now):
    smdp.fail("downloadOrder", "drop_after")
    with pytest.raises(OutcomeUnknown):
        buy(subscriber, unstocked, now)

    as_staff_of_orders("name-profile", iccid=f"{smdp.iccids[0]}F")
    line = buy(subscriber, unstocked, now + MINUTE)

    assert taken(smdp) == [line.profiles.get().iccid]
    assert Line.objects.get().service_state == "active"


def test_where_nothing_was_allocated_it_is_asked_anew(as_staff_of_orders, subscriber, unstocked, smdp, now):
    smdp.fail("downloadOrder", "503")
    with pytest.raises(OutcomeUnknown):
        buy(subscriber, unstocked, now)

    for _time in range(2):
        as_staff_of_orders("order-anew")
    reconcile(carrier=unstocked, now=timezone.now() + MINUTE, limit=10)

    assert len(taken(smdp)) == 1
    assert order().state == "ready"


def test_staff_cannot_name_what_is_somebodys(as_staff_of_orders, subscriber, unstocked, smdp, now):
    mine = buy(subscriber, unstocked, now, key="ord_0").profiles.get()
    stock_of([smdp.iccids[3]])
    smdp.fail("downloadOrder", "drop_after")
    with pytest.raises(OutcomeUnknown):
        buy(subscriber, unstocked, now)

    for iccid in (mine.iccid, smdp.iccids[3], "89"):
        as_staff_of_orders("name-profile", iccid=iccid)

    assert ProfileOrder.objects.get(key="ord_1").state == "in_doubt"


@pytest.fixture
def as_staff_of_orders(client, staff):
    """Post a dialog of the order that is in doubt, as staff do."""
    from accounts.models import AuditEvent  # noqa: PLC0415 - here alone

    def post(dialog, **fields):
        client.force_login(staff)
        doubtful = ProfileOrder.objects.order_by("-pk").first()
        before = AuditEvent.objects.filter(target=doubtful.public_id).count()
        answer = client.post(f"/admin/esim/profileorder/{doubtful.pk}/{dialog}/", {"_form_submitted": "on", **fields})
        assert answer.status_code in {200, 302}, answer.content[:500]
        changed = ProfileOrder.objects.get(pk=doubtful.pk).state != doubtful.state
        assert AuditEvent.objects.filter(target=doubtful.public_id).count() - before == changed

    return post


def test_stored_and_sent_are_two_spellings_of_one_number(smdp, subscriber, stocked, now):
    buy(subscriber, stocked, now)

    assert order().iccid == normalised_iccid("8988247000000000010F") == "8988247000000000010"
